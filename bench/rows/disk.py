"""What the disk allows: appends that are durable when they return."""

from __future__ import annotations

import os
import time

from bench.load.clocks import latency
from bench.results import Line, Table
from bench.stage import Stage

_BLOCK = b"x" * 4096


def disk(stage: Stage) -> Table:
    """Measure append and fdatasync of 4 kB on the file system that holds the data."""
    runs = [_append(stage) for _ in range(stage.effort.runs)]
    return Table(
        name="disk",
        title="The disk: append 4 kB + fdatasync, one after another",
        lines=[
            Line(what="p50", unit="ms", product=[run[0] for run in runs], less_is_better=True),
            Line(what="p99", unit="ms", product=[run[1] for run in runs], less_is_better=True),
        ],
        notes=["For context: no acknowledgement can come sooner. Whether the disk keeps its word is the host's."],
    )


def _append(stage: Stage) -> tuple[float, float]:
    path = stage.directory / "appended"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    # macOS has no fdatasync
    sync = getattr(os, "fdatasync", os.fsync)
    samples = []
    try:
        end = time.perf_counter() + stage.effort.seconds / 2
        while time.perf_counter() < end:
            began = time.perf_counter()
            os.write(handle, _BLOCK)
            sync(handle)
            samples.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()
    found = latency(samples)
    return found.p50, found.p99
