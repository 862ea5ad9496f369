"""Carries out the plan of faults."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence

from duologue.verify.line import Line
from duologue.verify.own_server import OwnServer, StartError
from duologue.verify.plan import SERVER_FAULTS, Fault, Kind
from duologue.verify.readers import Reader
from duologue.verify.scene import Scene
from duologue.verify.websocket import LostError

_SHORTEST_STALL_SECONDS = 0.5
_MARK_SECONDS = 0.4


async def trouble(scene: Scene, lines: Sequence[Line], plan: Sequence[Fault]) -> None:
    """Carry out what comes from outside, each at its time."""
    began = asyncio.get_running_loop().time()
    for fault in plan:
        if fault.kind in SERVER_FAULTS:
            continue
        await asyncio.sleep(began + fault.at - asyncio.get_running_loop().time())
        if await _carry_out(scene, lines, fault):
            scene.faults[fault.kind.value] += 1


async def end_servers(scene: Scene, server: OwnServer, plan: Sequence[Fault]) -> None:
    """Kill and stop our own server, each time as soon as it is ready after the time planned; it runs at the end."""
    began = asyncio.get_running_loop().time()
    for fault in plan:
        if fault.kind not in SERVER_FAULTS:
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(began + fault.at):
                await scene.enough.wait()
                return
        scene.faults[fault.kind.value] += 1
        if fault.kind is Kind.KILL:
            await server.kill()
        else:
            code = await server.stop()
            if code != 0:
                scene.complain(f"the server ended with {code} after SIGTERM")
        try:
            await server.start()
        except StartError as error:
            scene.complain(f"the server did not start again after {fault.kind.value}: {error}")
            scene.enough.set()
            return


async def keep_marking(scene: Scene, readers: Sequence[Reader]) -> None:
    """Move read marks, over sockets and REST in turn, as often as each person may."""
    while not scene.enough.is_set():
        reader = random.choice(readers)  # noqa: S311 - any of them
        if random.random() < 0.5:  # noqa: S311 - either
            with contextlib.suppress(LostError):
                reader.mark_read()
        else:
            await reader.mark_read_over_rest()
        await asyncio.sleep(max(_MARK_SECONDS, 2 / scene.limits.signals_per_second))


async def _carry_out(scene: Scene, lines: Sequence[Line], fault: Fault) -> bool:
    if fault.kind is Kind.STORM:
        for each in lines:
            each.cut()
        return True
    fitting = [line for line in lines if line.socket is not None and _fits(line, fault.kind)]
    if not fitting:
        return False
    line = fitting[int(fault.target * len(fitting))]
    if fault.kind is Kind.REFRESH and isinstance(line, Reader):
        await line.renew()
    else:
        _do_to(scene, line, fault)
    return True


def _do_to(scene: Scene, line: Line, fault: Fault) -> None:
    socket = line.socket
    if socket is None:
        return
    match fault.kind:
        case Kind.CUT_SENDING:
            line.cut_sending()
        case Kind.CUT_RECEIVING:
            socket.cut_next = True
        case Kind.STALL:
            seconds = _SHORTEST_STALL_SECONDS + fault.strength * 2
            socket.stall(seconds)
            scene.loud_until = time.monotonic() + seconds
        case _:
            socket.cut()


def _fits(line: Line, kind: Kind) -> bool:
    if kind is Kind.STALL:
        return line.slow
    return kind is not Kind.REFRESH or isinstance(line, Reader)
