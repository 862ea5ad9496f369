"""A person with many rooms opens the one socket for all of them: from `hello` to `ready`."""

from __future__ import annotations

import time
from typing import Any

from bench.crowd import Sociable
from bench.load.opening import open_socket, say, until_ready
from bench.processes import FaultyRunError
from bench.results import Line, Table, median
from bench.stage import Stage

ROOMS = (10, 1000)
_TIMES = 10
# some hundred cursors fit into a frame of 32 KiB
_CURSORS_IN_A_FRAME = 500


def arrival(stage: Stage) -> Table:
    """Measure somebody in 10 and somebody in 1,000 rooms, without cursors and with all of them."""
    stage.close()
    people = [Sociable(stage.data, number, rooms) for number, rooms in enumerate(ROOMS)]
    stage.restart()
    lines = []
    for person in people:
        for label, with_cursors in (("for the first time", False), ("with every cursor", True)):
            samples = [
                median([_arrived(stage, person, with_cursors=with_cursors) for _ in range(_TIMES)])
                for _ in range(stage.effort.runs)
            ]
            lines.append(Line(what=f"{person.rooms:,} rooms, {label}", unit="ms", product=samples))
    return Table(
        name="arrival",
        title="The socket of all rooms, from `hello` to `ready`",
        lines=lines,
        notes=[
            f"The median of {_TIMES}. Each room has 20 messages, half of them unread. With every cursor nothing was "
            "missed. The client is Python and decodes each frame. The rooms were written into chat's file while the "
            "product was down.",
        ],
    )


def _arrived(stage: Stage, person: Sociable, *, with_cursors: bool) -> float:
    """Return the milliseconds until `ready`."""
    cursors = _greet(stage, person, {})[1] if with_cursors else {}
    took, told = _greet(stage, person, cursors)
    if len(told) != person.rooms:
        raise FaultyRunError(f"told of {len(told)} of {person.rooms} rooms")
    return took


def _greet(stage: Stage, person: Sociable, cursors: dict[str, str]) -> tuple[float, dict[str, str]]:
    wire = open_socket(stage.product.port, "/ws/chat/", person.token(), v1=True)
    names = list(cursors)
    began = time.perf_counter()
    for start in range(0, max(1, len(names)), _CURSORS_IN_A_FRAME):
        part = {name: cursors[name] for name in names[start : start + _CURSORS_IN_A_FRAME]}
        say(wire, {"type": "hello", "rooms": part, "more": start + _CURSORS_IN_A_FRAME < len(names)})
    heard = until_ready(wire)
    took = (time.perf_counter() - began) * 1000
    wire.close()
    rooms: list[Any] = [room for frame in heard if frame["type"] == "rooms" for room in frame["rooms"]]
    if any(room["syncing"] for room in rooms):
        raise FaultyRunError("something was missed where nothing happened")
    return took, {str(room["room"]): room["cursor"] for room in rooms}
