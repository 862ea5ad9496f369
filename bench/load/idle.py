"""Sockets that say nothing: opens them, prints `open`, and keeps them until stdin ends.

Run as `python -m bench.load.idle`; the plan is stdin's first line.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop
from picows import WSFrame, WSListener, WSTransport, ws_connect

from bench.load.plans import IdlePlan, Seat
from bench.placement import raise_file_limit


class Sleeper(WSListener):
    """A socket that only counts: pongs are picows' affair, anything else is unexpected."""

    lost = 0
    spoken_to = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count what an idle socket should not hear."""
        Sleeper.spoken_to += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Count a socket that went away."""
        Sleeper.lost += 1


async def _run(plan: IdlePlan) -> None:
    gate = asyncio.Semaphore(plan.at_once)

    async def open_one(seat: Seat) -> WSTransport:
        async with gate:
            transport, _ = await ws_connect(
                Sleeper,
                f"ws://127.0.0.1:{plan.port}/ws/chat/{seat.room}/",
                extra_headers={"Authorization": f"Bearer {seat.token}"},
            )
            return transport

    transports = await asyncio.gather(*map(open_one, plan.seats))
    # a socket that is refused after the handshake is gone by now
    await asyncio.sleep(1.0)
    print("open" if not Sleeper.lost else f"{Sleeper.lost} of {len(transports)} sockets were closed", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    for transport in transports:
        transport.disconnect()


def main() -> None:
    """Read the plan and hold the sockets."""
    raise_file_limit()
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=IdlePlan)
    uvloop.run(_run(plan))


if __name__ == "__main__":
    main()
