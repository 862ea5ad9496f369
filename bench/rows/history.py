"""Pages of a long history, beside pages of a short one."""

from __future__ import annotations

import time

from bench.api import Api
from bench.filling import fill
from bench.people import Pair
from bench.processes import FaultyRunError
from bench.results import Line, Table, median
from bench.stage import PAIRS, Stage

AIM = 1.25
GROWTH_AIM_MB = 20.0
SHORT = 1000
_LIMITS = (50, 1000)
_REQUESTS = 40


def history(stage: Stage) -> Table:
    """Measure pages from the newest, the middle and the oldest part of both rooms, in turn."""
    long = stage.effort.long_history
    big, small = stage.people.pairs[PAIRS : PAIRS + 2]
    stage.close()
    fill(stage.data / "chat" / "chat.sqlite3", big.room, long)
    fill(stage.data / "chat" / "chat.sqlite3", small.room, SHORT)
    stage.restart()
    stage.pairs()
    api = Api(stage.product.port)
    before = _warm_up(stage, api, (big, small))
    lines = [line for limit in _LIMITS for line in _positions(stage, api, big, small, limit)]
    growth = (stage.product.server.pss() - before) / 1e6
    api.close()
    return Table(
        name="history",
        title=f"A page of a room with {long:,} messages, beside one with {SHORT:,}",
        lines=[
            *lines,
            Line(
                what="memory that the server took for these pages",
                unit="MB",
                product=[growth],
                aim=GROWTH_AIM_MB,
                less_is_better=True,
            ),
        ],
        notes=[
            f"Each sample is the median of {_REQUESTS} requests, one after another on one connection. Every page was "
            "checked for its length and its place.",
            "The rooms were filled by SQL on chat's file while the product was down.",
        ],
    )


def _warm_up(stage: Stage, api: Api, rooms: tuple[Pair, Pair]) -> int:
    for pair in rooms:
        for _ in range(5):
            _page(api, pair, "", SHORT)
    return stage.product.server.pss()


def _positions(stage: Stage, api: Api, big: Pair, small: Pair, limit: int) -> list[Line]:
    lines = []
    for position in ("newest", "middle", "oldest"):
        samples: tuple[list[float], list[float]] = ([], [])
        for _ in range(stage.effort.runs):
            for into, pair, count in ((samples[0], big, stage.effort.long_history), (samples[1], small, SHORT)):
                query = _query(position, count, limit)
                into.append(median([_page(api, pair, query, limit) for _ in range(_REQUESTS)]))
        lines.append(
            Line(
                what=f"p50 of {limit} messages, {position}",
                unit="ms",
                product=samples[0],
                reference=samples[1],
                aim=AIM,
                less_is_better=True,
            )
        )
    return lines


def _query(position: str, count: int, limit: int) -> str:
    """Return where a page begins in a room of `count` messages."""
    return {"newest": "", "middle": f"&before={(count + limit) // 2 + 1}", "oldest": "&after=0"}[position]


def _page(api: Api, pair: Pair, query: str, limit: int) -> float:
    """Return the milliseconds that one page took."""
    path = f"/api/chat/rooms/{pair.room}/messages/?limit={limit}{query}"
    began = time.perf_counter()
    status, _, body = api.call("GET", path, token=pair.a.access)
    took = (time.perf_counter() - began) * 1000
    if status != 200 or body.count(b'"sender_id"') != limit:
        raise FaultyRunError(f"{path}: {status}, {body.count(b'sender_id')} messages")
    return took
