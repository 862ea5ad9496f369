"""The heart: all that waits goes into one commit, then it is delivered and acknowledged, in this order.

There is no timer. While one commit is on its way to the disk the next batch gathers, so the disk's own pace is the
batching window, and a lone sender waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from duologue.chat.delivery.hub import Hub
from duologue.chat.errors import Problem, client_id_reused, not_found, outcome_unknown, overloaded
from duologue.chat.model import Draft, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, OutcomeUnknownError, Store

_log = structlog.get_logger(__name__)
_BATCH = 1024

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
                await self._gather()
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                if not self._waiting:
                    self._wake.clear()
                outcomes = await self._commit(batch) if batch else []
                # from here to the next wait nothing can cancel us: each of the batch is answered once
                self._deliver(batch, outcomes)
                _answer(batch, outcomes)
                batch = []
        finally:
            # only a cancelled task has anything left here: nobody waits for ever
            self._closing = True
            left = [*batch, *self._waiting]
            _answer(left, [outcome_unknown()] * len(left))

    async def _gather(self) -> None:
        """Let the event loop read on as long as each of its turns brings more.

        It costs a lone sender one empty turn, some microseconds. In a crowd the two sides of a conversation share a
        commit, an index page and a write to each socket.
        """
        gathered = 0
        while gathered < len(self._waiting) < _BATCH:
            gathered = len(self._waiting)
            await asyncio.sleep(0)

    async def _commit(self, batch: Sequence[Waiting]) -> Sequence[Posted | Problem]:
        try:
            outcomes = await self._store.append([draft for draft, _ in batch])
        except OutcomeUnknownError:
            return [outcome_unknown()] * len(batch)
        except Exception:  # noqa: BLE001 - logged in full; the queue must outlive whatever it was
            _log.exception("commit_failed")
            return [outcome_unknown()] * len(batch)
        return [outcome if isinstance(outcome, Posted) else _refusal(outcome) for outcome in outcomes]

    def _deliver(self, batch: Sequence[Waiting], outcomes: Sequence[Posted | Problem]) -> None:
        fresh = [
            (draft.room, outcome.message)
            for (draft, _), outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Posted) and not outcome.duplicate
        ]
        try:
            self._hub.deliver(fresh)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("delivery_failed")


def _answer(batch: Sequence[Waiting], outcomes: Sequence[Posted | Problem]) -> None:
    for (draft, reply), outcome in zip(batch, outcomes, strict=True):
        try:
            reply(draft, outcome)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("reply_failed")


def _refusal(outcome: NotAMemberError | ClientIdReusedError) -> Problem:
    return not_found() if isinstance(outcome, NotAMemberError) else client_id_reused()
