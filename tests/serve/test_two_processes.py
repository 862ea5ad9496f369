"""Auth and chat as two processes: chat fetches the public keys and asks for users over HTTP, and survives auth."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.rig.contract_check import hooks
from tests.rig.people import Person, bearer
from tests.rig.raw_socket import RawSocket, text
from tests.rig.server import RunningServer, running_server

pytestmark = pytest.mark.slow

MOST_SECONDS = 5.0
"""Until chat knows that a login has ended."""


@dataclass
class Apart:
    """The two, each with its own data."""

    auth: RunningServer
    chat: RunningServer
    clients: list[httpx.Client] = field(default_factory=list)

    def arrive(self, name: str) -> Person:
        """Return somebody who has logged in at auth and talks to chat."""
        person = Person.arrive(self.auth, name)
        person.http.close()
        person.http = httpx.Client(base_url=self.chat.url, event_hooks=hooks(), trust_env=False, timeout=10)
        self.clients.append(person.http)
        return person

    def socket(self, person: Person, room: int) -> RawSocket:
        """Open a socket at chat."""
        return RawSocket.open(self.chat.port, f"/ws/chat/{room}/", person.headers, timeout=MOST_SECONDS)

    def log_out(self, person: Person) -> None:
        """End a login at auth."""
        body = {"refresh": person.refresh_token}
        answer = httpx.post(f"{self.auth.url}/api/logout/", json=body, headers=person.headers, trust_env=False)
        assert answer.status_code == 200


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    for name in ("auth", "chat"):
        (tmp_path / name).mkdir()
    with running_server(tmp_path / "auth", service="auth") as auth:
        asks = {"DUOLOGUE_AUTH_URL": auth.url, "DUOLOGUE_AUTH_TIMEOUT": "1", "DUOLOGUE_KEY_INTERVAL": "0.2"}
        with running_server(tmp_path / "chat", asks, service="chat") as chat:
            apart = Apart(auth, chat)
            yield apart
            for client in apart.clients:
                client.close()


def open_room(person: Person, one: str, other: str) -> httpx.Response:
    return person.http.post(
        "/api/chat/rooms/", json={"participant_a": one, "participant_b": other}, headers=person.headers
    )


def test_chat_works_on_its_own_as_far_as_it_can_while_auth_is_away(apart: Apart) -> None:
    alice, bob, eve = (apart.arrive(name) for name in ("alice", "bob", "eve"))
    room = alice.room_with(bob)
    unknown = open_room(alice, alice.username, "nobody.at.all")
    assert (unknown.status_code, list(unknown.json()["errors"])) == (400, ["participant_b"])

    with apart.socket(bob, room) as socket:
        apart.auth.kill()
        away = open_room(alice, alice.username, eve.username)
        assert (away.status_code, away.json()["code"], "retry-after" in away.headers) == (503, "auth_unavailable", True)
        # everything that needs no new acquaintance goes on
        assert open_room(bob, bob.username, alice.username).status_code == 200
        assert alice.post(room, "still here").status_code == 201
        assert socket.message() == "still here"
        assert len(bob.history(room)) == 1
        with apart.socket(alice, room) as another:
            assert bob.post(room, "and here").status_code == 201
            assert another.message() == socket.message() == "and here"
        # eve has never come: her token is checked with the keys in hand
        assert eve.http.get(f"/api/chat/rooms/{room}/", headers=eve.headers).status_code == 404
        assert alice.http.get("/readyz").status_code == 200

        apart.auth.start()
        assert open_room(alice, alice.username, eve.username).status_code == 201
        assert alice.post(room, "back").status_code == 201
        assert socket.message() == "back"


def test_chat_that_starts_before_auth_says_so_and_then_works(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    apart.auth.kill()
    apart.chat.kill()
    apart.chat.start()
    for _ in range(3):
        refused = alice.http.get("/api/chat/rooms/1/", headers=alice.headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "auth_unavailable")
    apart.auth.start()
    assert alice.room_with(bob) == 1


def test_a_socket_whose_token_nobody_knows_the_key_of_is_told_to_come_later(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    room = alice.room_with(bob)
    apart.auth.kill()
    apart.chat.kill()
    apart.chat.start()
    ways: list[tuple[dict[str, str], bytes]] = [
        (alice.headers, b""),
        ({}, text({"token": alice.token, "message": "Hi"})),
        ({}, text({"type": "hello", "token": alice.token})),
    ]
    for headers, first in ways:
        with RawSocket.open(apart.chat.port, f"/ws/chat/{room}/", headers, timeout=MOST_SECONDS) as socket:
            socket.send(first)
            assert socket.error() == "auth_unavailable"
            assert socket.close_code() == 1013
    apart.auth.start()
    # it was no verdict on the token
    assert alice.history(room) == []
    with apart.socket(alice, room) as socket:
        assert bob.post(room, "Hi").status_code == 201
        assert socket.message() == "Hi"


def code(person: Person, room: int, token: str | None = None) -> str:
    """Return `ok`, or the code of chat's refusal of a token."""
    headers = person.headers if token is None else bearer(token)
    answer = person.http.get(f"/api/chat/rooms/{room}/", headers=headers)
    return "ok" if answer.is_success else str(answer.json()["code"])


