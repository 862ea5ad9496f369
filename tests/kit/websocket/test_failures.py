"""Our own errors: an exception ends its socket with 1011, stands in the log, and harms no other; and slow bodies."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from duologue.kit.http_server import PatientProtocol
from duologue.kit.websocket import Accepted, Handshake, Limits, WebSocket, protocol_for
from duologue.kit.websocket.frames import text_frame
from tests.kit.thread_server import serving
from tests.rig.raw_socket import CLOSE, RawSocket, close, frame, text


class Fragile(WebSocket):
    """Echoes, and breaks where it is told to."""

    def __init__(self, breaks: str) -> None:
        super().__init__(Limits(assembly_seconds=1.0, closing_seconds=0.3))
        self.breaks = breaks

    def opened(self) -> None:
        if self.breaks == "opened":
            raise RuntimeError("broke in opened")

    def received(self, text: str) -> None:
        if text == "break":
            raise RuntimeError("broke in received")
        self.send(text_frame(text.encode()))

    def closed(self) -> None:
        if self.breaks == "closed":
            raise RuntimeError("broke in closed")


class HastyProtocol(PatientProtocol):
    head_seconds = 0.4
    body_seconds = 0.6
    head_bytes = 4096


@dataclass
class Kit:
    port: int

    def open(self, breaks: str = "") -> RawSocket:
        return RawSocket.open(self.port, f"/{breaks}", timeout=3)


async def read_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the size of the body, once it is all here."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(size)))]})
    await send({"type": "http.response.body", "body": str(size).encode()})


def _endpoint(handshake: Handshake) -> Accepted:
    if handshake.path == "/endpoint":
        raise RuntimeError("broke in the endpoint")
    return Accepted(Fragile(handshake.path.removeprefix("/")))


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    config = uvicorn.Config(
        read_body,
        loop="uvloop",
        http=HastyProtocol,
        ws=protocol_for(_endpoint, Limits()),
        lifespan="off",
        log_config=None,
        timeout_keep_alive=1,
    )
    with serving(config) as (_, listening):
        yield Kit(listening.getsockname()[1])


def test_an_exception_ends_its_socket_and_no_other(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    with kit.open() as other, kit.open() as broken:
        broken.send(text("break") + text("never heard"))
        assert broken.close_code() == 1011
        assert broken.is_gone()
        other.send(text("fine"))
        assert other.receive().payload == b"fine"
    assert "broke in received" in caplog.text


@pytest.mark.parametrize("where", ["opened", "closed"])
def test_an_exception_at_either_end_is_logged(kit: Kit, caplog: pytest.LogCaptureFixture, where: str) -> None:
    with kit.open(where) as broken:
        broken.send_until_gone(close(1000))
        assert broken.close_code() == (1011 if where == "opened" else 1000)
        assert broken.is_gone()
    deadline = time.monotonic() + 10
    while f"broke in {where}" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert f"broke in {where}" in caplog.text


def test_a_hostile_frame_is_not_logged(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for attack in (frame(3), frame(1, b"\xff"), frame(1, mask=False)):
        with kit.open() as raw:
            raw.send(attack)
            assert raw.close_code() in (1002, 1007)
            assert raw.is_gone()
    assert not [record for record in caplog.records if record.levelno >= logging.INFO and record.name == "picows"]


def test_the_time_for_a_message_is_the_limits_own(kit: Kit) -> None:
    with kit.open() as raw:
        began = time.monotonic()
        raw.send(frame(1, b"begun", fin=False))
        assert raw.close_code() == 1008
        assert 0.9 < time.monotonic() - began < 3
    with kit.open() as raw:
        raw.send(frame(1, b"in ", fin=False))
        time.sleep(0.1)
        raw.send(frame(0, b"time"))
        assert raw.receive().payload == b"in time"
        # and its clock has stopped
        time.sleep(1.2)
        raw.send(text("still here"))
        assert raw.receive().payload == b"still here"


def request(length: int) -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


SLOW = {
    "none": request(10),
    "half": request(10) + b"12345",
    "chunked": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
    "second-request": request(2) + b"ok" + request(10) + b"1",
}


@pytest.mark.parametrize("half", SLOW.values(), ids=SLOW)
def test_half_a_body_is_not_waited_for(kit: Kit, half: bytes) -> None:
    began = time.monotonic()
    with RawSocket(kit.port) as raw:
        raw.send(half)
        assert raw.is_gone()
    assert 0.4 < time.monotonic() - began < 2.5


def test_a_body_in_pieces_is_waited_for(kit: Kit) -> None:
    with RawSocket(kit.port) as raw:
        for _ in range(2):
            raw.send(request(40))
            for _ in range(4):
                raw.send(b"0123456789")
                time.sleep(0.05)
            assert raw.answer().body == b"40"
        raw.send(close(1000))


def test_a_large_body_is_no_large_head(kit: Kit) -> None:
    with RawSocket(kit.port) as raw:
        for _ in range(3):
            raw.send(request(60_000) + b"x" * 60_000)
            assert raw.answer().body == b"60000"


def test_the_end_of_a_refused_socket_is_read_by_its_peer(kit: Kit) -> None:
    """While the peer still pours, the close frame reaches it: nothing is cut off by a reset."""
    with kit.open() as raw:
        raw.send(frame(3))
        for _ in range(50):
            raw.send_until_gone(frame(1, b"x" * 1000))
        got = raw.receive()
        assert (got.opcode, got.close_code) == (CLOSE, 1002)
