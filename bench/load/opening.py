"""Opens a socket by hand: the compiled client goes on with the file descriptor, the quiet rows with these functions."""

from __future__ import annotations

import base64
import os
import socket
from typing import Any

import msgspec

from bench.load.plans import Seat

_KEY = bytes((0x37, 0xFA, 0x21, 0x3D))


def open_seat(port: int, seat: Seat, *, v1: bool) -> socket.socket:
    """Open a seat's socket; in v1 it has been greeted."""
    wire = open_socket(port, f"/ws/chat/{seat.room}/", seat.token, v1=v1)
    if v1:
        say(wire, {"type": "hello"})
        until_ready(wire)
    return wire


def open_socket(port: int, path: str, token: str, *, v1: bool) -> socket.socket:
    """Open a socket; its token is in the header."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    dialect = "Sec-WebSocket-Protocol: duologue.v1\r\n" if v1 else ""
    wire.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{dialect}"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = wire.recv(1)
        if not piece:
            break
        answer += piece
    if not answer.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"the socket {path} was refused: {answer[:100]!r}")
    return wire


def say(wire: socket.socket, frame: object) -> None:
    """Send one text frame, masked (RFC 6455 section 5.3)."""
    payload = msgspec.json.encode(frame)
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    wire.sendall(head + _KEY + bytes(byte ^ _KEY[index & 3] for index, byte in enumerate(payload)))


def hear(wire: socket.socket) -> Any:
    """Return the next frame, decoded; raise RuntimeError for a close."""
    first, size = _exactly(wire, 2)
    if size >= 126:
        size = int.from_bytes(_exactly(wire, 2 if size == 126 else 8), "big")
    payload = _exactly(wire, size)
    if first & 15 != 1:
        raise RuntimeError(f"the server sent opcode {first & 15}: {payload!r}")
    return msgspec.json.decode(payload)


def until_ready(wire: socket.socket) -> list[Any]:
    """Return the frames up to `ready`."""
    heard = [hear(wire)]
    while heard[-1]["type"] != "ready":
        if heard[-1]["type"] == "error":
            raise RuntimeError(str(heard[-1]))
        heard.append(hear(wire))
    return heard


def _exactly(wire: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = wire.recv(size - len(data))
        if not piece:
            raise RuntimeError("the server went away")
        data += piece
    return bytes(data)
