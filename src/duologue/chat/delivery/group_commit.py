"""The heart: all that waits goes into one commit, then it is delivered and acknowledged, in this order.

There is no timer. While one commit is on its way to the disk the next batch gathers, so the disk's own pace is the
batching window, and a lone sender waits for nobody.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from duologue.chat.delivery.hub import Hub, Listener
from duologue.chat.errors import (
    Problem,
    client_id_reused,
    edit_too_late,
    message_deleted,
    no_such_message,
    not_found,
    not_the_author,
    outcome_unknown,
    overloaded,
)
from duologue.chat.model import Done, MarkMove, Posted, Room, Write
from duologue.chat.store.api import (
    ClientIdReusedError,
    MessageDeletedError,
    NoSuchMessageError,
    NotAMemberError,
    NotTheAuthorError,
    OutcomeUnknownError,
    Refused,
    Store,
    TooLateError,
)

_log = structlog.get_logger(__name__)
_BATCH = 1024
# A batch is bounded by its size too: all of it goes to each socket in one turn of the loop, and a reader who keeps up
# must find room for it. Fewer writes than this are not weighed.
_BATCH_CHARACTERS, _UNWEIGHED = 65_536, 16
_SECONDS_BETWEEN_LOOKS = 0.5

Answer = tuple[Listener, bytes]
Reply = Callable[[Any, Any], Answer | None]
"""Told a write and its outcome or Problem, once, when it is durable. It must not raise and must not block.

What it returns, a frame for a socket, leaves with all else that the batch has for this socket, in one system call.
"""

Waiting = tuple[Write, Reply]
Told = list[tuple[Room, Done]]


class GroupCommit:
    """The one queue that everything said in a room passes."""

    def __init__(self, store: Store, hub: Hub, most_waiting: int) -> None:
        self._store = store
        self._hub = hub
        self._most_waiting = most_waiting
        self._waiting: deque[Waiting] = deque()
        self._closing = False
        self._in_doubt: set[int] = set()
        self._clearing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._running = self._loop.create_task(self._run(), name="group-commit")

    def post(self, write: Write, reply: Reply) -> None:
        """Queue a write; `reply` hears the outcome once it is durable. Raise Problem `overloaded`."""
        if len(self._waiting) >= self._most_waiting or self._closing:
            raise overloaded()
        self._waiting.append((write, reply))
        if len(self._waiting) == 1:
            # else it is set: it stays so as long as something waits
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
        if self._clearing is not None:
            self._clearing.cancel()
            await asyncio.wait([self._clearing])

    async def _run(self) -> None:
        batch: list[Waiting] = []
        try:
            while self._waiting or not self._closing:
                await self._wake.wait()
                await self._gather()
                batch = [self._waiting.popleft() for _ in range(self._next_batch())]
                if not self._waiting:
                    self._wake.clear()
                outcomes = await self._commit(batch) if batch else []
                # from here to the next wait nothing can cancel us: each of the batch is answered once
                self._tell(batch, outcomes)
                batch = []
        finally:
            # only a cancelled task has anything left here: nobody waits for ever
            self._closing = True
            left = [*batch, *self._waiting]
            self._tell(left, [outcome_unknown()] * len(left))

    async def _gather(self) -> None:
        """Let the event loop read on as long as each of its turns brings more.

        It costs a lone sender one empty turn, some microseconds. In a crowd the two sides of a conversation share a
        commit, an index page and a write to each socket.
        """
        gathered = 0
        while gathered < len(self._waiting) < _BATCH:
            gathered = len(self._waiting)
            await asyncio.sleep(0)

    def _next_batch(self) -> int:
        most = min(_BATCH, len(self._waiting))
        if most <= _UNWEIGHED:
            return most
        characters = 0
        for count, (write, _) in enumerate(itertools.islice(self._waiting, most), 1):
            characters += 0 if isinstance(write, MarkMove) else len(write.content or "")
            if characters >= _BATCH_CHARACTERS:
                return count
        return most

    async def _commit(self, batch: Sequence[Waiting]) -> Sequence[Done | Problem]:
        try:
            outcomes = await self._store.commit([write for write, _ in batch])
        except OutcomeUnknownError:
            pass
        except Exception:  # noqa: BLE001 - logged in full; the queue must outlive whatever it was
            _log.exception("commit_failed")
        else:
            return [_refusal(outcome) if isinstance(outcome, Exception) else outcome for outcome in outcomes]
        self._doubt(batch)
        return [outcome_unknown()] * len(batch)

    def _doubt(self, batch: Sequence[Waiting]) -> None:
        self._in_doubt.update(write.room.id for write, _ in batch)
        if self._clearing is None or self._clearing.done():
            self._clearing = self._loop.create_task(self._clear_up(), name="group-commit-doubts")

    async def _clear_up(self) -> None:
        """Once the store is well, let everybody look at what may have been stored: perhaps nobody says it again."""
        while not self._store.healthy:  # noqa: ASYNC110 - a store is asked for its health, it tells nobody
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        doubtful, self._in_doubt = self._in_doubt, set()
        self._hub.look_again(doubtful)

    def _tell(self, batch: Sequence[Waiting], outcomes: Sequence[Done | Problem]) -> None:
        said: Told = []
        changed: Told = []
        for (write, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Posted):
                if not outcome.duplicate:
                    said.append((write.room, outcome))
            elif not isinstance(outcome, Problem) and outcome.fresh:
                changed.append((write.room, outcome))
        # in the order of their numbers, see Store.commit
        self._hub.deliver(said + changed, _answers(batch, outcomes))


def _answers(batch: Sequence[Waiting], outcomes: Sequence[Done | Problem]) -> list[Answer]:
    answers: list[Answer] = []
    for (write, reply), outcome in zip(batch, outcomes, strict=True):
        try:
            answer = reply(write, outcome)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("reply_failed")
        else:
            if answer is not None:
                answers.append(answer)
    return answers


_PROBLEMS: dict[type[Refused], Callable[[], Problem]] = {
    NotAMemberError: not_found,
    ClientIdReusedError: client_id_reused,
    NoSuchMessageError: no_such_message,
    NotTheAuthorError: not_the_author,
    MessageDeletedError: message_deleted,
    TooLateError: edit_too_late,
}


def _refusal(outcome: Refused) -> Problem:
    return _PROBLEMS[type(outcome)]()
