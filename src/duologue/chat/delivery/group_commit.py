"""The heart: all that waits goes into one commit, then it is delivered and acknowledged, in this order.

There is no timer. While one commit is on its way to the disk the next batch gathers, so the disk's own pace is the
batching window, and a lone sender waits for nobody.
"""

import asyncio
import contextlib
from collections import deque

import structlog

from duologue.chat.delivery.hub import Hub
from duologue.chat.errors import client_id_reused, not_found, outcome_unknown, overloaded
from duologue.chat.model import Draft, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, Outcome, OutcomeUnknownError, Store

_log = structlog.get_logger(__name__)
_BATCH = 256

Waiting = tuple[Draft, "asyncio.Future[Posted]"]


class GroupCommit:
    """The one queue that every message passes."""

    def __init__(self, store: Store, hub: Hub, most_waiting: int) -> None:
        self._store = store
        self._hub = hub
        self._most_waiting = most_waiting
        self._waiting: deque[Waiting] = deque()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._running = self._loop.create_task(self._run(), name="group-commit")

    def post(self, draft: Draft) -> "asyncio.Future[Posted]":
        """Queue a draft. The future holds the outcome once it is durable; Problem `overloaded` is raised at once."""
        if len(self._waiting) >= self._most_waiting:
            raise overloaded()
        outcome: asyncio.Future[Posted] = self._loop.create_future()
        self._waiting.append((draft, outcome))
        self._wake.set()
        return outcome

    @property
    def alive(self) -> bool:
        """Whether the queue is being served."""
        return not self._running.done()

    async def close(self) -> None:
        """Store what waits, then stop."""
        while self._waiting and self.alive:
            self._wake.set()
            await asyncio.sleep(0.005)
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            if not self._waiting:
                self._wake.clear()
            if batch:
                # shielded: a batch that has begun is finished and answered, whatever ends this task
                await asyncio.shield(self._loop.create_task(self._commit(batch)))

    async def _commit(self, batch: list[Waiting]) -> None:
        try:
            outcomes = await self._store.append([draft for draft, _ in batch])
        except OutcomeUnknownError:
            self._fail(batch)
            return
        except Exception:  # noqa: BLE001 - logged in full; the queue must outlive whatever it was
            _log.exception("commit_failed")
            self._fail(batch)
            return
        for (draft, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Posted) and not outcome.duplicate:
                self._hub.deliver(draft.room, outcome.message)
        for (_, waiting), outcome in zip(batch, outcomes, strict=True):
            _answer(waiting, outcome)

    @staticmethod
    def _fail(batch: list[Waiting]) -> None:
        for _, waiting in batch:
            if not waiting.done():
                waiting.set_exception(outcome_unknown())


def _answer(waiting: "asyncio.Future[Posted]", outcome: Outcome) -> None:
    if waiting.done():
        return
    if isinstance(outcome, Posted):
        waiting.set_result(outcome)
    elif isinstance(outcome, NotAMemberError):
        waiting.set_exception(not_found())
    elif isinstance(outcome, ClientIdReusedError):
        waiting.set_exception(client_id_reused())
