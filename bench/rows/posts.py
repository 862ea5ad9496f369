"""Messages over REST, beside the same uvicorn, Starlette and msgspec that store nothing."""

from __future__ import annotations

from bench.api import Api, head_of
from bench.load.plans import CLIENT_ID, NUMBER, HttpPlan, Lane
from bench.processes import run
from bench.results import Line, Table, shares
from bench.stage import Stage

AIM = 0.6
CONNECTIONS = 64


def posts(stage: Stage) -> Table:
    """Measure posts per second over 64 keep-alive connections, none pipelined."""
    product, reference = [], []
    for _ in range(stage.effort.runs):
        plan = _plan(stage)
        load = stage.load(plan)
        product.append(load)
        server, port = stage.reference("endpoint")
        with server:
            alike = HttpPlan(
                port=port, lanes=plan.lanes, server_pid=server.pid, expect=201, seconds=stage.effort.seconds
            )
            reference.append(run(stage.placement, alike))
    taken = shares(product, reference)
    return Table(
        name="posts",
        title=f"Messages over REST, {CONNECTIONS} keep-alive connections, each in a room of its own",
        lines=[
            Line(
                what="posts answered 201",
                unit="posts/s",
                product=[load.rate for load in product],
                reference=[load.rate for load in reference],
                aim=AIM,
                **taken,
            ),
            *[
                Line(
                    what=f"{percentile} at saturation",
                    unit="ms",
                    product=[getattr(load.ack, percentile) for load in product],
                    reference=[getattr(load.ack, percentile) for load in reference],
                    less_is_better=True,
                )
                for percentile in ("p50", "p99")
            ],
        ],
        notes=[
            "The reference decodes and validates the same body and encodes the same answer on the same uvicorn; "
            "it looks at no token and no room and stores nothing.",
            "Each room's history was compared with the ids that were answered, after each run.",
        ],
    )


def _plan(stage: Stage) -> HttpPlan:
    api = Api(stage.product.port)
    lanes = []
    for pair in stage.pairs()[:CONNECTIONS]:
        head = (
            f"POST /api/chat/rooms/{pair.room}/messages/ HTTP/1.1\r\nhost: localhost\r\n"
            f"authorization: Bearer {pair.a.access}\r\ncontent-type: application/json\r\n"
        )
        body = (
            f'{{"sender_id":"{pair.a.username}","content":"#{NUMBER} the quick brown fox jumps over the lazy dog",'
            f'"client_id":"{CLIENT_ID}"}}'
        )
        lanes.append(Lane(head, body, pair.room, head_of(api, pair.room, pair.a.access)))
    api.close()
    return HttpPlan(
        port=stage.product.port,
        lanes=lanes,
        server_pid=stage.product.pid,
        expect=201,
        seconds=stage.effort.seconds,
    )
