"""Who stands at the door and has not shown a token yet: not too many from one place, and nobody for long."""

import asyncio
from collections import Counter
from collections.abc import Callable

from duologue.chat.errors import too_many_waiting


class Waiting:
    """Counts open sockets without an owner, by where they come from."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._counts: Counter[str] = Counter()

    def place(self, origin: str) -> "Place":
        """Return a place for one more from there. Raise Problem `too_many_sockets` when that would be too many."""
        if self._counts.get(origin, 0) >= self._most:
            raise too_many_waiting()
        return Place(self._counts, origin, self._seconds)


class Place:
    """One socket's, from its opening until it has an owner or is gone."""

    __slots__ = ("_counts", "_deadline", "_origin", "_seconds")

    def __init__(self, counts: Counter[str], origin: str, seconds: float) -> None:
        self._counts = counts
        self._origin = origin
        self._seconds = seconds
        self._deadline: asyncio.TimerHandle | None = None

    def take(self, too_late: Callable[[], None]) -> None:
        """Begin to wait; `too_late` is called when that took too long."""
        self._counts[self._origin] += 1
        self._deadline = asyncio.get_running_loop().call_later(self._seconds, too_late)

    def leave(self) -> None:
        """Wait no longer. Nothing happens the second time."""
        if self._deadline is None:
            return
        self._deadline.cancel()
        self._deadline = None
        self._counts[self._origin] -= 1
        if self._counts[self._origin] <= 0:
            del self._counts[self._origin]
