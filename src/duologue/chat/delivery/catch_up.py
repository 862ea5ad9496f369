"""Reads what a connection missed and hands it over, page by page, until each of its rooms is live."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from duologue.chat.delivery.subscription import Subscription
from duologue.chat.frames import sync_frame
from duologue.chat.model import Room
from duologue.chat.store.api import Store
from duologue.kit.websocket.frames import text_frame

_log = structlog.get_logger(__name__)
_PAGE = 300


class Outlet(Protocol):
    """The connection."""

    closing: bool

    async def writable(self) -> None:
        """Wait until what was sent before has been read."""

    def send_all(self, frames: Sequence[bytes]) -> None:
        """Send ready frames."""

    def failed(self) -> None:
        """End: what is missing cannot be read."""


class CatchUp:
    """One connection's rooms that are behind, one after the other: memory holds one page.

    `turn` waits until the person may read: who comes back with many sockets at once keeps nobody else from reading.
    """

    def __init__(self, store: Store, outlet: Outlet, turn: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._store = store
        self._turn = turn
        self._outlet = outlet
        self._behind: deque[tuple[Room, Subscription]] = deque()
        self._running: asyncio.Task[None] | None = None

    def add(self, room: Room, subscription: Subscription) -> None:
        """Bring a subscription up to date; returns at once."""
        self._behind.append((room, subscription))
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run(), name="catch-up")

    def stop(self) -> None:
        """The connection is gone."""
        self._behind.clear()
        if self._running is not None:
            self._running.cancel()

    async def _run(self) -> None:
        try:
            while self._behind:
                await self._bring_up(*self._behind.popleft())
        except Exception:  # noqa: BLE001 - logged in full; a connection that misses something must not stay open
            _log.exception("catch_up_failed")
            self._outlet.failed()
        finally:
            self._running = None

    async def _bring_up(self, room: Room, subscription: Subscription) -> None:
        while not subscription.live and not self._outlet.closing:
            async with self._turn():
                changes = await self._store.changes(room, subscription.seq, subscription.change, _PAGE)
            if changes is None:
                raise RuntimeError("a connection stands where its room has not been yet")
            await self._outlet.writable()
            self._outlet.send_all([text_frame(sync_frame(self._store.epoch, room, changes))])
            # what is held comes on top only when the page has been read: together they could be more than may wait
            await self._outlet.writable()
            # from here on nothing else runs until the subscription is live or reads again
            held = subscription.caught_up(changes.seq, changes.change, more=changes.more)
            if held:
                self._outlet.send_all(held)
