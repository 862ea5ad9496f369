"""How much one user may read: one thing after the other, and over REST what is large counts as many."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable

from duologue.chat.access.allowance import Allowance

_BYTES_OF_ONE = 65_536


class Reads:
    """Hands each user one turn at a time.

    A page of a long history is a thousand times the work of a room, and the store reads with a few threads for all:
    whoever asks for a hundred pages at once waits for their own, and nobody else does.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._allowance = Allowance(rate, burst)
        self._turns: dict[str, asyncio.Lock] = {}
        self._wanted: Counter[str] = Counter()

    @contextlib.asynccontextmanager
    async def turn(self, user_id: str) -> AsyncIterator[Callable[[int], None]]:
        """Wait for the user's turn and yield what to tell the size of the answer to, in bytes.

        Raise Problem `rate_limited`: at once for too many requests, after the wait for what those before it have read.
        """
        self._allowance.spend(user_id)
        async with self.alone(user_id):
            self._allowance.check(user_id)
            yield lambda size: self._allowance.owe(user_id, size // _BYTES_OF_ONE)

    @contextlib.asynccontextmanager
    async def alone(self, user_id: str) -> AsyncIterator[None]:
        """Wait for the user's turn; what is read counts as nothing."""
        turn = self._turns.setdefault(user_id, asyncio.Lock())
        self._wanted[user_id] += 1
        try:
            async with turn:
                yield
        finally:
            self._wanted[user_id] -= 1
            if not self._wanted[user_id]:
                del self._wanted[user_id], self._turns[user_id]
