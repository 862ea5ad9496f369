"""The walkthrough's socket, as a person uses it: wscat at a terminal."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.rig.tools import need_from_npm
from tests.walkthrough.terminal import Terminal

HELLO = {"message": "Hello!", "username": "alice", "sender_id": "alice"}
FRAME = r"< (\{.*\})\r"


@pytest.fixture
def address(server: RunningServer, alice: Person, bob: Person) -> str:
    return f"{server.ws_url}/ws/chat/{alice.room_with(bob)}/"


@pytest.fixture
def bobs_terminal(address: str, bob: Person) -> Iterator[Terminal]:
    """Bob is in the room already."""
    with wscat(address, "-H", f"Authorization: Bearer {bob.token}") as terminal:
        yield terminal


def wscat(address: str, *options: str) -> Terminal:
    terminal = Terminal(need_from_npm("wscat", "the walkthrough opens a socket with it"), "-c", address, *options)
    terminal.expect("Connected")
    return terminal


def hello_of(person: Person, **more: str) -> str:
    return json.dumps({**HELLO, "username": person.username, "sender_id": person.username, **more})


def received(terminal: Terminal) -> dict[str, object]:
    frame: dict[str, object] = json.loads(terminal.expect(FRAME)[1])
    return frame


def test_with_the_token_in_the_header_both_receive_the_message(
    address: str, alice: Person, bobs_terminal: Terminal
) -> None:
    with wscat(address, "-H", f"Authorization: Bearer {alice.token}") as alices_terminal:
        alices_terminal.type(hello_of(alice))
        mine, theirs = received(alices_terminal), received(bobs_terminal)
    assert mine == theirs
    assert (mine["type"], mine["message"], mine["sender_id"]) == ("message", "Hello!", alice.username)


def test_with_the_token_in_the_first_frame_both_receive_the_message(
    address: str, alice: Person, bobs_terminal: Terminal
) -> None:
    with wscat(address) as alices_terminal:
        alices_terminal.type(hello_of(alice, token=alice.token))
        assert received(alices_terminal) == received(bobs_terminal)
        alices_terminal.type(hello_of(alice, message="Again"))
        assert received(alices_terminal)["message"] == "Again"


def test_without_a_token_one_is_told_how_to_add_it_and_is_closed(
    address: str, alice: Person, bob: Person, bobs_terminal: Terminal
) -> None:
    with wscat(address) as terminal:
        terminal.type(hello_of(alice))
        error = received(terminal)
        terminal.expect(r"Disconnected \(code: 4401")
    assert (error["type"], error["code"]) == ("error", "token_missing")
    assert "Authorization: Bearer" in str(error["detail"])
    assert "first frame" in str(error["detail"])
    # nobody heard it: the next thing that Bob hears is his own
    bobs_terminal.type(hello_of(bob, message="Anybody?"))
    assert received(bobs_terminal)["message"] == "Anybody?"


def test_a_strangers_token_opens_no_room(address: str, server: RunningServer, bobs_terminal: Terminal) -> None:
    stranger = Person.arrive(server, "mallory")
    with wscat(address, "-H", f"Authorization: Bearer {stranger.token}") as terminal:
        assert received(terminal)["code"] == "not_found"
        terminal.expect(r"Disconnected \(code: 4403")


def test_nobody_speaks_for_somebody_else(address: str, alice: Person, bob: Person, bobs_terminal: Terminal) -> None:
    bobs_terminal.type(hello_of(alice))
    assert received(bobs_terminal)["code"] == "sender_mismatch"
    bobs_terminal.type(hello_of(bob))
    assert re.fullmatch(bob.username, str(received(bobs_terminal)["sender_id"]))
