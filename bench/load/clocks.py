"""When a run began and ended, what CPU it took on both sides, and percentiles."""

import asyncio
import time
from collections.abc import Callable, Sequence

import psutil

from bench.load.plans import Latency

DRAIN_SECONDS = 15.0


def cpu_seconds(pid: int) -> float:
    """Return the CPU time, user and system, that a process has used so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def busy_seconds() -> float:
    """Return the CPU time that the whole machine has worked so far, what a hypervisor took away included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


class Stopwatch:
    """One measured stretch of time. CPU is in shares of one core once it has stopped.

    The client is this process unless another one talks for it. `noise`: what others took, and the hypervisor.
    """

    def __init__(self, server_pid: int, client_pid: int | None = None) -> None:
        self._server_pid = server_pid
        self._client_pid = client_pid
        self.started = self.ended = 0.0
        self.client_cpu = self.server_cpu = self.noise = 0.0

    def start(self) -> None:
        """Begin to measure."""
        self._before = self._read()
        self.started = time.perf_counter()

    def stop(self) -> None:
        """End."""
        self.ended = time.perf_counter()
        spent = [(after - before) / self.seconds for before, after in zip(self._before, self._read(), strict=True)]
        self.client_cpu, self.server_cpu, busy = spent
        self.noise = max(0.0, busy - self.client_cpu - self.server_cpu)

    def _read(self) -> tuple[float, float, float]:
        own = time.process_time() if self._client_pid is None else cpu_seconds(self._client_pid)
        return own, cpu_seconds(self._server_pid), busy_seconds()

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ended - self.started

    def covers(self, moment: float) -> bool:
        """Tell whether a moment (of `time.perf_counter`) lies in the measured time."""
        return self.started <= moment < self.ended


def latency(samples: Sequence[float]) -> Latency:
    """Return the percentiles of samples in seconds."""
    if not samples:
        return Latency(0, 0.0, 0.0, 0.0)
    ordered = sorted(samples)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 for part in (0.5, 0.99)]
    return Latency(len(ordered), at[0], at[1], ordered[-1] * 1000)


def due_now(rate: float, began: float) -> Callable[[], int]:
    """Return a function that tells how many events have come due since it was last asked."""
    done = 0

    def due() -> int:
        nonlocal done
        new = int((time.perf_counter() - began) * rate) - done
        done += new
        return new

    return due


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what is still under way, but not for ever: what is missing then shows as a fault."""
    end = time.perf_counter() + DRAIN_SECONDS
    while not condition() and time.perf_counter() < end:  # noqa: ASYNC110 - an event would burden the hot path
        await asyncio.sleep(0.02)
