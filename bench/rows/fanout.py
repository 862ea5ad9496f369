"""One message to many sockets of a room: from sending it until the last one has it."""

from __future__ import annotations

import selectors
import socket
import time

from bench.load.opening import open_socket, say, until_ready
from bench.people import Pair
from bench.placement import raise_file_limit
from bench.results import Line, Table, median
from bench.stage import Stage

SOCKETS = (2, 50, 1000)
_TIMES = 40
_SPARE_FILES = 200


def fanout(stage: Stage) -> Table:
    """Measure rooms that two people have open on 2, 50 and 1,000 sockets."""
    pair = stage.pairs()[0]
    counts = [count for count in SOCKETS if count + _SPARE_FILES < raise_file_limit()]
    lines = []
    for count in counts:
        samples = [_measured(stage, pair, count) for _ in range(stage.effort.runs)]
        lines.append(Line(what=f"{count:,} sockets, until the last has it", unit="ms", product=samples))
    return Table(
        name="fanout",
        title="Fan-out of one message over v1, one at a time",
        lines=lines,
        notes=[
            f"The median of {_TIMES} messages, each durable before anybody hears of it. The time holds "
            "the client's own reading of all sockets, in Python, on the other core.",
        ],
    )


def _measured(stage: Stage, pair: Pair, count: int) -> float:
    tokens = (pair.a.access, pair.b.access)
    wires = [_greeted(stage, pair, tokens[number % 2]) for number in range(count)]
    poller = selectors.DefaultSelector()
    for wire in wires:
        wire.setblocking(False)
        poller.register(wire, selectors.EVENT_READ)
    try:
        return median([_once(wires[0], poller, count, number) for number in range(_TIMES)])
    finally:
        poller.close()
        for wire in wires:
            wire.close()


def _greeted(stage: Stage, pair: Pair, token: str) -> socket.socket:
    wire = open_socket(stage.product.port, f"/ws/chat/{pair.room}/", token, v1=True)
    say(wire, {"type": "hello"})
    until_ready(wire)
    return wire


def _once(speaker: socket.socket, poller: selectors.BaseSelector, count: int, number: int) -> float:
    """Return the milliseconds from the send until every socket has the message."""
    client_id = f"{time.time_ns()}-{number}"
    wanted = client_id.encode()
    waiting = count
    heard: dict[int, bytes] = {}
    began = time.perf_counter()
    say(speaker, {"type": "message", "message": "to all", "client_id": client_id})
    while waiting:
        for key, _ in poller.select(10):
            before = heard.get(key.fd, b"")
            # the speaker's acknowledgement names the id too: what counts is the message's frame
            heard[key.fd] = before + _read(key.fileobj)
            if _has(heard[key.fd], wanted) and not _has(before, wanted):
                waiting -= 1
    return (time.perf_counter() - began) * 1000


def _read(file: object) -> bytes:
    assert isinstance(file, socket.socket)  # noqa: S101 - nothing else was registered
    piece = file.recv(65_536)
    if not piece:
        raise RuntimeError("the server went away")
    return piece


def _has(data: bytes, wanted: bytes) -> bool:
    start = data.find(b'{"type":"message"')
    return start >= 0 and wanted in data[start:]
