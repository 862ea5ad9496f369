"""Events between the socket and whoever reads them, bounded, with the places that reading them reaches."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from duologue.client.core.rooms import Step
from duologue.client.errors import DuologueError
from duologue.client.events import ConnectionChanged, Event

Places = dict[int, str | None]


class _Item(NamedTuple):
    event: Event | None
    places: Places


class Inbox:
    """A queue. From `limit` events on who fills it stops reading; what is on its way has room up to twice as many.

    `places` is what was dealt with for certain: an event counts when the next one is asked for. A crash in between
    brings the event again rather than never. Where nothing of a room waits to be dealt with, its place is reached at
    once: also that at which a room begins, although nobody has read an event yet.
    """

    def __init__(self, limit: int, places: dict[int, str], on_drained: Callable[[], None]) -> None:
        self.places = places
        self._limit = limit
        self._on_drained = on_drained
        self._items: deque[_Item] = deque()
        self._current = _Item(None, {})
        self._waiting: dict[int, Places] = {}
        """The places that a room's newest event reaches, while it waits or is being dealt with."""
        self._error: DuologueError | None = None
        self._ended = False
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_full(self) -> bool:
        """Whether reading has to wait: from `limit` events on until half of it is free."""
        return not self._drained.is_set()

    @property
    def overflows(self) -> bool:
        """Whether nothing more is taken, also of what comes regardless."""
        return len(self._items) >= 2 * self._limit

    def put(self, step: Step) -> None:
        """Add what a frame brought; its place is reached after the last event."""
        for event in step.events:
            self._append(event)
        if step.events:
            self._waiting[step.room] = self._items[-1].places
        places = self._waiting.get(step.room)
        if places is None:
            self._reach({step.room: step.place})
        else:
            places[step.room] = step.place

    def tell(self, event: Event) -> None:
        """Add an event that must not be left out. Of states in a row, the last one counts."""
        if (
            self._items
            and isinstance(event, ConnectionChanged)
            and isinstance(self._items[-1].event, ConnectionChanged)
        ):
            self._items[-1] = _Item(event, {})
        else:
            self._append(event)

    def mention(self, event: Event) -> None:
        """Add an event that may be left out: it is when half the room is taken."""
        if len(self._items) < self._limit // 2:
            self._append(event)

    def end(self, error: DuologueError | None) -> None:
        """Let the reader have what is here, then the end: an exception, or just no more."""
        self._error, self._ended = error, True
        self._filled.set()

    async def next(self) -> Event | None:
        """Return the next event and count the one before as dealt with; None at the end."""
        self._deal_with(self._current.places)
        self._current = _Item(None, {})
        while not self._items:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            self._filled.clear()
            await self._filled.wait()
        self._current = self._items.popleft()
        if len(self._items) <= self._limit // 2 and not self._drained.is_set():
            self._drained.set()
            self._on_drained()
        return self._current.event

    async def has_room(self) -> None:
        """Wait until half of it is free."""
        await self._drained.wait()

    def _append(self, event: Event) -> None:
        self._items.append(_Item(event, {}))
        self._filled.set()
        if len(self._items) >= self._limit:
            self._drained.clear()

    def _deal_with(self, places: Places) -> None:
        for room in places:
            if self._waiting[room] is places:
                del self._waiting[room]
        self._reach(places)

    def _reach(self, places: Places) -> None:
        for room, place in places.items():
            if place is None:
                self.places.pop(room, None)
            else:
                self.places[room] = place
