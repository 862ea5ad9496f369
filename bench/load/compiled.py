"""Builds and runs the compiled socket load, talk.c."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.load.clocks import DRAIN_SECONDS, Stopwatch
from bench.load.opening import open_seat
from bench.load.plans import SocketPlan
from bench.load.recording import Recording, tail_of

_SOURCE = Path(__file__).with_name("talk.c")
_BUILDS = Path(__file__).parent.parent.parent / ".cache" / "bench-build"
# struct record of talk.c: moment, seat, kind, size, unused
_RECORD = struct.Struct("=dIIII")
_SENT, _RECEIVED, _LOST, _ACKNOWLEDGED = 1, 2, 3, 4


def build() -> Path | None:
    """Return the compiled program, building it when it is not there; None without a compiler or on another system."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    program = _BUILDS / f"talk-{hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]}"
    if not program.exists():
        _BUILDS.mkdir(parents=True, exist_ok=True)
        draft = program.with_name(f"{program.name}.{os.getpid()}")
        subprocess.run([compiler, "-O2", "-o", draft, _SOURCE], check=True)
        draft.rename(program)
    return program


def record(program: Path, plan: SocketPlan) -> tuple[Stopwatch, list[Recording]]:
    """Open the sockets here, let the program talk over them, return what it wrote down."""
    wires = [open_seat(plan.port, seat, v1=plan.v1) for seat in plan.seats]
    with tempfile.TemporaryDirectory(dir=_BUILDS) as folder:
        output = Path(folder) / "log"
        talk = subprocess.Popen(
            [program, output],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[wire.fileno() for wire in wires],
            text=True,
        )
        if talk.stdin is None or talk.stdout is None:
            raise RuntimeError("no way to talk to the client")
        talk.stdin.write(_orders(plan, wires))
        talk.stdin.close()
        for wire in wires:
            wire.close()
        watch = Stopwatch(plan.server_pid, talk.pid)
        if talk.stdout.readline() == "start\n":
            watch.start()
        if talk.stdout.readline() == "stop\n":
            watch.stop()
        if talk.wait() != 0:
            raise RuntimeError(f"talk ended with {talk.returncode}")
        return watch, _read(output.read_bytes(), plan)


def _orders(plan: SocketPlan, wires: Sequence[socket.socket]) -> str:
    first = (len(wires), plan.window, plan.rate, plan.warm_up, plan.seconds, DRAIN_SECONDS)
    rest = (int(plan.client_ids), int(plan.v1), plan.characters)
    lines = [" ".join(map(str, (*first, *rest)))]
    lines += [f"{wire.fileno()} {seat.number}" for wire, seat in zip(wires, plan.seats, strict=True)]
    return "\n".join(lines) + "\n"


def _read(log: bytes, plan: SocketPlan) -> list[Recording]:
    tail = tail_of(plan.characters)
    recordings = [Recording(seat, tail) for seat in plan.seats]
    at = 0
    while at < len(log):
        moment, seat, kind, size, _ = _RECORD.unpack_from(log, at)
        at += _RECORD.size
        recording = recordings[seat]
        if kind == _RECEIVED:
            recording.moments.append(moment)
            recording.frames.append(log[at : at + size])
        elif kind == _SENT:
            recording.sent_at.append(moment)
        elif kind == _ACKNOWLEDGED:
            recording.acknowledged += 1
        else:
            recording.lost = True
        at += size
    return recordings
