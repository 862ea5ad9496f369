"""What the process weighs, alone and with sockets that say nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import msgspec

from bench.api import Api
from bench.crowd import Crowd
from bench.load.plans import IdlePlan, Seat
from bench.placement import raise_file_limit
from bench.processes import FaultyRunError
from bench.results import Line, Table
from bench.stage import Stage

PROCESS_AIM_MB = 120.0
SOCKET_AIM_KB = 14.0
_SPARE_FILES = 200
_SETTLE_SECONDS = 2.0


def memory(stage: Stage) -> Table:
    """Measure the process after one request, then the growth for each idle socket."""
    count = min(stage.effort.idle_sockets, raise_file_limit() - _SPARE_FILES)
    stage.close()
    crowd = Crowd(stage.data, count)
    alone, each_socket = [], []
    for _ in range(stage.effort.runs):
        stage.restart()
        alone.append(_after_one_request(stage) / 1e6)
        each_socket.append(_grown(stage, crowd.seats()) / count / 1000)
        stage.close()
    stage.restart()
    return Table(
        name="memory",
        title="Memory (proportional set size)",
        lines=[
            Line(
                what="process after one request to each service",
                unit="MB",
                product=alone,
                aim=PROCESS_AIM_MB,
                less_is_better=True,
            ),
            Line(
                what=f"one idle socket, of {count:,}",
                unit="kB",
                product=each_socket,
                aim=SOCKET_AIM_KB,
                less_is_better=True,
            ),
        ],
        notes=[
            "Each idle socket is another user's, in a room of two; its token was verified by the product. Those people "
            "and rooms were written into chat's file while the product was down, their tokens signed with its key.",
        ],
    )


def _after_one_request(stage: Stage) -> int:
    api = Api(stage.product.port)
    pair = stage.pairs()[0]
    api.expect({200}, "GET", "/api/users/profile/", token=pair.a.access)
    api.expect({200}, "GET", f"/api/chat/rooms/{pair.room}/messages/?limit=10", token=pair.a.access)
    api.close()
    time.sleep(_SETTLE_SECONDS)
    return stage.product.server.pss()


def _grown(stage: Stage, seats: list[Seat]) -> int:
    before = stage.product.server.pss()
    with stage.placement.on(stage.placement.client):
        sleepers = subprocess.Popen(
            [sys.executable, "-m", "bench.load.idle"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    if sleepers.stdin is None or sleepers.stdout is None:
        raise RuntimeError("no way to talk to the client")
    sleepers.stdin.write(msgspec.json.encode(IdlePlan(stage.product.port, seats)) + b"\n")
    sleepers.stdin.flush()
    said = sleepers.stdout.readline().decode().strip()
    if said != "open":
        raise FaultyRunError(said or "the sockets could not be opened")
    time.sleep(_SETTLE_SECONDS)
    grown = stage.product.server.pss() - before
    sleepers.stdin.close()
    sleepers.wait()
    return grown
