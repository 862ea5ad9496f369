"""Coming back after an absence: from `hello` with an old cursor to the last frame of what was missed."""

from __future__ import annotations

import time

from bench.api import Api
from bench.load.opening import hear, open_socket, say, until_ready
from bench.people import Pair
from bench.processes import FaultyRunError
from bench.results import Line, Table, median
from bench.stage import Stage

MISSED = (0, 1000, 10_000)
_TIMES = 10


def resume(stage: Stage) -> Table:
    """Measure a resume of nothing, of a thousand and of ten thousand missed messages."""
    pair = stage.pairs()[0]
    api = Api(stage.product.port)
    _talk(api, pair, max(MISSED))
    head = api.expect({200}, "GET", "/api/chat/rooms/", token=pair.a.access)
    cursor = next(room["cursor"] for room in head if room["id"] == pair.room)
    api.close()
    lines = [
        Line(
            what=f"{missed:,} missed messages",
            unit="ms",
            product=[
                median([_resumed(stage, pair, cursor, missed) for _ in range(_TIMES)]) for _ in range(stage.effort.runs)
            ],
            less_is_better=True,
        )
        for missed in MISSED
    ]
    return Table(
        name="resume",
        title="Resume of one room over v1",
        lines=lines,
        notes=[
            f"From sending `hello` to having read the last `sync`; the median of {_TIMES}. Every message was counted "
            "and its place checked. The client is Python and decodes each frame.",
        ],
    )


def _talk(api: Api, pair: Pair, count: int) -> None:
    path = f"/api/chat/rooms/{pair.room}/messages/"
    for number in range(count):
        api.expect({201}, "POST", path, {"content": f"message {number} while the other one is away"}, pair.a.access)


def _resumed(stage: Stage, pair: Pair, cursor: str, missed: int) -> float:
    """Return the milliseconds that a resume took."""
    epoch, room, seq, change = cursor.split(".")
    since = f"{epoch}.{room}.{int(seq) - missed}.{change}"
    wire = open_socket(stage.product.port, f"/ws/chat/{pair.room}/", pair.b.access, v1=True)
    began = time.perf_counter()
    say(wire, {"type": "hello", "since": since})
    more = until_ready(wire)[-1]["syncing"]
    got: list[int] = []
    while more:
        frame = hear(wire)
        if frame["type"] == "sync":
            got += [message["seq"] for message in frame["messages"]]
            more = frame["more"]
    took = (time.perf_counter() - began) * 1000
    wire.close()
    if got != list(range(int(seq) - missed + 1, int(seq) + 1)):
        raise FaultyRunError(f"a resume of {missed} brought {len(got)} messages")
    return took
