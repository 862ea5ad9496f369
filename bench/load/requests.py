"""The request load: keep-alive connections that post. Run as `python -m bench.load.requests`."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import deque

import msgspec
import uvloop

from bench.load.clocks import Stopwatch, due_now, latency, wait_until
from bench.load.lane import LaneProtocol
from bench.load.plans import HttpPlan, Load, Trace
from bench.load.uuid7 import uuid7_source
from bench.load.verdict import digest

_TICK_SECONDS = 0.002


class _Answer(msgspec.Struct):
    id: int = 0
    room: int = 0


class Crowd:
    """All lanes, and who has the next turn."""

    def __init__(self, plan: HttpPlan) -> None:
        self.plan = plan
        self.lanes: list[LaneProtocol] = []
        self._asking = True
        self._idle: deque[LaneProtocol] = deque()
        self._waiting: deque[float] = deque()

    async def connect(self) -> None:
        """Open every lane."""
        loop = asyncio.get_running_loop()
        next_id = uuid7_source()
        for lane in self.plan.lanes:
            _, protocol = await loop.create_connection(
                lambda lane=lane: LaneProtocol(lane, next_id, self.answered),  # type: ignore[misc]  # bound per turn
                "127.0.0.1",
                self.plan.port,
            )
            self.lanes.append(protocol)

    def answered(self, lane: LaneProtocol) -> None:
        """Give a lane that is free again its next request, if one is due."""
        if self.plan.rate and self._waiting:
            lane.ask(self._waiting.popleft())
        elif self.plan.rate:
            self._idle.append(lane)
        elif self._asking:
            lane.ask()

    async def tick(self) -> None:
        """Open loop: ask as the clock says, and keep asking late what no lane was free for."""
        self._idle.extend(self.lanes)
        due = due_now(self.plan.rate, time.perf_counter())
        while True:
            for _ in range(due()):
                if self._idle:
                    self._idle.popleft().ask()
                else:
                    self._waiting.append(time.perf_counter())
            await asyncio.sleep(_TICK_SECONDS)

    async def drain(self) -> None:
        """Ask no more and wait for what is under way."""
        self._asking = False
        self._waiting.clear()
        await wait_until(lambda: all(len(lane.bodies) >= len(lane.sent_at) for lane in self.lanes))


async def _run(plan: HttpPlan) -> Load:
    crowd = Crowd(plan)
    await crowd.connect()
    gc.disable()
    watch = Stopwatch(plan.server_pid)
    ticking = asyncio.ensure_future(crowd.tick()) if plan.rate else None
    if ticking is None:
        for lane in crowd.lanes:
            lane.ask()
    await asyncio.sleep(plan.warm_up)
    watch.start()
    await asyncio.sleep(plan.seconds)
    watch.stop()
    if ticking is not None:
        ticking.cancel()
    await crowd.drain()
    load = _judge(crowd, watch)
    for lane in crowd.lanes:
        lane.hang_up()
    return load


def _judge(crowd: Crowd, watch: Stopwatch) -> Load:
    ages = [
        moment - sent
        for lane in crowd.lanes
        for sent, moment in zip(lane.sent_at, lane.moments, strict=False)
        if watch.covers(moment)
    ]
    sizes = sorted(len(body) for lane in crowd.lanes for body in lane.bodies[:10])
    return Load(
        rate=len(ages) / watch.seconds,
        total=sum(len(lane.bodies) for lane in crowd.lanes),
        seconds=watch.seconds,
        delivery=latency(ages),
        ack=latency(ages),
        client_cpu=watch.client_cpu,
        server_cpu=watch.server_cpu,
        noise=watch.noise,
        frame_bytes=sizes[len(sizes) // 2] if sizes else 0,
        traces=[_trace(lane) for lane in crowd.lanes if lane.lane.room],
        faults=[fault for lane in crowd.lanes for fault in _faults(lane, crowd.plan.expect)],
    )


def _faults(lane: LaneProtocol, expect: int) -> list[str]:
    faults = []
    if lane.lost:
        faults.append("a connection was cut off")
    if len(lane.bodies) < len(lane.sent_at):
        faults.append("a request was never answered")
    faults += [f"{count} answers {status}" for status, count in lane.statuses.items() if status != expect]
    return faults


def _trace(lane: LaneProtocol) -> Trace:
    answers = [msgspec.json.decode(body, type=_Answer) for body in lane.bodies]
    return Trace(lane.lane.room, lane.lane.after_seq, len(answers), digest(answer.id for answer in answers))


def main() -> None:
    """Read the plan, run it, print what came of it."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=HttpPlan)
    load = uvloop.run(_run(plan))
    sys.stdout.buffer.write(msgspec.json.encode(load))


if __name__ == "__main__":
    main()
