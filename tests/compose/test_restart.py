"""Crashes and restarts of one container: what was acknowledged is there, what need not suffer does not."""

import http.client

import pytest

from tests.compose.rig.stack import Stack
from tests.compose.rig.waiting import until
from tests.rig.people import Person


@pytest.fixture
def alice(stack: Stack) -> Person:
    return Person.arrive(stack.people_reach(), "alice")


@pytest.fixture
def room(stack: Stack, alice: Person) -> int:
    return alice.room_with(Person.arrive(stack.people_reach(), "bob"))


def test_a_killed_chat_keeps_every_acknowledged_message(stack: Stack, alice: Person, room: int) -> None:
    said = [f"before {number}" for number in range(20)]
    for content in said:
        assert alice.post(room, content).status_code == http.client.CREATED
    stack.kill("chat")
    stack.start("chat")
    assert [message["content"] for message in alice.history(room)] == said
    assert alice.post(room, "after").json()["id"] > alice.history(room)[-2]["id"]


def test_a_killed_auth_keeps_its_accounts_and_keys(stack: Stack, alice: Person, room: int) -> None:
    keys = stack.ask("GET", "/.well-known/jwks.json").json()
    stack.kill("auth")
    stack.start_auth_beside_chat()
    assert stack.ask("GET", "/.well-known/jwks.json").json() == keys
    alice.log_in()
    assert alice.post(room, "still me").status_code == http.client.CREATED


def test_chat_goes_on_while_auth_is_away(stack: Stack, alice: Person, room: int) -> None:
    stack.kill("auth")
    stack.engine.run("stop", stack.engine.container("auth"), check=False)
    try:
        assert alice.post(room, "auth is away").status_code == http.client.CREATED
        pair = {"participant_a": alice.username, "participant_b": "somebody.new"}
        refused = alice.http.post("/api/chat/rooms/", json=pair, headers=alice.headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "auth_unavailable")
        assert stack.ask("GET", "/readyz").status == http.client.SERVICE_UNAVAILABLE
    finally:
        stack.start_auth_beside_chat()


def test_a_request_waits_for_a_service_that_restarts(stack: Stack, alice: Person, room: int) -> None:
    chat = stack.engine.container("chat")
    stack.engine.run("restart", "--time", "20", chat, timeout=60)
    token = f"Bearer {alice.token}"
    path, body = f"/api/chat/rooms/{room}/messages/", b'{"content":"just in time"}'
    answer = stack.ask("POST", path, body, {"Content-Type": "application/json", "Authorization": token})
    if answer.status == http.client.SERVICE_UNAVAILABLE:  # Caddy 2.6 holds only requests without a body
        assert answer.json()["code"] == "not_ready"
        assert stack.ask("GET", path, headers={"Authorization": token}).status == http.client.OK
        answer = stack.ask("POST", path, body, {"Content-Type": "application/json", "Authorization": token})
    assert answer.status == http.client.CREATED, answer.body
    assert len(alice.history(room)) == 1
    until(lambda: stack.engine.healthy(chat), "chat is healthy", seconds=60)


def test_a_stop_is_clean(stack: Stack) -> None:
    for service in ("chat", "auth"):
        stack.engine.run("stop", "--time", "20", stack.engine.container(service), timeout=60)
        state = stack.engine.inspect(stack.engine.container(service))["State"]
        assert state["ExitCode"] == 0
    for service in ("auth", "chat"):
        stack.start(service)


def test_a_backup_of_a_running_service_is_whole(stack: Stack, alice: Person, room: int) -> None:
    alice.post(room, "kept twice")
    stack.inside("chat", "python", "-m", "apsw", "chat/chat.sqlite3", ".backup chat/copy.sqlite3")
    copied = stack.inside("chat", "python", "-m", "apsw", "chat/copy.sqlite3", "SELECT content FROM messages")
    assert "kept twice" in copied.splitlines()
