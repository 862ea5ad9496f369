"""Processes that are measured: servers that run until stopped, clients that run a plan."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec
import psutil

from bench.load.plans import HttpPlan, Load, SocketPlan
from bench.placement import Placement

_STOP_SECONDS = 20.0
_LOAD_SECONDS = 180.0
_FAULTS_TOLD = 10


class FaultyRunError(RuntimeError):
    """A run lost, doubled or mixed up something: its figures count for nothing."""


class Server:
    """A serving process on the server's core."""

    def __init__(
        self, placement: Placement, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log = log.open("ab")
        with placement.on(placement.server):
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment,
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it still lives."""
        return self._process.poll() is None

    def first_line(self) -> str:
        """Wait for its first line of output and return it."""
        if self._process.stdout is None:
            raise RuntimeError("no output is read")
        return self._process.stdout.readline().decode().strip()

    def pss(self) -> int:
        """Return its proportional share of memory in bytes, all its threads and children included."""
        process = psutil.Process(self.pid)
        return sum(int(one.memory_full_info().pss) for one in [process, *process.children(recursive=True)])

    def stop(self) -> int:
        """End it with SIGTERM, as a supervisor would; return its exit code."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
        return self._process.returncode

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Client:
    """A load client that has begun; `result` waits for it."""

    def __init__(self, placement: Placement, plan: SocketPlan | HttpPlan) -> None:
        module = "bench.load.sockets" if isinstance(plan, SocketPlan) else "bench.load.requests"
        with placement.on(placement.client):
            self._process = subprocess.Popen(
                [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        if self._process.stdin is None:
            raise RuntimeError("no way to hand over the plan")
        self._process.stdin.write(msgspec.json.encode(plan))
        self._process.stdin.close()
        self._process.stdin = None

    def result(self) -> Load:
        """Return what it measured; raise FaultyRunError when that does not count."""
        output, _ = self._process.communicate(timeout=_LOAD_SECONDS)
        if self._process.returncode != 0:
            raise FaultyRunError(f"the load client ended with {self._process.returncode}")
        load = msgspec.json.decode(output, type=Load)
        if load.faults:
            raise FaultyRunError("; ".join(sorted(set(load.faults))[:_FAULTS_TOLD]))
        return load


def run(placement: Placement, plan: SocketPlan | HttpPlan) -> Load:
    """Run a load client to its end."""
    return Client(placement, plan).result()
