"""Logins per second, beside what Argon2 alone allows."""

from __future__ import annotations

import subprocess
import sys

from bench.load.plans import HttpPlan, Lane, Load
from bench.people import PASSWORD
from bench.references.hashing import LANES, MEMORY_KIB, PASSES
from bench.results import Line, Table, shares
from bench.stage import Stage
from duologue.auth.settings import AuthSettings
from duologue.kit.settings import load

AIM = 0.8
CONNECTIONS = 8


def logins(stage: Stage) -> Table:
    """Measure logins of eight users at a time."""
    product: list[Load] = []
    reference: list[float] = []
    with stage.placement.on(stage.placement.server):
        threads = load(AuthSettings).password_workers
    for _ in range(stage.effort.runs):
        with stage.placement.spread(stage.product.pid):
            product.append(stage.load(login_plan(stage, CONNECTIONS, stage.effort.seconds)))
        reference.append(_hashing(stage, threads))
    return Table(
        name="logins",
        title=f"Logins, {CONNECTIONS} at a time",
        lines=[
            Line(
                what="logins answered 200",
                unit="logins/s",
                product=[load.rate for load in product],
                reference=reference,
                aim=AIM,
                **shares(product),
            ),
            Line(what="p50", unit="ms", product=[load.ack.p50 for load in product], less_is_better=True),
            Line(what="p99", unit="ms", product=[load.ack.p99 for load in product], less_is_better=True),
        ],
        notes=[
            f"The reference is argon2-cffi alone, verifying with m={MEMORY_KIB} KiB, t={PASSES}, p={LANES} in "
            f"{threads} thread{'s' * (threads > 1)}, as many as the product's pool has. Neither is pinned to a core "
            "in this row: the pool leaves one core to everything else, and so it is meant to run.",
        ],
    )


def login_plan(stage: Stage, connections: int, seconds: float, rate: float = 0.0) -> HttpPlan:
    """Return logins over `connections`, as fast as answers come or at a rate."""
    head = "POST /api/login/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    lanes = [
        Lane(head, f'{{"username":"{person.username}","password":"{PASSWORD}"}}')
        for person in stage.people.persons[:connections]
    ]
    return HttpPlan(
        port=stage.product.port, lanes=lanes, server_pid=stage.product.pid, expect=200, rate=rate, seconds=seconds
    )


def _hashing(stage: Stage, threads: int) -> float:
    command = [sys.executable, "-m", "bench.references.hashing"]
    command += ["--threads", str(threads), "--seconds", str(stage.effort.seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)
