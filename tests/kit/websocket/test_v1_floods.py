"""A v1 socket has more to say, and so more to flood with: it slows down nobody but its sender."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kit.websocket.conftest import Bystanders, Pair
from tests.kit.websocket.test_floods import listen, pour
from tests.kit.websocket.test_handshakes import memory
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


def flooded(pair: Pair, what: dict[str, Any], *, least: int) -> Counter[str]:
    """Pour for two seconds; return what the flooder heard. The others must not have noticed."""
    server = pair[0].server
    flooder, friend = Person.arrive(server, "flood"), Person.arrive(server, "friend")
    own, stop = flooder.room_with(friend), threading.Event()
    if what.get("type") == "auth":
        what = {**what, "token": flooder.token}
    others, before, counts = Bystanders(pair, pause=0.1), memory(server), Counter[str]()
    with flooder.socket(own) as raw, ThreadPoolExecutor(2) as pool:
        raw.send(text({"type": "hello"}))
        while raw.json()["type"] != "ready":
            pass
        pouring = pool.submit(pour, raw, text(what) * 100, stop)
        pool.submit(listen, raw, counts, stop)
        time.sleep(2)
        stop.set()
        sent = pouring.result()
    others.stop()
    assert others.failure is None, others.failure
    assert others.rounds >= 8
    assert others.slowest < 1
    assert sent > least, "no flood"
    assert memory(server) - before < 16 * 1024 * 1024
    return counts


@pytest.mark.parametrize("what", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_good_frames_is_told_to_slow_down(strict_pair: Pair, what: dict[str, Any]) -> None:
    counts = flooded(strict_pair, what, least=20_000)
    assert 0 < counts["rate_limited"] < 20_000


@pytest.mark.parametrize("what", MISTAKES.values(), ids=MISTAKES)
def test_a_flood_of_mistakes_is_closed(strict_pair: Pair, what: dict[str, Any]) -> None:
    counts = flooded(strict_pair, what, least=0)
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
