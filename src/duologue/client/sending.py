"""The outbox with those who wait for it, and the socket that it goes through."""

import asyncio
from collections.abc import Callable

from duologue.client.core.checks import complaints
from duologue.client.core.frames import AckFrame, ErrorFrame
from duologue.client.core.outbox import Key, Outbox, Unsent
from duologue.client.errors import ApiError, DuologueError, api_error
from duologue.client.events import SendRefused
from duologue.client.model import Limits, Receipt

Send = Callable[[bytes], None]


class Sending:
    """Sends what the outbox holds whenever a connection is ready, and tells those who wait how it ended."""

    def __init__(self, outbox: Outbox, on_unheard: Callable[[SendRefused], None]) -> None:
        self.outbox = outbox
        self.limits = Limits()
        self._on_unheard = on_unheard
        self._waiting: dict[Key, asyncio.Future[Receipt]] = {}
        self._waiters: dict[Key, int] = {}
        self._send: Send | None = None
        self._later: asyncio.TimerHandle | None = None

    def add(self, unsent: Unsent) -> None:
        """Put something into the outbox; raise ApiError for what the server would refuse for certain, OutboxFull."""
        errors = complaints(unsent, self.limits)
        if errors:
            raise api_error("validation_failed", None, "The server would not take it.", errors)
        self.outbox.add(unsent)

    async def wait_for(self, unsent: Unsent) -> Receipt:
        """Return when it is acknowledged; raise what it was refused with. Who stops waiting does not take it back."""
        loop = asyncio.get_running_loop()
        key = unsent.key
        answer = self._waiting.setdefault(key, loop.create_future())
        self._waiters[key] = self._waiters.get(key, 0) + 1
        try:
            return await asyncio.shield(answer)
        finally:
            self._waiters[key] -= 1
            if not self._waiters[key]:
                del self._waiters[key]
                self._waiting.pop(key, None)

    def connected(self, send: Send) -> None:
        """A connection is ready."""
        self._send = send
        self.flush()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._send = None
        self._stop_timer()
        self.outbox.disconnected()

    def flush(self) -> None:
        """Send what is due, and come back when the outbox is held back until later."""
        if self._send is None:
            return
        loop = asyncio.get_running_loop()
        for unsent in self.outbox.due(loop.time()):
            self._fly(unsent, self._send)
        self._stop_timer()
        if self.outbox.held_until > loop.time():
            self._later = loop.call_at(self.outbox.held_until, self.flush)

    def acknowledged(self, frame: AckFrame) -> None:
        """The server has it."""
        self.outbox.acknowledged(frame.room, frame.client_id)
        answer = self._waiting.get((frame.room, frame.client_id))
        if answer is not None and not answer.done():
            answer.set_result(Receipt(frame.room, frame.id, frame.seq, frame.client_id, frame.duplicate))
        self.flush()

    def refused(self, frame: ErrorFrame) -> None:
        """The server does not take it, now or ever."""
        if frame.client_id is None:
            return
        wait = None if frame.retry_after_ms is None else frame.retry_after_ms / 1000
        dead = self.outbox.refused(
            frame.room,
            frame.client_id,
            frame.code,
            retryable=frame.retryable,
            wait=wait,
            now=asyncio.get_running_loop().time(),
        )
        if dead is not None:
            self._bury(dead, api_error(frame.code, None, frame.detail, frame.errors))
        self.flush()

    def give_up(self, error: DuologueError) -> None:
        """There will be no connection: whoever waits hears why. The outbox keeps what it has."""
        self.disconnected()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    def _fly(self, unsent: Unsent, send: Send) -> None:
        errors = complaints(unsent, self.limits)
        if errors:
            self.outbox.acknowledged(*unsent.key)
            self._bury(unsent, api_error("validation_failed", None, "The server would not take it.", errors))
        else:
            send(unsent.frame())

    def _bury(self, dead: Unsent, error: ApiError) -> None:
        answer = self._waiting.get(dead.key)
        if answer is None:
            text = None if dead.kind == "delete" else dead.text
            self._on_unheard(SendRefused(dead.room, dead.client_id, dead.kind, text, error))
        elif not answer.done():
            answer.set_exception(error)

    def _stop_timer(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
