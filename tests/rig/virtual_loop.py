"""An event loop without threads, sockets or a clock: what is ready runs in any order, and a seed says in which.

A program that runs on it twice with the same seed does the same twice, to the last byte. What it must not count on is
tried: that what became ready first runs first, that threads answer in the order in which they were asked, that an
answer comes before a timeout. What it may count on is kept: a callback runs alone, timers never fire early, and an
executor of one thread does its work in the order in which it was given.
"""

import asyncio
import heapq
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple

import pytest

_MOST_STEPS = 200_000
_STEP_SECONDS = 2e-5
_SLOWEST_WORK_SECONDS = 0.02
_NOON = 1_762_114_692.0

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Work = deque[tuple[asyncio.Future[Any], Callable[[], Any]]]


class VirtualLoop(asyncio.BaseEventLoop):
    """`random` is the one source of chance. `errors`: what asyncio had to report.

    `loses_answers`: asked after each piece of an executor's work for the error that its answer is lost by.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.steps = 0
        self.errors: list[str] = []
        self.loses_answers: Callable[[Executor | None], BaseException | None] = lambda executor: None
        self._now = 0.0
        self._work_of: dict[Executor | None, Work] = defaultdict(deque)
        self.set_exception_handler(lambda _, context: self.errors.append(repr(context)))

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Arguments], Result], *args: *Arguments
    ) -> asyncio.Future[Result]:
        """Run it between two callbacks, a while from now; the answer comes another while later."""
        answer: asyncio.Future[Result] = self.create_future()
        work = self._work_of[executor] if has_one_thread(executor) else deque()
        work.append((answer, lambda: func(*args)))
        self.call_later(self.random.uniform(0, _SLOWEST_WORK_SECONDS), self._do_the_next, executor, work)
        return answer

    def _do_the_next(self, executor: Executor | None, waiting: Work) -> None:
        answer, work = waiting.popleft()
        settle: Callable[[Any], None] = answer.set_result
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - as a thread passes on whatever it was
            settle, result = answer.set_exception, error
        else:
            if (lost := self.loses_answers(executor)) is not None:
                settle, result = answer.set_exception, lost
        late = self.random.uniform(0, _SLOWEST_WORK_SECONDS)
        self.call_later(late, lambda: None if answer.cancelled() else settle(result))

    def _run_once(self) -> None:
        """Run one callback, whichever of those that could run now."""
        if not self._ready:
            if not self._scheduled:
                raise RuntimeError("all wait, and nothing will ever happen")
            self._now = max(self._now, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._now:
            self._ready.append(heapq.heappop(self._scheduled))
        self._ready.rotate(-self.random.randrange(len(self._ready)))
        handle = self._ready.popleft()
        self._now += self.random.uniform(0, _STEP_SECONDS)
        if not handle.cancelled():
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise RuntimeError("it never ends")
            handle._run()

    def _process_events(self, _: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps."""


def has_one_thread(executor: Executor | None) -> bool:
    """Tell whether its work is done in the order in which it is given."""
    return getattr(executor, "_max_workers", 0) == 1


@contextmanager
def virtual_clock(loop: VirtualLoop) -> Iterator[None]:
    """Let all clocks show the loop's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", loop.time)
        patch.setattr(time, "monotonic_ns", lambda: round(loop.time() * 1e9))
        patch.setattr(time, "time", lambda: _NOON + loop.time())
        patch.setattr(time, "time_ns", lambda: round((_NOON + loop.time()) * 1e9))
        yield
