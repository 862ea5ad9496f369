"""Who opens a connection and does not go on is let go: without a token, in half a head, without a sign of life."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.kit.websocket.conftest import Pair
from tests.rig.people import Person
from tests.rig.raw_socket import CONTINUATION, PING, PONG, TEXT, RawSocket, frame, opening, text
from tests.rig.server import RunningServer


def dribble(raw: RawSocket, data: bytes) -> None:
    """Send a byte every now and then, for two seconds at most."""
    for byte in data[:20]:
        raw.send_until_gone(bytes([byte]))
        time.sleep(0.1)


SILENCE: dict[str, Callable[[RawSocket], None]] = {
    "nothing": lambda raw: None,
    "pings": lambda raw: raw.send(frame(PING, b"here") * 5),
    "half-a-frame": lambda raw: raw.send(text({"token": "x" * 99})[:30]),
    "half-a-message": lambda raw: raw.send(
        frame(TEXT, b'{"token":"', fin=False) + frame(CONTINUATION, b"x", fin=False)
    ),
    "byte-by-byte": lambda raw: dribble(raw, text({"token": "x" * 99})),
}


def closed_after(pair: Pair, act: Callable[[RawSocket], None]) -> float:
    """Open a socket without a token, act, and return after how many seconds it was told and closed with 4408."""
    alice, _, room = pair
    began = time.monotonic()
    with RawSocket.open(alice.server.port, f"/ws/chat/{room}/", timeout=8) as raw:
        act(raw)
        while (got := raw.receive()).opcode == PONG:
            pass
        assert b'"code":"auth_timeout"' in got.payload
        assert raw.close_code() == 4408
        took = time.monotonic() - began
        assert raw.is_gone()
    return took


def outlives_its_pings(server: RunningServer) -> None:
    """Hold two sockets, of which one answers pings; expect that one to be alive when the other has been cut."""
    alice = Person.arrive(server, "alice")
    room = alice.room_with(Person.arrive(server, "bob"))
    with alice.socket(room, timeout=15) as dead, alice.socket(room, timeout=1) as alive, ThreadPoolExecutor(1) as pool:
        cut = pool.submit(dead.is_gone)
        while not cut.done():
            with contextlib.suppress(TimeoutError):
                if (got := alive.receive()).opcode == PING:
                    alive.send(frame(PONG, got.payload))
        assert cut.result()
        alive.send(text({"message": "alive"}))
        while b"alive" not in alive.receive().payload:
            pass


@pytest.fixture(scope="module", autouse=True)
def beside(pair: Pair, strict_server: RunningServer) -> Iterator[dict[str, "Future[Any]"]]:
    """What takes many seconds begins before the other tests and ends beside them."""
    with ThreadPoolExecutor(2) as pool:
        yield {
            "default": pool.submit(closed_after, pair, SILENCE["nothing"]),
            "pings": pool.submit(outlives_its_pings, strict_server),
        }


def test_a_socket_without_a_token_is_closed(strict_pair: Pair) -> None:
    with ThreadPoolExecutor(len(SILENCE)) as pool:
        waiting = {name: pool.submit(closed_after, strict_pair, act) for name, act in SILENCE.items()}
    assert {name: took for name, each in waiting.items() if not 0.8 < (took := each.result()) < 3.5} == {}


def test_by_default_it_has_five_seconds(beside: dict[str, "Future[float]"]) -> None:
    assert 4.8 < beside["default"].result() < 6.5


def test_a_hundred_at_once(strict_pair: Pair) -> None:
    alice, _, room = strict_pair
    sockets = [RawSocket.open(alice.server.port, f"/ws/chat/{room}/") for _ in range(100)]
    assert {raw.close_code() for raw in sockets} == {4408}
    for raw in sockets:
        raw.tcp.close()


@pytest.mark.parametrize("in_the_frame", [True, False], ids=["frame", "header"])
def test_a_socket_with_a_token_outlives_the_deadline(strict_pair: Pair, in_the_frame: bool) -> None:
    alice, _, room = strict_pair
    with RawSocket.open(alice.server.port, f"/ws/chat/{room}/", {} if in_the_frame else alice.headers) as raw:
        if in_the_frame:
            raw.send(text({"token": alice.token}))
        time.sleep(1.3)
        raw.send(text({"message": "still here"}))
        while (got := raw.receive()).opcode != TEXT:
            pass
        assert b"still here" in got.payload


def test_a_token_that_comes_after_the_deadline_is_too_late(strict_pair: Pair) -> None:
    alice, _, room = strict_pair
    with RawSocket.open(alice.server.port, f"/ws/chat/{room}/") as raw:
        time.sleep(2)
        raw.send_until_gone(text({"token": alice.token, "message": "TOO LATE"}))
        assert raw.error() == "auth_timeout"
        assert raw.close_code() == 4408
    assert "TOO LATE" not in {each["content"] for each in alice.whole_history(room)}


HALF_HEADS = {
    "nothing": b"",
    "half-a-line": b"GET /ws/ch",
    "no-headers": b"GET /ws/chat/1/ HTTP/1.1\r\n",
    "all-but-the-end": opening("/ws/chat/1/")[:-2],
    "rest": b"POST /api/chat/rooms/ HTTP/1.1\r\nHost: x\r\nContent-Le",
    "after-a-good-request": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT",
    "line-breaks": b"\r\n\r\n",
    "line-breaks-after-a-good-request": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + b"\r\n",
}


def test_half_a_head_is_not_waited_for(strict_server: RunningServer) -> None:
    def wait(half: bytes, slowly: bool) -> float:
        began = time.monotonic()
        with RawSocket(strict_server.port, timeout=8) as raw:
            if slowly:
                dribble(raw, half)
            else:
                raw.send(half)
            return time.monotonic() - began if raw.is_gone() else math.inf

    with ThreadPoolExecutor(2 * len(HALF_HEADS)) as pool:
        waiting = {
            f"{name}, {'byte by byte' if slowly else 'at once'}": pool.submit(wait, half, slowly)
            for name, half in HALF_HEADS.items()
            for slowly in (False, True)
        }
    # two seconds of dribbling, one for the head, some for the machine
    assert {name: took for name, each in waiting.items() if (took := each.result()) > 4.5} == {}


def test_a_whole_head_in_pieces_works(strict_server: RunningServer) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with RawSocket(strict_server.port) as raw:
        for at in range(0, len(request), 5):
            raw.send(request[at : at + 5])
            time.sleep(0.02)
        assert raw.answer().status == 200


def test_who_gives_no_sign_of_life_is_cut_and_who_answers_stays(beside: dict[str, "Future[None]"]) -> None:
    beside["pings"].result()
