"""The pool that hashes: its size is the bound, and who cannot be served soon is told."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from duologue.auth.hashing import HashingPool
from duologue.kit.problem import Problem


class Work:
    """Jobs that run until they are let go; knows how many ran at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.started = 0

    def __call__(self) -> str:
        with self.lock:
            self.running += 1
            self.started += 1
            self.most = max(self.most, self.running)
        self.begun.set()
        self.go.wait(10)
        with self.lock:
            self.running -= 1
        return "done"


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    made.go.set()


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def settled(pool: HashingPool, taken: int) -> None:
    deadline = time.monotonic() + 5
    while pool._taken != taken and time.monotonic() < deadline:
        time.sleep(0.001)
    assert pool._taken == taken


def test_no_more_run_at_once_than_there_are_workers(work: Work, crowd: ThreadPoolExecutor) -> None:
    pool = HashingPool(workers=2, waiting=10, wait_seconds=5)
    jobs = [crowd.submit(pool.run, work) for _ in range(8)]
    settled(pool, 8)
    deadline = time.monotonic() + 5
    while work.running < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    work.go.set()
    assert [job.result() for job in jobs] == ["done"] * 8
    assert work.most == 2
    settled(pool, 0)
    pool.close()


def test_who_finds_no_place_is_refused_at_once(work: Work, crowd: ThreadPoolExecutor) -> None:
    pool = HashingPool(workers=1, waiting=2, wait_seconds=5)
    jobs = [crowd.submit(pool.run, work) for _ in range(3)]
    settled(pool, 3)
    began = time.monotonic()
    with pytest.raises(Problem) as refused:
        pool.run(work)
    assert time.monotonic() - began < 1
    assert (refused.value.status, refused.value.code) == (503, "overloaded")
    assert int(refused.value.headers()["retry-after"]) >= 1
    work.go.set()
    assert [job.result() for job in jobs] == ["done"] * 3
    # and the places are free again
    assert pool.run(lambda: "free") == "free"
    pool.close()


def test_who_waits_too_long_is_refused_and_never_hashed(work: Work, crowd: ThreadPoolExecutor) -> None:
    pool = HashingPool(workers=1, waiting=5, wait_seconds=0.5)
    first = crowd.submit(pool.run, work)
    work.begun.wait(5)
    with pytest.raises(Problem) as refused:
        pool.run(work)
    assert refused.value.code == "overloaded"
    # the place is free, the worker is not: what runs still counts
    settled(pool, 1)
    work.go.set()
    # begun in time, it is finished however long it takes
    assert first.result() == "done"
    assert work.started == 1
    pool.close()


def test_an_error_of_the_work_reaches_its_caller_and_frees_the_place() -> None:
    pool = HashingPool(workers=1, waiting=0, wait_seconds=1)

    def fail() -> None:
        raise ValueError("no")

    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            pool.run(fail)
    assert pool.run(lambda: 7) == 7
    pool.close()
