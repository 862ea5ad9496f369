"""Uvicorn as this product runs it: header deadline, own signal handling, exit code 0 after a drain."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, ClassVar

import httptools
import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from duologue.kit.http_answers import OneWrite
from duologue.kit.interval import Interval
from duologue.kit.problem import Problem
from duologue.kit.unread import Unread, unread_bytes

_log = structlog.get_logger(__name__)
# strangers must not write our log
_WHEN_TO_SAY_FULL = Interval(60.0)


class PatientProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol with bounds on how a request arrives: a slow loris holds no connection for long.

    `head_seconds` and `body_seconds`: until each is here; `head_bytes`: the longest head, known as it arrives. Who
    takes nothing of an answer for `unread_seconds` is cut, after twice that at most; `unread` bounds what waits for all
    of them. Beyond `most_connections` nobody is heard any more, beyond `most_sockets` no more sockets are opened.
    """

    head_seconds: ClassVar[float] = 10.0
    body_seconds: ClassVar[float] = 30.0
    unread_seconds: ClassVar[float] = 30.0
    unread: ClassVar[Unread] = Unread(64 * 1024 * 1024)
    head_bytes: ClassVar[int] = 32 * 1024
    most_connections: ClassVar[int] = 1 << 20
    most_sockets: ClassVar[int] = 1 << 20

    _timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None
    _head_received = 0
    _in_head = False
    _in_body = False

    def connection_made(self, transport: Any) -> None:
        """Start the clock, unless there are too many already: out of files, nobody could be answered."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self._turn_away()
        else:
            self._start_timer(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_timer()
        self._stop_unread_timer()
        self.unread.discard(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Asyncio: much waits for the peer; see that it reads."""
        super().pause_writing()
        self._watch_reader()
        self.unread.add(self.transport)

    def resume_writing(self) -> None:
        """Asyncio: the peer has read."""
        if not self.transport.is_closing():
            self._stop_unread_timer()
            self.unread.discard(self.transport)
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Uvicorn: the answer is written; a connection that is to close does so when the peer has read it."""
        if self.transport.is_closing():
            self._watch_reader()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Uvicorn: nothing new came. It closes, and that waits for a peer that has not read all."""
        super().timeout_keep_alive_handler()
        self._watch_reader()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; refuse what is no HTTP, and a head that is too large, before it is all here."""
        self._unset_keepalive_if_required()
        self._head_received += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            # uvicorn would log it: strangers must not write our log
            self._refuse(Problem(400, "bad_request", "This is no HTTP/1.1 request."))
        else:
            self._watch()

    def on_message_begin(self) -> None:
        """Note that a request has begun; most are here whole at once and need no clock."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """Stop the clock: the head is here."""
        self._stop_timer()
        self._in_head = False
        self._in_body = True
        self._head_received = 0
        super().on_headers_complete()
        if self.cycle is not None:
            # uvicorn makes it and asks nobody of which class; its task has not begun
            self.cycle.__class__ = OneWrite

    def on_message_complete(self) -> None:
        """Stop the clock: the whole request is here."""
        self._stop_timer()
        self._in_body = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Uvicorn: hand the connection over, unless those that stay would leave no room for those that go again."""
        if len(self.connections) > self.most_sockets:
            self._turn_away()
        else:
            # a socket has its own bounds for who does not read
            self._stop_unread_timer()
            self.unread.discard(self.transport)
            super().handle_websocket_upgrade()

    def _turn_away(self) -> None:
        if _WHEN_TO_SAY_FULL.is_due():
            _log.warning("connections_full", connections=len(self.connections))
        self._refuse(Problem(503, "overloaded", "Too many connections are open; try again.", retry_after=5))

    def _watch(self) -> None:
        if self._in_body:
            self._head_received = 0
            if self._timer is None:
                self._start_timer(self.body_seconds)
            return
        # line breaks between requests have ended uvicorn's keep-alive clock and begun nothing
        idle = self.cycle is None or self.cycle.response_complete
        if self._timer is None and (self._in_head or idle):
            self._start_timer(self.head_seconds)
        if self._timer is not None and self._head_received > self.head_bytes:
            self._refuse(Problem(431, "head_too_large", f"At most {self.head_bytes} bytes before the body."))

    def _should_upgrade(self) -> bool:
        # RFC 6455 section 4.2.1 asks for HTTP/1.1; what comes after it opens sockets in another way (RFC 8441)
        return self.scope["http_version"] == "1.1" and super()._should_upgrade()

    def _refuse(self, problem: Problem) -> None:
        self._stop_timer()
        self.transport.write(problem.response())
        self.transport.close()
        self._watch_reader()

    def _start_timer(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self.transport.abort()

    def _watch_reader(self) -> None:
        # uvicorn's keep-alive clock may strike when the connection is gone
        if self._unread_timer is None and self in self.connections:
            self._unread_timer = self.loop.call_later(
                self.unread_seconds, self._look_at_reader, unread_bytes(self.transport)
            )

    def _look_at_reader(self, before: int) -> None:
        self._unread_timer = None
        if unread_bytes(self.transport) < before:
            self._watch_reader()
        else:
            self.transport.abort()

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None


class Server(uvicorn.Server):
    """A server that tells when it listens; SIGTERM or SIGINT make it drain and return."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Uvicorn: begin to listen."""
        await super().startup(sockets)
        if not self.should_exit:
            self._listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Uvicorn: a signal is here. The second Ctrl-C ends the process on the spot, like any interrupted command."""
        if self.should_exit and sig == signal.SIGINT:
            # what was acknowledged is on the disk; the rest is what the person does not want to wait for
            os._exit(128 + signal.SIGINT)
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn: handle signals while serving. Its own way raises them again at the end, which is no clean exit."""
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        for number in caught:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)


def listen(host: str, port: int, backlog: int = 2048) -> socket.socket:
    """Return a listening TCP socket. Raises OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=backlog)
