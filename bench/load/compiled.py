"""Builds and runs the compiled socket load, talk.c."""

from __future__ import annotations

import base64
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
from bench.load.plans import Seat, SocketPlan
from bench.load.recording import Recording, tail_of

_SOURCE = Path(__file__).with_name("talk.c")
_BUILDS = Path(__file__).parent.parent.parent / ".cache" / "bench-build"
# struct record of talk.c: moment, seat, kind, size, unused
_RECORD = struct.Struct("=dIIII")
_SENT, _RECEIVED, _LOST = 1, 2, 3


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
    wires = [_open(plan.port, seat) for seat in plan.seats]
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


def _open(port: int, seat: Seat) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    wire.sendall(
        f"GET /ws/chat/{seat.room}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {seat.token}\r\n\r\n".encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = wire.recv(1)
        if not piece:
            break
        answer += piece
    if not answer.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"the socket of room {seat.room} was refused: {answer[:100]!r}")
    return wire


def _orders(plan: SocketPlan, wires: Sequence[socket.socket]) -> str:
    first = (len(wires), plan.window, plan.rate, plan.warm_up, plan.seconds, DRAIN_SECONDS, int(plan.client_ids))
    lines = [" ".join(map(str, (*first, plan.characters)))]
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
        else:
            recording.lost = True
        at += size
    return recordings
