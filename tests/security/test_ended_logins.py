"""Who is put out of auth is out of chat too: every way to end a login against REST, new sockets and open ones."""

import json
import re
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest

from tests.rig.people import PASSWORD, Person, bearer, unverified
from tests.rig.raw_socket import PING, PONG, RawSocket, frame, text
from tests.rig.server import RunningServer
from tests.security.administrator import Administrator

MOST_SECONDS = 1.0
NEW_PASSWORD = "Another-Horse-8-Battery"


def log_out(person: Person, _: Administrator) -> None:
    person.log_out()


def log_out_at_allauth(person: Person, _: Administrator) -> None:
    httpx.delete(f"{person.server.url}/_allauth/app/v1/auth/session", headers=person.headers, trust_env=False)


def change_password(person: Person, _: Administrator) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    path = "/_allauth/app/v1/account/password/change"
    httpx.post(f"{person.server.url}{path}", json=body, headers=person.headers, trust_env=False, timeout=10)


def password_set_by_admin(person: Person, administrator: Administrator) -> None:
    administrator.set_password(person)


def deactivated_by_admin(person: Person, administrator: Administrator) -> None:
    administrator.deactivate(person)


def deleted_by_admin(person: Person, administrator: Administrator) -> None:
    administrator.delete(person)


def deleted_in_a_list_by_admin(person: Person, administrator: Administrator) -> None:
    administrator.delete_selected(person)


def ended_by_admin(person: Person, administrator: Administrator) -> None:
    administrator.end(person)


ONE_LOGIN = (log_out, log_out_at_allauth, ended_by_admin)
EVERY_LOGIN = (
    change_password,
    password_set_by_admin,
    deactivated_by_admin,
    deleted_by_admin,
    deleted_in_a_list_by_admin,
)

Way = Callable[[Person, Administrator], None]


