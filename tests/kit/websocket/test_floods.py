"""Whoever pours frames into a socket as fast as the machine can is slowed down or closed, and the others go on."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.kit.websocket.conftest import Bystanders, Pair
from tests.kit.websocket.test_handshakes import memory
from tests.rig.people import Person
from tests.rig.raw_socket import CLOSE, RawSocket, text

FLOODS: dict[str, dict[str, Any]] = {
    "tiny-messages": {"message": "x"},
    "in-another's-name": {"message": "x", "sender_id": "somebody.else"},
    "without-a-text": {"username": "x"},
}


def pour(raw: RawSocket, chunk: bytes, stop: threading.Event) -> int:
    """Send until told to stop or until the server has had enough; return how much it took."""
    sent = 0
    raw.tcp.settimeout(0.2)
    while not stop.is_set():
        try:
            sent += raw.tcp.send(chunk)
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return sent


def listen(raw: RawSocket, counts: Counter[str], stop: threading.Event) -> None:
    """Count the answers by kind while another thread pours."""
    while not stop.is_set():
        try:
            got = raw.receive()
        except TimeoutError:
            continue
        except (ConnectionError, EOFError):
            break
        if got.opcode == CLOSE:
            counts[f"closed {got.close_code}"] += 1
            break
        counts[str(got.payload.split(b'"code":"')[-1].split(b'"')[0][:20], "latin-1")] += 1


def flooded(pair: Pair, what: dict[str, Any], *, least: int, greeting: bytes = b"") -> Counter[str]:
    """Let somebody in another room pour for two seconds; return what they heard. The others must not have noticed.

    `greeting`: what comes before the flood, answered by `ready`. `least`: so many bytes make a flood.
    """
    server = pair[0].server
    flooder, friend = Person.arrive(server, "flood"), Person.arrive(server, "friend")
    own, stop = flooder.room_with(friend), threading.Event()
    if what.get("type") == "auth":
        what = {**what, "token": flooder.token}
    others, before, counts = Bystanders(pair, pause=0.1), memory(server), Counter[str]()
    with flooder.socket(own) as raw, ThreadPoolExecutor(2) as pool:
        raw.send(greeting)
        while greeting and raw.json()["type"] != "ready":
            pass
        pouring = pool.submit(pour, raw, text(what) * 200, stop)
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
def test_a_flood_slows_down_nobody_but_its_sender(strict_pair: Pair, what: dict[str, Any]) -> None:
    counts = flooded(strict_pair, what, least=20_000)
    # it was told, and what it sent on top of that waited in the kernel or found the socket closed
    assert counts["rate_limited"] > 0 or counts["closed 1008"] == 1
    assert counts["rate_limited"] < 20_000


def test_who_was_slowed_down_goes_on_afterwards(strict_pair: Pair) -> None:
    alice, bob, _room = strict_pair
    eager, friend = Person.arrive(alice.server, "eager"), Person.arrive(bob.server, "friend")
    with eager.socket(eager.room_with(friend)) as raw:
        raw.send(text({"message": "x"}) * 2100)
        seen: Counter[str] = Counter()
        while sum(seen.values()) < 2100:
            got = raw.json()
            seen[got.get("code", got["type"])] += 1
        assert seen["rate_limited"] > 0
        assert seen["message"] >= 2000
        assert sum(seen.values()) == 2100
        time.sleep(0.3)
        raw.send(text({"message": "slower now"}))
        assert raw.message() == "slower now"


def test_the_allowance_is_the_persons_not_the_sockets(strict_pair: Pair) -> None:
    alice, bob, _room = strict_pair
    eager, friend = Person.arrive(alice.server, "eager"), Person.arrive(bob.server, "friend")
    room = eager.room_with(friend)
    with eager.socket(room) as raw:
        raw.send(text({"message": "x"}) * 2100)
        while raw.json().get("code") != "rate_limited":
            pass
        with eager.socket(room) as second:
            second.send(text({"message": "by another socket"}))
            while (got := second.json()).get("content") == "x":
                pass
            assert got.get("code") == "rate_limited"
        answer = eager.post(room, "by REST")
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert int(answer.headers["retry-after"]) >= 1
