"""How an answer goes out: head and body in one write."""

import functools
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

# these change how an answer is framed or what becomes of the connection, or hold a secret that no cache should keep:
# uvicorn's own way knows what to do
_NOT_OURS = frozenset({b"connection", b"transfer-encoding", b"set-cookie"})
_LINES_KEPT = 1024


class OneWrite(RequestResponseCycle):
    """Uvicorn's cycle of a request and its answer, which writes short answers whole.

    Uvicorn writes the head when it is told of it and the body later: two writes for each answer, and each header is
    checked and put together anew.
    """

    _start: Any = None

    async def send(self, message: Any) -> None:
        """ASGI: hold the head back until the body shows whether that is all of it."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.transport.is_closing():
            # uvicorn tells the last request of a pipeline alone: one before it would write to what is gone
            self.disconnected = True
        if not self.response_started and message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            answer = self._whole(start, message)
            if answer is not None:
                self._finish(answer)
                return
            await super().send(start)
        await super().send(message)

    def _whole(self, start: Any, message: Any) -> bytes | None:
        """Return the answer's bytes when it is one that needs nothing but to be written."""
        if (
            message["type"] != "http.response.body"
            or message.get("more_body", False)
            or not self.keep_alive
            or self.disconnected
            or self.flow.write_paused
            or self.access_log
            or self.scope["method"] == "HEAD"
        ):
            return None
        body = message.get("body", b"")
        head = _head(start["status"], self.default_headers, start.get("headers", ()), b"%d" % len(body))
        return None if head is None else head + body

    def _finish(self, answer: bytes) -> None:
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(answer)
        self.message_event.set()
        self.on_response()


def _head(
    status: int, always: Iterable[tuple[bytes, bytes]], headers: Iterable[tuple[bytes, bytes]], length: bytes
) -> bytes | None:
    """Return the head of an answer that says its length, which is `length`; None for any other."""
    lines = [STATUS_LINE[status]]
    said = None
    for name, value in (*always, *headers):
        line = _line(name, value)
        if line is None:
            return None
        if name == b"content-length":
            said = value
        lines.append(line)
    if said != length:
        return None
    lines.append(b"\r\n")
    return b"".join(lines)


def _line(name: bytes, value: bytes) -> bytes | None:
    name = name.lower()
    return None if name in _NOT_OURS else _checked(name, value)


@functools.lru_cache(_LINES_KEPT)
def _checked(name: bytes, value: bytes) -> bytes:
    # the same check as uvicorn's: nothing may break out of its line
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("Invalid HTTP header.")
    return b"%s: %s\r\n" % (name, value)
