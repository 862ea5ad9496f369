"""The server's system calls: which write went where, what was synced when, and whether an answer left too early.

strace sees each call begin and end; a call's place in the trace is its place in time, over all threads.
"""

import ast
import contextlib
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig.server import ROOMY, RunningServer
from tests.rig.tools import cannot, need

CALLS = "fdatasync,fsync,write,sendto,sendmsg,writev,pwrite64"
_WAIT_SECONDS = 20.0

_LINE = re.compile(
    rb"(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\((?P<handle>\d+)?(?:<(?P<file>[^>]*)>)?)"
)
_RESULT = re.compile(rb"\) += (-?\d+)(?: |$)")
_LAST_NUMBER = re.compile(rb", (\d+)(?:\) += | <unfinished)")
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_UNFINISHED = b"<unfinished ...>"


@dataclass(slots=True)
class Call:
    """One system call. `began` and `ended` are line numbers of the trace; `result` is -1 for an error.

    `last_number`: where a write goes, or how long a file becomes.
    """

    name: str
    file: str
    handle: int
    data: bytes
    began: int
    ended: int
    result: int
    last_number: int = -1


def program(reason: str) -> str:
    """Return strace's path, or skip the test where it is not to be had or must not look into processes."""
    path = need("strace", reason)
    probe = subprocess.run([path, "-o", "/dev/null", "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        cannot(f"strace must not trace here: {probe.stderr.decode()}")
    return path


def prefix(path: str, output: Path, *options: str) -> tuple[str, ...]:
    """Return what comes before a command to trace it; the command keeps its place as our child."""
    return (path, "-D", "-f", "-y", "-s", "1000000", "-o", str(output), *options)


@contextlib.contextmanager
def traced_server(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[tuple[RunningServer, Path]]:
    """Run a server under strace; the trace is complete when the block is left."""
    output = folder / "trace"
    path = program("the order of system calls is read from it")
    command = prefix(path, output, "--seccomp-bpf", "-e", f"trace={CALLS}")
    server = RunningServer(folder / "data", ROOMY | dict(env or {}), prefix=command)
    server.start()
    assert server.process is not None
    try:
        yield server, output
    finally:
        server.stop()
        _wait_for_the_end(output, server.process.pid)


def _wait_for_the_end(output: Path, process: int) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        last = output.read_bytes()[-4096:]
        if re.search(rb"^%d +\+\+\+ (exited|killed)" % process, last, re.MULTILINE):
            return
        time.sleep(0.05)
    raise TimeoutError("strace did not finish")


def read(output: Path) -> list[Call]:
    """Return the calls of a trace in the order in which they began."""
    calls: list[Call] = []
    open_calls: dict[bytes, Call] = {}
    for number, line in enumerate(output.read_bytes().splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        if match["resumed"] is not None:
            call = open_calls.pop(match["thread"], None)
            # a call that began before strace came has no beginning here
            if call is None:
                continue
        else:
            call = Call(
                match["name"].decode(), (match["file"] or b"").decode(), int(match["handle"] or -1), b"", number, -1, -1
            )
            calls.append(call)
            last_number = _LAST_NUMBER.search(line, max(match.end(), len(line) - 60))
            call.last_number = int(last_number[1]) if last_number else -1
        call.data += b"".join(_bytes(text) for text in _TEXT.findall(line))
        if line.endswith(_UNFINISHED):
            open_calls[match["thread"]] = call
        else:
            result = _RESULT.search(line, match.end())
            call.ended, call.result = number, int(result[1]) if result else -1
    return calls


def _bytes(text: bytes) -> bytes:
    value = ast.literal_eval('b"' + text.decode("ascii") + '"')
    assert isinstance(value, bytes)
    return value


@dataclass
class Verdict:
    """What the trace says about some client ids: `complaints`, and how many syncs of the WAL fell into their time."""

    complaints: list[str] = field(default_factory=list)
    acknowledged: int = 0
    syncs: int = 0


def judge(calls: Sequence[Call], client_ids: Sequence[str]) -> Verdict:
    """Check for each id that nothing about it left on a socket before the sync that covers its commit had returned."""
    wal = [call for call in calls if call.file.endswith("-wal")]
    leaving = list(_leaving(calls))
    verdict = Verdict()
    first, last = len(calls) and calls[-1].began, 0
    for client_id in client_ids:
        mark = f'"client_id":"{client_id}"'.encode()
        sent = [began for began, data in leaving if mark in data]
        covered = _covered_at(wal, client_id.encode())
        if not sent:
            verdict.complaints.append(f"{client_id} was never acknowledged")
        elif covered is None or min(sent) <= covered[1]:
            verdict.complaints.append(f"{client_id} left at {min(sent)}, covered by the sync {covered}")
        else:
            verdict.acknowledged += 1
            first, last = min(first, covered[0]), max(last, *sent)
    syncs = [call for call in wal if call.name in ("fdatasync", "fsync")]
    verdict.syncs = sum(first <= call.began <= last for call in syncs)
    return verdict


def _leaving(calls: Sequence[Call]) -> Iterator[tuple[int, bytes]]:
    """Yield when data left on a socket. An answer leaves when its head does: the body may come in a second call."""
    heads: dict[int, int] = {}
    for call in calls:
        if not call.file.startswith("socket:") or call.name == "pwrite64":
            continue
        began = heads.pop(call.handle, call.began)
        if call.data.startswith(b"HTTP/1.1 20") and call.data.endswith(b"\r\n\r\n"):
            heads[call.handle] = call.began
        yield began, call.data


def _covered_at(wal: Sequence[Call], mark: bytes) -> tuple[int, int] | None:
    """Return where the id's row was first written, and where the sync that covers its commit returned; None for none.

    A frame of the WAL is a header of 24 bytes, whose second word is not zero in the last frame of a commit, and a page
    (https://sqlite.org/fileformat2.html#the_write_ahead_log).
    """
    written = next((n for n, call in enumerate(wal) if call.name == "pwrite64" and mark in call.data), None)
    if written is None:
        return None
    is_last = (
        n + 1
        for n in range(written - 1, len(wal) - 1)
        if len(wal[n].data) == 24 and wal[n].name == "pwrite64" and any(wal[n].data[4:8])
    )
    committed = next(is_last, None)
    if committed is None:
        return None
    for call in wal[committed + 1 :]:
        if call.name in ("fdatasync", "fsync") and call.result == 0 and call.began > wal[committed].ended:
            return wal[written].began, call.ended
    return None
