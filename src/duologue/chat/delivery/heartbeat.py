"""Sweeps over all sockets: silent ones are asked for a sign of life, dead ones are cut, expired and ended ones told."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

_log = structlog.get_logger(__name__)
SWEEP_SECONDS = 5.0
"""From one look at a socket to the next."""
_SLICE = 500


class Pulse(Protocol):
    """A socket as the sweep sees it."""

    def beat(self, now: float) -> None:
        """Look after yourself; `now` is the event loop's time."""

    def revoke(self) -> None:
        """Close when your token has been revoked: its login has ended, or its key was withdrawn."""


class Heartbeat:
    """Keeps every open socket of the process and looks at each every few seconds."""

    def __init__(self) -> None:
        self._sockets: set[Pulse] = set()
        self._loop = asyncio.get_running_loop()
        self._running = self._loop.create_task(self._run(), name="heartbeat")

    def add(self, socket: Pulse) -> None:
        """Look after a socket."""
        self._sockets.add(socket)

    def remove(self, socket: Pulse) -> None:
        """Forget a socket that is gone."""
        self._sockets.discard(socket)

    async def revoke(self) -> None:
        """Close the sockets of logins that have ended, and of keys that were withdrawn."""
        await self._visit(lambda socket: socket.revoke())

    async def close(self) -> None:
        """Stop looking."""
        self._running.cancel()
        await asyncio.wait([self._running])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self._visit(lambda socket: socket.beat(self._loop.time()))

    async def _visit(self, call: Callable[[Pulse], None]) -> None:
        sockets = list(self._sockets)
        for start in range(0, len(sockets), _SLICE):
            for socket in sockets[start : start + _SLICE]:
                _visit_one(socket, call)
            # ten thousand pings at once would stall everybody's messages
            await asyncio.sleep(0)


def _visit_one(socket: Pulse, call: Callable[[Pulse], None]) -> None:
    try:
        call(socket)
    except Exception:  # noqa: BLE001 - logged in full; the sweep must outlive one broken socket
        _log.exception("visit_failed")
