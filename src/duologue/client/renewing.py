"""A fresh token for a socket whose token ends soon, asked for until there is one or the socket is gone."""

import asyncio
import random
from collections.abc import Callable

from duologue.client.core.backoff import full_jitter
from duologue.client.errors import ApiError, DuologueError
from duologue.client.session import Session


class Renewing:
    """Runs from `begin` to `stop`, at the latest: without a fresh token the server closes the socket with 4401.

    The next life of the socket then finds out what became of the login.
    """

    def __init__(self, session: Session, on_token: Callable[[str], None]) -> None:
        self._session = session
        self._on_token = on_token
        self._task: asyncio.Task[None] | None = None

    def begin(self, stale: str | None) -> None:
        """Ask for another token than this one, unless that is being done."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(stale))

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self, stale: str | None) -> None:
        attempt = 0
        while True:
            try:
                return self._on_token(await self._session.renewed(stale))
            except ApiError as refusal:
                if not refusal.retryable:
                    return None
                least = refusal.retry_after or 0.0
            except DuologueError:
                least = 0.0
            await asyncio.sleep(max(least, full_jitter(attempt, random.random)))
            attempt += 1
