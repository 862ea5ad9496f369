"""Durable 1:1 messages over sockets, beside a bare picows echo with the same fan-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.load.plans import Load, SocketPlan
from bench.processes import run
from bench.results import Line, Table, median, shares
from bench.stage import Stage

AIM = 0.6
WINDOWS = (1, 4, 8)
"""Messages outstanding per user: the limit is what the echo delivers with the window that suits it best."""
RATES = (500.0, 5000.0)


def sockets(stage: Stage) -> Table:
    """Measure throughput with some messages outstanding, and latency at fixed rates."""
    plain = {window: _alternate(stage, window=window) for window in WINDOWS}
    v1 = {window: _alternate(stage, window=window, v1=True) for window in WINDOWS}
    frame_bytes = plain[1][0][0].frame_bytes
    lines = [_capacity("delivered", plain), _capacity("delivered, v1", v1)]
    for window, (product, reference) in plain.items():
        lines += _throughput(f"w={window}", product, reference)
    bare = [stage.load(_plan(stage, window=1, client_ids=False)) for _ in range(stage.effort.runs)]
    lines.append(
        Line(
            what="delivered, w=1, without client_id",
            unit="messages/s",
            product=[load.rate for load in bare],
            **shares(bare),
        )
    )
    for window, (product, reference) in v1.items():
        lines += _throughput(f"v1, w={window}", product, reference)[:2]
    for rate in RATES:
        product, reference = _alternate(stage, rate=rate)
        lines += _latency(f"{rate:,.0f}/s", product, reference)
    return Table(
        name="sockets",
        title="Durable 1:1 messages over WebSocket, 100 pairs (200 sockets), both sides send",
        lines=lines,
        notes=[
            f"A message counts when the other person has it; the sender's own echo is its acknowledgement. Frames of "
            f"about {frame_bytes} bytes come out of the server. w=n: n messages outstanding per user. v1: each sender "
            "gets an acknowledgement beside the echo, and each frame carries a cursor; the reference does the same as "
            "ever.",
            "The reference is a picows echo server on uvloop that decodes, checks, numbers and stores nothing: it "
            "sends each frame, in a shell of the product's size, to the two sockets of the room.",
            f"The aim holds the most that the product delivers against the most that the reference delivers, each with "
            f"the window of {_listed(WINDOWS)} that suits it best. With few messages outstanding per user the product "
            "waits for the disk, the reference for nothing.",
            "Every delivered message was compared with what was sent (words, room, both sides the same order, seq "
            "without a gap), and each room's history over REST with what the sockets were told, after each run.",
            "The figure per second of server CPU does not depend on which side was the bottleneck. The load client's "
            "ceiling is what it did per second of its own CPU.",
        ],
    )


def _listed(windows: Sequence[int]) -> str:
    return f"{', '.join(map(str, windows[:-1]))} and {windows[-1]}"


def _plan(stage: Stage, *, window: int = 0, rate: float = 0.0, client_ids: bool = True, v1: bool = False) -> SocketPlan:
    return SocketPlan(
        port=stage.product.port,
        seats=stage.seats(),
        server_pid=stage.product.pid,
        window=window,
        rate=rate,
        seconds=stage.effort.seconds,
        client_ids=client_ids,
        v1=v1,
    )


def _alternate(stage: Stage, *, window: int = 0, rate: float = 0.0, v1: bool = False) -> tuple[list[Load], list[Load]]:
    product, reference = [], []
    for _ in range(stage.effort.runs):
        plan = _plan(stage, window=window, rate=rate, v1=v1)
        load = stage.load(plan)
        product.append(load)
        reference.append(_echo(stage, plan, load.frame_bytes))
    return product, reference


def _echo(stage: Stage, plan: SocketPlan, frame_bytes: int) -> Load:
    server, port = stage.reference("echo", "--frame-bytes", str(frame_bytes))
    with server:
        alike = SocketPlan(
            port=port,
            seats=plan.seats,
            server_pid=server.pid,
            window=plan.window,
            rate=plan.rate,
            seconds=plan.seconds,
            client_ids=plan.client_ids,
            numbered=False,
        )
        return run(stage.placement, alike)


def _capacity(what: str, by_window: Mapping[int, tuple[list[Load], list[Load]]]) -> Line:
    """Return the most that each side delivers, whichever window that takes."""
    at, (product, _) = max(by_window.items(), key=lambda runs: _median_rate(runs[1][0]))
    reference_at, (_, reference) = max(by_window.items(), key=lambda runs: _median_rate(runs[1][1]))
    return Line(
        what=f"{what}, most (w={at}, reference w={reference_at})",
        unit="messages/s",
        product=[load.rate for load in product],
        reference=[load.rate for load in reference],
        aim=AIM,
        **shares(product, reference),
    )


def _median_rate(loads: Sequence[Load]) -> float:
    return median([load.rate for load in loads])


def _throughput(label: str, product: list[Load], reference: list[Load]) -> list[Line]:
    taken = shares(product, reference)
    return [
        Line(
            what=f"delivered, {label}",
            unit="messages/s",
            product=[load.rate for load in product],
            reference=[load.rate for load in reference],
            **taken,
        ),
        Line(
            what=f"delivered, {label}, per second of server CPU",
            unit="messages/s",
            product=[load.rate / load.server_cpu for load in product],
            reference=[load.rate / load.server_cpu for load in reference],
            **taken,
        ),
        Line(
            what=f"the load client's own ceiling, {label}",
            unit="messages/s",
            product=[load.rate / load.client_cpu for load in (*product, *reference)],
        ),
        Line(
            what=f"p50 at saturation, {label}",
            unit="ms",
            product=[load.delivery.p50 for load in product],
            reference=[load.delivery.p50 for load in reference],
            less_is_better=True,
        ),
    ]


def _latency(label: str, product: list[Load], reference: list[Load]) -> list[Line]:
    taken = shares(product, reference)
    return [
        Line(
            what=f"{percentile} at {label}",
            unit="ms",
            product=[getattr(load.delivery, percentile) for load in product],
            reference=[getattr(load.delivery, percentile) for load in reference],
            less_is_better=True,
            **taken,
        )
        for percentile in ("p50", "p99")
    ]
