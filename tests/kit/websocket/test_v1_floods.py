"""A v1 socket has more to say, and so more to flood with: it slows down nobody but its sender."""

from typing import Any

import pytest

from tests.kit.websocket.conftest import Pair
from tests.kit.websocket.test_floods import flooded
from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket, text

FLOODS: dict[str, dict[str, Any]] = {
    "messages": {"type": "message", "message": "x", "client_id": "once"},
    "edits": {"type": "edit", "id": 1, "message": "x"},
    "deletions": {"type": "delete", "id": 1},
    "marks": {"type": "read", "up_to_seq": 1},
    "typing": {"type": "typing", "state": "start"},
    "tokens": {"type": "auth"},
}
MISTAKES: dict[str, dict[str, Any]] = {
    "greetings": {"type": "hello"},
    "unfinished-greetings": {"type": "hello", "more": True},
    "unknown-types": {"type": "x"},
    "no-types": {"message": "x"},
}
# well made, and in a room that is not the sender's
ASTRAY: dict[str, dict[str, Any]] = {
    name: {**what, "room": 999_999} for name, what in FLOODS.items() if what["type"] != "auth"
}


HELLO = text({"type": "hello"})


@pytest.mark.parametrize("what", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_good_frames_is_told_to_slow_down(strict_pair: Pair, what: dict[str, Any]) -> None:
    counts = flooded(strict_pair, what, least=20_000, greeting=HELLO)
    assert 0 < counts["rate_limited"] < 20_000


@pytest.mark.parametrize("what", ASTRAY.values(), ids=ASTRAY)
def test_a_flood_into_a_room_that_is_not_there_costs_its_sender(strict_pair: Pair, what: dict[str, Any]) -> None:
    counts = flooded(strict_pair, what, least=20_000, greeting=HELLO)
    # the burst, and what comes back in the two seconds
    assert 2000 <= counts["not_found"] <= 2000 + 100, counts
    assert 0 < counts["rate_limited"] < 20_000


@pytest.mark.parametrize("what", ASTRAY.values(), ids=ASTRAY)
def test_a_wrong_room_is_paid_for_once(strict_pair: Pair, what: dict[str, Any]) -> None:
    alice, bob, _room = strict_pair
    eager, friend = Person.arrive(alice.server, "eager"), Person.arrive(bob.server, "friend")
    with eager.socket(eager.room_with(friend)) as raw:
        raw.send(HELLO + text(what) * 2000)
        while (got := raw.json())["type"] != "error":
            pass
        assert got["code"] == "not_found"
        assert {raw.json()["code"] for _ in range(1999)} == {"not_found"}
        raw.send(text(what) * 100)
        while (got := raw.json())["code"] != "rate_limited":
            pass
        assert got["room"] == 999_999


@pytest.mark.parametrize("what", MISTAKES.values(), ids=MISTAKES)
def test_a_flood_of_mistakes_is_closed(strict_pair: Pair, what: dict[str, Any]) -> None:
    counts = flooded(strict_pair, what, least=0, greeting=HELLO)
    assert counts["closed 1008"] == 1


def test_a_greeting_without_an_end_is_closed(strict_pair: Pair) -> None:
    alice, _, _ = strict_pair
    port = alice.server.port
    with RawSocket.open(port, "/ws/chat/", alice.headers) as raw:
        raw.send(text({"type": "hello", "more": True}) * 17)
        assert raw.error() == "validation_failed"
        assert raw.close_code() == 1008
    with RawSocket.open(port, "/ws/chat/", alice.headers) as raw:
        # or in time
        raw.send(text({"type": "hello", "more": True}))
        assert raw.close_code() == 4408
    with RawSocket.open(port, "/ws/chat/", alice.headers) as raw:
        raw.send(text({"type": "hello", "more": True}) * 15 + text({"type": "hello"}))
        while (got := raw.json())["type"] == "rooms":
            pass
        assert got["type"] == "ready"
