"""The socket load: pairs that talk over `/ws/chat/{room}/`. Run as `python -m bench.load.sockets`."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import time
from collections.abc import Sequence

import msgspec
import uvloop
from picows import ws_connect

from bench.load.clocks import Stopwatch, due_now, latency, wait_until
from bench.load.plans import Load, Seat, SocketPlan
from bench.load.talker import Talker
from bench.load.uuid7 import uuid7_source
from bench.load.verdict import judge

_TICK_SECONDS = 0.001


async def connect(seats: Sequence[Seat], plan: SocketPlan) -> list[Talker]:
    """Open a socket for each seat, a few at a time."""
    next_id = uuid7_source()
    gate = asyncio.Semaphore(20)

    async def open_one(seat: Seat) -> Talker:
        async with gate:
            _, listener = await ws_connect(
                lambda: Talker(seat, plan, next_id),
                f"ws://127.0.0.1:{plan.port}/ws/chat/{seat.room}/",
                extra_headers={"Authorization": f"Bearer {seat.token}"},
            )
        if not isinstance(listener, Talker):
            raise TypeError(listener)
        return listener

    return list(await asyncio.gather(*map(open_one, seats)))


async def _run(plan: SocketPlan) -> Load:
    talkers = await connect(plan.seats, plan)
    await asyncio.sleep(0.3)
    gc.disable()
    watch = Stopwatch(plan.server_pid)
    ticking = asyncio.ensure_future(_tick(talkers, plan.rate)) if not plan.window else None
    for talker in talkers:
        for _ in range(plan.window):
            talker.say()
    await asyncio.sleep(plan.warm_up)
    watch.start()
    await asyncio.sleep(plan.seconds)
    watch.stop()
    if ticking is not None:
        ticking.cancel()
    await _drain(talkers)
    load = _judge(talkers, plan, watch)
    for talker in talkers:
        talker.hang_up()
    return load


async def _tick(talkers: Sequence[Talker], rate: float) -> None:
    turns = itertools.cycle(talkers)
    due = due_now(rate, time.perf_counter())
    while True:
        for _ in range(due()):
            next(turns).say()
        await asyncio.sleep(_TICK_SECONDS)


async def _drain(talkers: Sequence[Talker]) -> None:
    for talker in talkers:
        talker.talking = False
    expected = 2 * sum(len(talker.sent_at) for talker in talkers)
    await wait_until(lambda: sum(len(talker.frames) for talker in talkers) >= expected)


def _judge(talkers: Sequence[Talker], plan: SocketPlan, watch: Stopwatch) -> Load:
    pairs = list(zip(talkers[::2], talkers[1::2], strict=True))
    verdicts = [judge(pair, plan) for pair in pairs]
    delivered = [sample for a, b in pairs for one, other in ((a, b), (b, a)) for sample in _ages(one, other)]
    acked = [sample for talker in talkers for sample in _ages(talker, talker)]
    arrived = [age for moment, age in delivered if watch.covers(moment)]
    sizes = sorted(len(frame) for frame in talkers[0].frames)
    return Load(
        rate=len(arrived) / watch.seconds,
        total=sum(len(talker.sent_at) for talker in talkers),
        seconds=watch.seconds,
        delivery=latency(arrived),
        ack=latency([age for moment, age in acked if watch.covers(moment)]),
        client_cpu=watch.client_cpu,
        server_cpu=watch.server_cpu,
        noise=watch.noise,
        frame_bytes=sizes[len(sizes) // 2] if sizes else 0,
        traces=[trace for _, trace in verdicts if trace is not None],
        faults=[fault for faults, _ in verdicts for fault in faults],
    )


def _ages(sender: Talker, receiver: Talker) -> list[tuple[float, float]]:
    """Return (moment of arrival, seconds since the send) of the sender's messages; n-th arrival is the n-th sent."""
    moments = [moment for moment, frame in zip(receiver.moments, receiver.frames, strict=True) if sender.mark in frame]
    return [(moment, moment - sent) for moment, sent in zip(moments, sender.sent_at, strict=False)]


def main() -> None:
    """Read the plan, run it, print what came of it."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=SocketPlan)
    load = uvloop.run(_run(plan))
    sys.stdout.buffer.write(msgspec.json.encode(load))


if __name__ == "__main__":
    main()
