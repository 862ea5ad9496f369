"""Which core serves and which one loads, so that neither takes the other's time."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

_ENOUGH_FILES = 20_000
_URGENCY = -11


class Placement:
    """Two cores of this machine, or no pinning where there is only one or the system cannot pin."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.all = set(cores)
        self.server: int | None = cores[0] if len(cores) > 1 else None
        self.client: int | None = cores[1] if len(cores) > 1 else None

    @property
    def described(self) -> str:
        """One sentence for the report."""
        if self.server is None:
            return "not pinned: server and client share what there is"
        return f"server on core {self.server}, load client on core {self.client}"

    @contextlib.contextmanager
    def on(self, core: int | None) -> Iterator[None]:
        """Start processes on a core: children inherit the affinity of the thread that makes them."""
        if core is None:
            yield
            return
        os.sched_setaffinity(0, {core})
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.all)

    @contextlib.contextmanager
    def spread(self, pid: int) -> Iterator[None]:
        """Let a running process use every core for a while."""
        if self.server is None:
            yield
            return
        _place(pid, self.all)
        try:
            yield
        finally:
            _place(pid, {self.server})


def _place(pid: int, cores: set[int]) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


def raise_file_limit() -> int:
    """Let this process and its children open as many files as the hard limit allows; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, _ENOUGH_FILES) if hard != resource.RLIM_INFINITY else _ENOUGH_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


@contextlib.contextmanager
def urgent() -> Iterator[None]:
    """Take the processor before others on a machine that is not ours alone. Raises PermissionError without root."""
    # with autogroups, niceness counts only among the processes of one terminal session (sched(7)); the session outlives
    # us, so it gets its own niceness back
    session = Path("/proc/self/autogroup")
    before = session.read_text().split()[-1] if session.exists() else None
    os.nice(_URGENCY)
    if before is not None:
        session.write_text(str(_URGENCY))
    try:
        yield
    finally:
        if before is not None:
            session.write_text(before)