def becomes(person: Person, room: int, expected: str) -> bool:
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        if code(person, room) == expected:
            return True
        time.sleep(0.05)
    return False


def test_a_login_that_ended_is_out_of_chat_and_no_other(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    room = alice.room_with(bob)
    other = alice.token
    account = {"username": alice.username, "password": alice.password}
    tokens = httpx.post(f"{apart.auth.url}/api/login/", json=account, trust_env=False).json()
    alice.token, alice.refresh_token = tokens["access"], tokens["refresh"]
    with apart.socket(alice, room) as ending, apart.socket(bob, room) as staying:
        assert code(alice, room) == "ok"
        apart.log_out(alice)
        began = time.monotonic()
        assert ending.error() == "session_ended"
        assert ending.close_code() == 4401
        assert time.monotonic() - began < MOST_SECONDS
        assert code(alice, room) == "session_ended"
        with apart.socket(alice, room) as late:
            assert late.error() == "session_ended"
            assert late.close_code() == 4401
        assert code(alice, room, other) == "ok"
        assert bob.post(room, "still here").status_code == 201
        assert staying.message() == "still here"


def test_what_ended_shortly_before_auth_went_is_known_when_it_is_back(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    room = alice.room_with(bob)
    with apart.socket(alice, room) as socket:
        apart.log_out(alice)
        apart.auth.kill()
        # heard or not, chat works on for everybody else
        assert code(bob, room) == "ok"
        apart.auth.start()
        assert socket.error() == "session_ended"
        assert socket.close_code() == 4401
    assert code(alice, room) == "session_ended"


def test_chat_says_once_that_it_does_not_know_who_left(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    room = alice.room_with(bob)
    apart.auth.kill()
    deadline = time.monotonic() + 10
    while "ended_sessions_unknown" not in apart.chat.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    # documented: with auth away a token is taken until it expires
    assert code(alice, room) == "ok"
    time.sleep(2.5)
    apart.auth.start()
    deadline = time.monotonic() + 10
    while "ended_sessions_known_again" not in apart.chat.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    events = ("ended_sessions_unknown", "ended_sessions_known_again")
    assert [apart.chat.log().count(event) for event in events] == [1, 1]


def test_chat_that_starts_anew_knows_what_ended_before(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    room = alice.room_with(bob)
    apart.log_out(alice)
    apart.chat.stop()
    apart.chat.start()
    # nobody comes in before it knows: the first request finds it so
    assert code(alice, room) == "session_ended"
    assert code(bob, room) == "ok"


def test_an_older_database_of_auth_does_not_hide_what_ends_afterwards(apart: Apart, tmp_path: Path) -> None:
    """Restored from a backup, its list has fewer entries than chat has read."""
    alice, bob, eve = (apart.arrive(name) for name in ("alice", "bob", "eve"))
    room = alice.room_with(bob)
    apart.auth.stop()
    backup = shutil.copytree(apart.auth.data, tmp_path / "backup")
    apart.auth.start()
    apart.log_out(eve)
    apart.log_out(alice)
    assert becomes(alice, room, "session_ended")
    apart.auth.stop()
    shutil.rmtree(apart.auth.data)
    shutil.copytree(backup, apart.auth.data)
    apart.auth.start()
    assert code(bob, room) == "ok"
    apart.log_out(bob)
    assert becomes(bob, room, "session_ended")
    assert code(alice, room) == "session_ended"


def test_chat_holds_no_private_key_and_nothing_of_auths(apart: Apart) -> None:
    alice, bob = apart.arrive("alice"), apart.arrive("bob")
    alice.post(alice.room_with(bob), "hello")
    files = [path for path in apart.chat.data.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == {"chat"}
    database = {"chat.sqlite3", "chat.sqlite3-wal", "chat.sqlite3-shm"}
    assert {path.name for path in files} <= database | {"chat.lock", "serve.lock"}
    secrets = [path.read_bytes() for path in (apart.auth.data / "auth" / "keys").iterdir() if path.is_file()]
    assert secrets
    for path in files:
        content = path.read_bytes()
        assert b"PRIVATE KEY" not in content
        assert not any(secret.split(b"\n")[1] in content for secret in secrets)
    assert not (apart.auth.data / "chat").exists()
