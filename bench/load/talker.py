"""One seat of the socket load in Python, for machines without a C compiler; talk.c does the same."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections.abc import Callable, Sequence

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.load.clocks import Stopwatch, due_now, wait_until
from bench.load.plans import Seat, SocketPlan
from bench.load.recording import Recording, mark_of, tail_of
from bench.load.uuid7 import uuid7_source

_TICK_SECONDS = 0.001


class Talker(WSListener):
    """A socket that talks plain, `{"message", "client_id"?}`, or v1."""

    def __init__(self, seat: Seat, plan: SocketPlan, next_id: Callable[[], bytes]) -> None:
        self.heard = Recording(seat, tail_of(plan.characters))
        self.talking = bool(plan.window)
        self._mark = mark_of(seat).encode()
        self._tail = self.heard.tail.encode()
        self._next_id = next_id if plan.client_ids else None
        self._v1 = plan.v1
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wire: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the way out."""
        self._wire = transport

    def greet(self) -> None:
        """Say hello; `greeted` tells when the answer is here."""
        self._wire.send(WSMsgType.TEXT, b'{"type":"hello"}')

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note that the server went away; a run in which this happens early has faults."""
        self.heard.lost = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Keep the frame; in a closed loop, answer the own echo with the next message."""
        payload = frame.get_payload_as_bytes()
        if self._v1 and not payload.startswith(b'{"type":"message"'):
            self._aside(payload)
            return
        self.heard.moments.append(time.perf_counter())
        self.heard.frames.append(payload)
        if self.talking and self._mark in payload:
            self.say()

    def _aside(self, payload: bytes) -> None:
        if payload.startswith(b'{"type":"ack"'):
            self.heard.acknowledged += 1
        elif payload.startswith(b'{"type":"ready"'):
            self.greeted.set_result(None)
        elif not payload.startswith(b'{"type":"presence"'):
            raise RuntimeError(f"the server said {payload!r}")

    def say(self) -> None:
        """Send the next message."""
        text = b"%s%08d%s" % (self._mark, len(self.heard.sent_at), self._tail)
        if self._next_id is None:
            message = b'{"message":"%s"}' % text
        elif self._v1:
            message = b'{"type":"message","message":"%s","client_id":"%s"}' % (text, self._next_id())
        else:
            message = b'{"message":"%s","client_id":"%s"}' % (text, self._next_id())
        self.heard.sent_at.append(time.perf_counter())
        self._wire.send(WSMsgType.TEXT, message)


def record(plan: SocketPlan) -> tuple[Stopwatch, list[Recording]]:
    """Run the plan in this process."""
    return uvloop.run(_record(plan))


async def _record(plan: SocketPlan) -> tuple[Stopwatch, list[Recording]]:
    talkers = await _connect(plan)
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
    return watch, [talker.heard for talker in talkers]


async def _connect(plan: SocketPlan) -> list[Talker]:
    next_id = uuid7_source()
    gate = asyncio.Semaphore(20)
    dialect = {"Sec-WebSocket-Protocol": "duologue.v1"} if plan.v1 else {}

    async def open_one(seat: Seat) -> Talker:
        talker = Talker(seat, plan, next_id)
        async with gate:
            await ws_connect(
                lambda: talker,
                f"ws://127.0.0.1:{plan.port}/ws/chat/{seat.room}/",
                extra_headers={"Authorization": f"Bearer {seat.token}", **dialect},
            )
            if plan.v1:
                talker.greet()
                await talker.greeted
        return talker

    return list(await asyncio.gather(*map(open_one, plan.seats)))


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
    expected = 2 * sum(len(talker.heard.sent_at) for talker in talkers)
    await wait_until(lambda: sum(len(talker.heard.frames) for talker in talkers) >= expected)
