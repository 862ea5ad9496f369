"""What logins cost chat: both live in one process, and Django's threads share the interpreter with the event loop."""

from __future__ import annotations

from bench.load.plans import Load, SocketPlan
from bench.processes import Client
from bench.results import Line, Table, shares
from bench.rows.logins import login_plan
from bench.stage import Stage

MESSAGES_PER_SECOND = 500.0
LOGINS_PER_SECOND = 10.0
_LANES = 8


def interference(stage: Stage) -> Table:
    """Measure chat's acknowledgement at 500 messages/s with 10 logins/s beside it, and without."""
    with_logins, without = [], []
    for _ in range(stage.effort.runs):
        with_logins.append(_run(stage, logins=True))
        without.append(_run(stage, logins=False))
    taken = shares(with_logins, without)
    lines = [
        Line(
            what=f"acknowledged, {percentile}",
            unit="ms",
            product=[getattr(load.ack, percentile) for load in with_logins],
            reference=[getattr(load.ack, percentile) for load in without],
            less_is_better=True,
            **taken,
        )
        for percentile in ("p50", "p99", "worst")
    ]
    return Table(
        name="interference",
        title=f"Chat at {MESSAGES_PER_SECOND:.0f} messages/s while {LOGINS_PER_SECOND:.0f} logins/s run",
        lines=lines,
        notes=["The reference is the same product and load without the logins."],
    )


def _run(stage: Stage, *, logins: bool) -> Load:
    talk = SocketPlan(
        port=stage.product.port,
        seats=stage.seats(),
        server_pid=stage.product.pid,
        rate=MESSAGES_PER_SECOND,
        seconds=stage.effort.seconds,
    )
    beside = None
    if logins:
        # they begin before the first message and end after the last one
        plan = login_plan(stage, _LANES, stage.effort.seconds + 3.0, LOGINS_PER_SECOND)
        beside = Client(stage.placement, plan)
    load = Client(stage.placement, talk).result()
    if beside is not None:
        beside.result()
    stage.verify(load.traces)
    return load
