"""One keep-alive HTTP/1.1 connection of the request load: one request at a time, none pipelined."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from bench.load.plans import CLIENT_ID, NUMBER, Lane

_NUMBER, _CLIENT_ID = NUMBER.encode(), CLIENT_ID.encode()
_LENGTH = b"content-length: "


class LaneProtocol(asyncio.Protocol):
    """Sends when told to, and keeps every answer.

    Reads just enough HTTP to find an answer's end: the status line and `content-length`, which uvicorn writes in lower
    case. An answer without it is a fault.
    """

    def __init__(self, lane: Lane, next_id: Callable[[], bytes], answered: Callable[[LaneProtocol], None]) -> None:
        self.lane = lane
        self.bodies: list[bytes] = []
        self.statuses: dict[int, int] = {}
        self.sent_at: list[float] = []
        self.moments: list[float] = []
        self.lost = False
        self._head, self._body = lane.head.encode(), lane.body.encode()
        self._next_id = next_id if CLIENT_ID in lane.body else None
        self._answered = answered
        self._buffer = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        # uvloop's transports carry the methods, not the base class
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the server went away."""
        self.lost = True

    def ask(self, due: float | None = None) -> None:
        """Send the next request; its age counts from `due` when it had to wait for this lane."""
        body = self._body.replace(_NUMBER, b"%08d" % len(self.sent_at))
        if self._next_id is not None:
            body = body.replace(_CLIENT_ID, self._next_id())
        self.sent_at.append(time.perf_counter() if due is None else due)
        self._transport.write(b"%scontent-length: %d\r\n\r\n%s" % (self._head, len(body), body))

    def data_received(self, data: bytes) -> None:
        """Asyncio: something of an answer is here."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._buffer.find(_LENGTH, 0, end)
        length_ends = self._buffer.find(b"\r\n", at)
        size = int(self._buffer[at + len(_LENGTH) : length_ends]) if at >= 0 else 0
        body = self._buffer[end + 4 :]
        if len(body) < size:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        self.moments.append(time.perf_counter())
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.bodies.append(body)
        self._answered(self)

    def hang_up(self) -> None:
        """Close the connection."""
        self._transport.close()
