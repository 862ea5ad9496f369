"""Reads over REST what no `sync` brings: rooms opened while nobody listened, cursors that no `hello` has room for."""

import asyncio
import random

from duologue.client.core.backoff import full_jitter
from duologue.client.core.rooms import Rooms
from duologue.client.errors import DuologueError, NotInRoom, ResyncRequired
from duologue.client.inbox import Inbox
from duologue.client.rest import Rest


class CatchingUp:
    """One room after the other, page by page, as fast as the events are read."""

    def __init__(self, rooms: Rooms, rest: Rest, inbox: Inbox) -> None:
        self._rooms = rooms
        self._rest = rest
        self._inbox = inbox
        self._task: asyncio.Task[None] | None = None

    def go_on(self) -> None:
        """Begin, when there is something to do and it is not being done."""
        if self._rooms.catching_up and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End; the rooms stay where their cursors are."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self) -> None:
        attempt = 0
        while self._rooms.catching_up:
            await self._inbox.has_room()
            try:
                await self._page(next(iter(self._rooms.catching_up)))
                attempt = 0
            except DuologueError:
                await asyncio.sleep(full_jitter(attempt, random.random))
                attempt += 1

    async def _page(self, room: int) -> None:
        try:
            page = await self._rest.changes(room, self._rooms.fetching(room))
        except ResyncRequired:
            self._inbox.put(self._rooms.refused_cursor(room))
        except NotInRoom:
            self._rooms.left(room)
        else:
            self._inbox.put(self._rooms.fetched(room, page))
