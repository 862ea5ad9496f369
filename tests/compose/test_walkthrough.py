"""The walkthrough through Caddy: by name on port 80, by path on port 8000, with the clients that it names."""

import json
from collections.abc import Iterator

import pytest

from tests.compose.rig.clients import newman, wscat
from tests.compose.rig.stack import Stack
from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket

BY_NAME, BY_PATH = "duologue-compose.postman_environment.json", "duologue.postman_environment.json"


@pytest.fixture
def pair(stack: Stack) -> tuple[Person, Person, int]:
    """Two people and their room."""
    alice, bob = (Person.arrive(stack.people_reach(), name) for name in ("alice", "bob"))
    return alice, bob, alice.room_with(bob)


@pytest.fixture
def listening(pair: tuple[Person, Person, int]) -> Iterator[RawSocket]:
    """Bob's socket in the room, through the proxy."""
    _, bob, room = pair
    with bob.socket(room) as socket:
        yield socket


@pytest.mark.parametrize("_time", ["empty", "used"])
@pytest.mark.parametrize("environment", [BY_NAME, BY_PATH])
def test_the_collection_runs_green(stack: Stack, environment: str, _time: str) -> None:
    services = ("auth", "chat") if environment == BY_NAME else (None, None)
    addresses = [f"http://{stack.authority(service)}" for service in services]
    done = newman(environment, auth_url=addresses[0], chat_url=addresses[1])
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("service", ["chat", None])
@pytest.mark.parametrize("token_in", ["header", "frame"])
def test_wscat_says_hello(
    stack: Stack, pair: tuple[Person, Person, int], listening: RawSocket, service: str | None, token_in: str
) -> None:
    alice, _, room = pair
    frame = {"message": "Hello!", "username": alice.username, "sender_id": alice.username}
    words = ["--header", f"Authorization: Bearer {alice.token}"]
    if token_in == "frame":
        frame, words = frame | {"token": alice.token}, []
    address = f"ws://{stack.authority(service)}/ws/chat/{room}/"
    said = wscat(address, *words, "--execute", json.dumps(frame), "--wait", "1")
    for heard in (listening.json(), json.loads(said.strip().lstrip("< "))):
        assert (heard["message"], heard["sender_id"], heard["room"]) == ("Hello!", alice.username, room)


def test_wscat_without_a_token_is_told_how_to_add_one(stack: Stack, pair: tuple[Person, Person, int]) -> None:
    address = f"ws://{stack.authority('chat')}/ws/chat/{pair[2]}/"
    said = wscat(address, "--execute", '{"message":"Hello!"}', "--wait", "2")
    assert "token_missing" in said
    assert "Authorization" in said


def test_a_page_of_another_host_gets_no_socket(stack: Stack, pair: tuple[Person, Person, int]) -> None:
    alice, _, room = pair
    words = ["--header", f"Authorization: Bearer {alice.token}", "--execute", '{"message":"Hello!"}', "--wait", "1"]
    said = wscat(f"ws://{stack.authority('chat')}/ws/chat/{room}/", "--origin", "http://evil.example", *words)
    assert "403" in said
    assert alice.history(room) == []


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://chat.localhost", "http://auth.localhost"])
def test_the_product_s_own_pages_get_one(stack: Stack, pair: tuple[Person, Person, int], origin: str) -> None:
    alice, _, room = pair
    words = ["--header", f"Authorization: Bearer {alice.token}", "--execute", '{"message":"Hello!"}', "--wait", "1"]
    wscat(f"ws://{stack.authority('chat')}/ws/chat/{room}/", "--origin", origin, *words)
    assert [message["content"] for message in alice.history(room)] == ["Hello!"]
