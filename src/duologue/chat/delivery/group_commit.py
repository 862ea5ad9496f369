"""The heart: all that waits goes into one commit, then it is delivered and acknowledged, in this order.

There is no timer. While one commit is on its way to the disk the next batch gathers, so the disk's own pace is the
batching window, and a lone sender waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog

from duologue.chat.delivery.hub import Hub
from duologue.chat.errors import Problem, client_id_reused, not_found, outcome_unknown, overloaded
from duologue.chat.model import Draft, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, OutcomeUnknownError, Store

_log = structlog.get_logger(__name__)
_BATCH = 256

Reply = Callable[[Draft, Posted | Problem], None]
"""Told the outcome of a draft, once. It must not raise and must not block."""

Waiting = tuple[Draft, Reply]


class GroupCommit:
    """The one queue that every message passes."""

    def __init__(self, store: Store, hub: Hub, most_waiting: int) -> None:
        self._store = store
        self._hub = hub
        self._most_waiting = most_waiting
        self._waiting: deque[Waiting] = deque()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._running = self._loop.create_task(self._run(), name="group-commit")

    def post(self, draft: Draft, reply: Reply) -> None:
        """Queue a draft; `reply` hears the outcome once it is durable and delivered. Raise Problem `overloaded`."""
        if len(self._waiting) >= self._most_waiting or self._closing:
            raise overloaded()
        self._waiting.append((draft, reply))
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether the queue is being served."""
        return not self._running.done()

    async def close(self) -> None:
        """Take nothing more; store and answer what waits, then stop."""
        self._closing = True
        self._wake.set()
        await asyncio.wait([self._running])

    async def _run(self) -> None:
        batch: list[Waiting] = []
        try:
            while self._waiting or not self._closing:
                await self._wake.wait()
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                if not self._waiting:
                    self._wake.clear()
                if batch:
                    await self._settle(batch)
        finally:
            # only a cancelled task has anything left here: nobody waits for ever
            self._closing = True
            _fail([*batch, *self._waiting])

    async def _settle(self, batch: Sequence[Waiting]) -> None:
        try:
            await self._commit(batch)
        except OutcomeUnknownError:
            _fail(batch)
        except Exception:  # noqa: BLE001 - logged in full; the queue must outlive whatever it was
            _log.exception("commit_failed")
            _fail(batch)

    async def _commit(self, batch: Sequence[Waiting]) -> None:
        outcomes = await self._store.append([draft for draft, _ in batch])
        for (draft, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Posted) and not outcome.duplicate:
                self._hub.deliver(draft.room, outcome.message)
        for (draft, reply), outcome in zip(batch, outcomes, strict=True):
            reply(draft, outcome if isinstance(outcome, Posted) else _refusal(outcome))


def _fail(batch: Iterable[Waiting]) -> None:
    for draft, reply in batch:
        reply(draft, outcome_unknown())


def _refusal(outcome: NotAMemberError | ClientIdReusedError) -> Problem:
    return not_found() if isinstance(outcome, NotAMemberError) else client_id_reused()