def works(person: Person, room: int, token: str) -> None:
    """Check that chat takes a token, over REST and on a new socket."""
    answer = person.http.get(f"/api/chat/rooms/{room}/", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    with RawSocket.open(person.server.port, f"/ws/chat/{room}/", bearer(token)) as raw:
        raw.send(text({"message": "here"}))
        assert raw.message() == "here"


def is_refused(person: Person, room: int, token: str) -> None:
    """Check that chat refuses a token everywhere, and does nothing."""
    for method, path in (
        ("GET", "/api/chat/rooms/"),
        ("GET", f"/api/chat/rooms/{room}/"),
        ("GET", f"/api/chat/rooms/{room}/messages/"),
        ("POST", f"/api/chat/rooms/{room}/messages/"),
    ):
        body = {"content": "too late"} if method == "POST" else None
        answer = person.http.request(method, path, json=body, headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
        assert answer.headers["www-authenticate"] == "Bearer"
    for headers, first in ((bearer(token), {}), ({}, {"token": token, "message": "too late"})):
        with RawSocket.open(person.server.port, f"/ws/chat/{room}/", headers) as raw:
            if first:
                raw.send(text(first))
            assert raw.error() == "session_ended"
            assert raw.close_code() == 4401


def is_closed(raw: RawSocket) -> None:
    while (got := raw.json())["type"] != "error":
        pass
    assert got["code"] == "session_ended"
    assert raw.close_code() == 4401


def hears(raw: RawSocket, content: str) -> None:
    while raw.message() != content:
        pass


@pytest.mark.parametrize("way", ONE_LOGIN + EVERY_LOGIN, ids=lambda way: way.__name__)
def test_the_tokens_and_sockets_of_an_ended_login_end_and_nobody_elses(
    server: RunningServer, administrator: Administrator, way: Way
) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    other = alice.token
    alice.log_in()
    ending = alice.token
    with ExitStack() as stack:

        def open_with(token: str) -> RawSocket:
            return stack.enter_context(RawSocket.open(server.port, f"/ws/chat/{room}/", bearer(token)))

        ending_sockets = [open_with(ending), open_with(ending)]
        others, bobs = open_with(other), open_with(bob.token)
        works(alice, room, ending)
        works(alice, room, other)

        way(alice, administrator)
        began = time.monotonic()
        for raw in ending_sockets:
            is_closed(raw)
        assert time.monotonic() - began < MOST_SECONDS
        is_refused(alice, room, ending)

        if way in ONE_LOGIN:
            works(alice, room, other)
            others.send(text({"message": "the other login"}))
            hears(others, "the other login")
        else:
            is_refused(alice, room, other)
            is_closed(others)
        assert bob.post(room, "nobody else").status_code == 201
        hears(bobs, "nobody else")
    assert "too late" not in {said["content"] for said in bob.history(room)}


def test_a_new_login_is_a_new_beginning(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    ended = alice.token
    with alice.socket(room) as raw:
        alice.log_out()
        assert raw.error() == "session_ended"
        assert raw.close_code() == 4401
    alice.log_in()
    works(alice, room, alice.token)
    is_refused(alice, room, ended)


def test_a_token_that_was_fetched_before_the_end_does_not_help(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    in_reserve = alice.http.post("/api/token/refresh/", json={"refresh": alice.refresh_token}).json()["access"]
    with RawSocket.open(server.port, f"/ws/chat/{room}/", bearer(in_reserve)) as raw:
        alice.log_out()
        is_closed(raw)
    is_refused(alice, room, in_reserve)


def test_a_socket_that_changed_to_another_login_stays_with_that(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    first = alice.token
    with RawSocket.open(server.port, f"/ws/chat/{room}/", bearer(first)) as moved:
        second = Person(server, alice.username)
        second.log_in()
        moved.send(text({"token": second.token, "message": "moved"}))
        assert moved.message() == "moved"
        with RawSocket.open(server.port, f"/ws/chat/{room}/", bearer(first)) as left_behind:
            alice.log_out()
            assert left_behind.error() == "session_ended"
        moved.send(text({"message": "still here"}))
        assert moved.message() == "still here"
        second.log_out()
        assert moved.error() == "session_ended"
        assert moved.close_code() == 4401


def greet(server: RunningServer, path: str, token: str) -> RawSocket:
    """Open a socket that speaks v1."""
    raw = RawSocket.open(server.port, path, {"Sec-WebSocket-Protocol": "duologue.v1"})
    raw.send(text({"type": "hello", "token": token}))
    while json.loads(raw.receive().payload)["type"] != "ready":
        pass
    return raw


@pytest.mark.parametrize("path", ["/ws/chat/", "/ws/chat/{room}/"])
def test_sockets_that_were_greeted_end_too(server: RunningServer, path: str) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    path = path.format(room=alice.room_with(bob))
    with greet(server, path, alice.token) as ending, greet(server, path, bob.token) as staying:
        alice.log_out()
        while (got := json.loads(ending.receive().payload))["type"] != "error":
            pass
        assert got["code"] == "session_ended"
        assert ending.close_code() == 4401
        with RawSocket.open(server.port, path, {"Sec-WebSocket-Protocol": "duologue.v1"}) as late:
            late.send(text({"type": "hello", "token": alice.token}))
            assert json.loads(late.receive().payload)["code"] == "session_ended"
            assert late.close_code() == 4401
        staying.send(frame(PING, b"still here"))
        while (answer := staying.receive()).opcode != PONG:
            pass
        assert answer.payload == b"still here"


def test_anybody_may_read_the_list_and_learns_no_session(server: RunningServer) -> None:
    alice = Person.arrive(server, "alice")
    sid = unverified(alice.token)[1]["sid"]
    alice.log_out()
    listed = alice.http.get("/.well-known/ended-sessions.json")
    assert listed.json()["ended"]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", digest) for digest in listed.json()["ended"])
    for secret in (sid, alice.username, alice.token, alice.refresh_token):
        assert secret not in listed.text
