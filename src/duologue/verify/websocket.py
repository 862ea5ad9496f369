"""A WebSocket client (RFC 6455) that obeys, and can be told not to: to end with a reset in the middle of a frame.

Ordinary clients finish the frame that they have begun, so they cannot show what a lost network does.
"""

import asyncio
import base64
import hashlib
import os
import socket
import struct
from typing import Any

import msgspec

from duologue.verify.address import Address

GONE = 1006
"""RFC 6455 section 7.1.5: a connection that ended without a close frame."""
PROTOCOL = "duologue.v1"
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_MOST_BYTES = 16 * 1024 * 1024
# so little that the server soon notices that nobody reads
_SMALL_BUFFER, _SMALL_SEGMENT = 2048, 536
_encode = msgspec.json.Encoder().encode


class LostError(Exception):
    """The connection has ended, with this close code."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class RefusedError(Exception):
    """The opening handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Socket:
    """One connection. `cut_next`: end it in the middle of the next frame that it receives."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._stalled_until = 0.0
        self.cut_next = False

    @classmethod
    async def open(cls, address: Address, path: str, token: str | None, *, v1: bool, slow: bool = False) -> "Socket":
        """Connect and shake hands. `slow`: with so little room that a stall is felt. Raise RefusedError, OSError."""
        tcp = await _connected(address, slow=slow)
        name = address.host if address.tls is not None else None
        limit = _SMALL_BUFFER if slow else 65_536
        try:
            reader, writer = await asyncio.open_connection(sock=tcp, ssl=address.tls, server_hostname=name, limit=limit)
        except BaseException:
            tcp.close()
            raise
        opened = cls(reader, writer)
        try:
            await opened._shake_hands(address, path, token, v1=v1)
        except BaseException:
            opened.cut()
            raise
        return opened

    def send(self, *documents: object) -> None:
        """Send text frames, all at once. Raise LostError."""
        if self._writer.is_closing():
            raise LostError(GONE)
        self._writer.write(b"".join(_frame(_TEXT, _encode(document)) for document in documents))

    async def receive(self) -> Any:
        """Return the next message's JSON; None for what is none. Raise LostError."""
        parts: list[bytes] = []
        try:
            while True:
                first, payload = await self._next()
                kind = first & 0x0F
                if kind == _CLOSE:
                    raise self._closed(payload)
                if kind == _PING:
                    self._writer.write(_frame(_PONG, payload))
                elif kind in (_TEXT, _CONTINUATION):
                    parts.append(payload)
                    if first & 0x80:
                        return _decoded(b"".join(parts))
        except (OSError, EOFError):
            raise LostError(GONE) from None

    def stall(self, seconds: float) -> None:
        """Read nothing for a while."""
        self._stalled_until = asyncio.get_running_loop().time() + seconds

    def cut(self) -> None:
        """End with a RST: what is under way in either direction is lost, as when a network goes away."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def cut_while_sending(self, document: object) -> None:
        """Send the first half of a frame, then a RST."""
        if not self._writer.is_closing():
            frame = _frame(_TEXT, _encode(document))
            self._writer.write(frame[: len(frame) // 2])
        self.cut()

    def close(self) -> None:
        """Say goodbye and do not wait for the answer."""
        if not self._writer.is_closing():
            self._writer.write(_frame(_CLOSE, struct.pack("!H", 1000)))
            self._writer.close()

    async def _shake_hands(self, address: Address, path: str, token: str | None, *, v1: bool) -> None:
        key = base64.b64encode(os.urandom(16))
        lines = [
            f"GET {address.prefix}{path} HTTP/1.1",
            f"Host: {address.host_header}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key.decode()}",
            *([f"Sec-WebSocket-Protocol: {PROTOCOL}"] if v1 else []),
            *([f"Authorization: Bearer {token}"] if token else []),
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise LostError(GONE) from None
        status = int(head.split(b" ", 2)[1])
        if status != 101:
            raise RefusedError(status)
        # RFC 6455 section 4.2.2; the digest proves that a WebSocket server answered and not a cache
        digest = hashlib.sha1(key + _ACCEPT, usedforsecurity=False).digest()
        if base64.b64encode(digest) not in head:
            raise LostError(GONE, "the handshake's digest is wrong")

    async def _next(self) -> tuple[int, bytes]:
        waiting = self._stalled_until - asyncio.get_running_loop().time()
        if waiting > 0:
            await asyncio.sleep(waiting)
        first, second = await self._reader.readexactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8))
        if second & 0x80 or size > _MOST_BYTES:
            raise LostError(GONE, "a frame that no server sends")
        if self.cut_next and size:
            await self._reader.readexactly(size // 2)
            self.cut()
            raise LostError(GONE)
        return first, await self._reader.readexactly(size)

    def _closed(self, payload: bytes) -> LostError:
        if not self._writer.is_closing():
            self._writer.write(_frame(_CLOSE, payload[:2]))
            self._writer.close()
        code = int.from_bytes(payload[:2]) if len(payload) > 1 else 1005
        return LostError(code, payload[2:].decode(errors="replace"))


async def _connected(address: Address, *, slow: bool) -> socket.socket:
    loop = asyncio.get_running_loop()
    refusal: OSError = OSError("the name has no address")
    for family, kind, number, _, place in await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        tcp = socket.socket(family, kind, number)
        tcp.setblocking(False)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if slow:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SMALL_SEGMENT)
        try:
            await loop.sock_connect(tcp, place)
        except OSError as error:
            tcp.close()
            refusal = error
        except BaseException:
            tcp.close()
            raise
        else:
            return tcp
    raise refusal


def _frame(kind: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 0x80 | kind, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | kind, 0xFF, size)
    mask = os.urandom(4)
    # as one large number: Python has no quicker way to combine two strings of bytes
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size])
    return head + mask + (int.from_bytes(payload) ^ pattern).to_bytes(size)


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
