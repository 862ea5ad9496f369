"""A WebSocket client that obeys nothing: arbitrary opening requests, arbitrary frames, over a plain TCP socket.

Blocking, every wait bounded. Real clients refuse to send most of what the tests of the server's patience need.
"""

import base64
import contextlib
import json
import os
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.rig.contract_check import check_close, check_frame

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
GONE_WITHOUT_A_WORD = 1006
"""What RFC 6455 section 7.1.5 calls a connection that ended without a close frame."""

_HERE = "127.0.0.1"

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """Return the bytes of one frame; `rsv` is the three reserved bits as a number from 0 to 7."""
    return header(opcode, len(payload), fin=fin, rsv=rsv, mask=mask) + (_masked(payload) if mask else payload)


def header(
    opcode: int, length: int, *, fin: bool = True, rsv: int = 0, mask: bool = True, wide: int | None = None
) -> bytes:
    """Return a frame's first bytes with any declared length; `wide` forces a 16 or 64 bit length field."""
    first, flag = (fin << 7) | (rsv << 4) | opcode, mask << 7
    wide = wide if wide is not None else 0 if length < 126 else 16 if length < 65536 else 64
    if wide == 0:
        return bytes([first, flag | length])
    if wide == 16:
        return bytes([first, flag | 126]) + struct.pack("!H", length)
    return bytes([first, flag | 127]) + struct.pack("!Q", length)


def text(content: str | dict[str, Any]) -> bytes:
    """Return a proper text frame; a dict becomes JSON."""
    return frame(TEXT, (content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)).encode())


def close(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame with any code."""
    return frame(CLOSE, struct.pack("!H", code) + reason)


def _masked(payload: bytes) -> bytes:
    key = os.urandom(4)
    stream = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return key + mixed.to_bytes(len(payload), "big")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the server's."""

    opcode: int
    payload: bytes
    fin: bool
    rsv: int

    @property
    def close_code(self) -> int:
        """The code of a close frame; 1005 when it carries none."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else 1005


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document."""
        assert self.headers["content-type"] == "application/problem+json", self
        document: dict[str, Any] = json.loads(self.body)
        return document


def opening(path: str, headers: Headers = (), *, leave_out: Sequence[str] = (), line: str | None = None) -> bytes:
    """Return an opening request: a good one, plus `headers`, minus the names in `leave_out`, `line` instead of GET …"""
    extra = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    good = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    given = {name.lower() for name, _ in extra} | {name.lower() for name in leave_out}
    fields = [(name, value) for name, value in good.items() if name.lower() not in given] + extra
    head = [line or f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")


class RawSocket:
    """One TCP connection, from the address `source`. Every read waits `timeout` seconds at most: TimeoutError."""

    def __init__(
        self, port: int, *, timeout: float = 5.0, receive_buffer: int | None = None, source: str = _HERE
    ) -> None:
        self.tcp = socket.socket()
        # bound, it would get its port from among those that servers choose theirs from
        if source != _HERE:
            self.tcp.bind((source, 0))
        if receive_buffer is not None:
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.tcp.settimeout(timeout)
        self.tcp.connect((_HERE, port))
        self.tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timeout = timeout
        self._buffer = bytearray()

    @classmethod
    def open(
        cls, port: int, path: str, headers: Headers = (), *, timeout: float = 5.0, receive_buffer: int | None = None
    ) -> Self:
        """Return a socket after a good handshake; AssertionError when the server refuses it."""
        raw = cls(port, timeout=timeout, receive_buffer=receive_buffer)
        raw.send(opening(path, headers))
        answer = raw.answer()
        assert answer.status == 101, answer
        return raw

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tcp.close()

    def send(self, data: bytes) -> None:
        """Send all bytes as they are."""
        self.tcp.sendall(data)

    def send_until_gone(self, data: bytes) -> None:
        """Send as much as the server takes before it ends the connection."""
        with contextlib.suppress(ConnectionError):
            self.tcp.sendall(data)

    def answer(self) -> Answer:
        """Read one HTTP answer; what follows a 101 stays for `receive`."""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self._buffer = bytearray(rest)
        length = int(headers.get("content-length", "0"))
        return Answer(int(status.split(" ")[1]), headers, self._take(length))

    def receive(self) -> Frame:
        """Read one frame; raise EOFError or ConnectionError when the connection has ended."""
        first, second = self._take(2)
        assert not second & 0x80, "a server must not mask"
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
        return Frame(first & 0x0F, self._take(size), bool(first & 0x80), (first >> 4) & 7)

    def json(self) -> dict[str, Any]:
        """Read one text frame, held against the documents."""
        got = self.receive()
        assert (got.opcode, got.fin, got.rsv) == (TEXT, True, 0), got
        return check_frame(got.payload)

    def message(self) -> str:
        """Read one message of the room and return its text."""
        got = self.json()
        assert got["type"] == "message", got
        content: str = got["content"]
        return content

    def error(self) -> str:
        """Read one error frame and return its code."""
        got = self.json()
        assert got["type"] == "error", got
        code: str = got["code"]
        return code

    def close_code(self) -> int:
        """Read until the close frame and return its code, which `codes.json` must list; 1006 when there was none."""
        deadline = time.monotonic() + self._timeout
        with contextlib.suppress(EOFError, ConnectionError):
            while time.monotonic() < deadline:
                got = self.receive()
                if got.opcode == CLOSE:
                    return check_close(got.close_code)
            raise TimeoutError("frames and no close")
        return GONE_WITHOUT_A_WORD

    def is_gone(self) -> bool:
        """Read to the end; False when the server still holds the connection after the timeout."""
        try:
            while self.tcp.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    def reset(self) -> None:
        """End the connection with a RST in place of a FIN."""
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.tcp.close()

    def _fill(self) -> None:
        data = self.tcp.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def ask(port: int, request: bytes, *, timeout: float = 5.0) -> Answer:
    """Send one raw request and return the answer."""
    with RawSocket(port, timeout=timeout) as raw:
        raw.send(request)
        return raw.answer()
