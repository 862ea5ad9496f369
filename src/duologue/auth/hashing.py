"""Password hashing: Argon2id with fixed costs, in a pool whose size is the bound on memory and processor."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import argon2
import structlog
from django.contrib.auth.hashers import Argon2PasswordHasher

from duologue.auth.runtime import runtime
from duologue.kit.problem import Problem

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)

# A stored hash says what it costs to check it. Whoever can write one must not decide how much memory we take.
_MOST_MEMORY_KIB = 128 * 1024
_MOST_PASSES = 10
_MOST_LANES = 8


class HashingPool:
    """Runs at most `workers` hashes at once, lets `waiting` more wait, each for at most `wait_seconds`.

    The bound is the pool itself and no semaphore around it: a request that is given up frees its place only when its
    hash has really ended.
    """

    def __init__(self, workers: int, waiting: int, wait_seconds: float) -> None:
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="password")
        self._places = workers + waiting
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._taken = 0

    def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns; raise Problem 503 when too much waits or the wait gets too long."""
        with self._lock:
            if self._taken >= self._places:
                raise self._overloaded()
            self._taken += 1
        future = self._executor.submit(work)
        future.add_done_callback(self._leave)
        try:
            return future.result(self._wait_seconds)
        except TimeoutError:
            if future.cancel():
                raise self._overloaded() from None
            # it runs already: an answer is near
            return future.result()

    def close(self) -> None:
        """End the threads after what they run."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _leave(self, _: Future[Result]) -> None:
        with self._lock:
            self._taken -= 1

    def _overloaded(self) -> Problem:
        _log.warning("password_hashing_overloaded", places=self._places)
        return Problem(
            503, "overloaded", "The service is busy; try again in a moment.", retry_after=max(1.0, self._wait_seconds)
        )


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id, m=19 MiB t=2 p=1: OWASP's minimum (Password Storage Cheat Sheet), 30 to 70 ms of one core.

    Django passes passwords through `encode` (new ones, and once for unknown users) and `verify`; each call is exactly
    one hash, so that every refused login costs the same.
    """

    time_cost = 2
    memory_cost = 19456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the stored form."""
        encode = super().encode
        return runtime().hashing.run(lambda: encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Tell whether the password is right; a stored hash with unheard-of costs is never right."""
        if not self._is_affordable(encoded):
            _log.error("stored_password_hash_refused")
            self.encode(password, self.salt())
            return False
        verify = super().verify
        return runtime().hashing.run(lambda: verify(password, encoded))

    def must_update(self, encoded: str) -> bool:
        """Tell whether a right password shall be hashed anew with today's costs."""
        return self._is_affordable(encoded) and super().must_update(encoded)

    def _is_affordable(self, encoded: str) -> bool:
        try:
            costs = argon2.extract_parameters("$" + encoded.partition("$")[2])
        except (argon2.exceptions.InvalidHashError, ValueError):
            return False
        return (
            costs.memory_cost <= _MOST_MEMORY_KIB
            and costs.time_cost <= _MOST_PASSES
            and costs.parallelism <= _MOST_LANES
        )
