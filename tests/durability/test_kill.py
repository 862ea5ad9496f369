"""SIGKILL at any moment: what was acknowledged is there, once, in order."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from duologue.verify.history import History
from duologue.verify.oracle import verdict
from tests.durability.writers import RestWriter, SocketWriter, Writer, final, listen
from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.rig.tiers import amount
from tests.serve.test_start import used_cpu_seconds

KILLS = amount(10, 200)
# the history grows: judged after each kill, it would be read and judged most of the time
JUDGED_EACH, JUDGED_EVERY = 10, 20
# 4 s is the aim on a quiet machine; the processor's time does not depend on what else the machine does
MOST_CPU_SECONDS_TO_START = 4.0


async def talk(
    server: RunningServer, writers: list[Writer], listener: tuple[Person, int], name: str, kill_after: float | None
) -> None:
    """Let everybody talk; kill the server after a while, or else let them finish."""
    enough = asyncio.Event()
    history = writers[0].history
    listening = asyncio.create_task(listen(*listener, name, history))
    talking = asyncio.gather(*(writer.talk(enough) for writer in writers))
    if kill_after is not None:
        await asyncio.sleep(kill_after)
        server.process.kill()  # type: ignore[union-attr]  # it runs
        await asyncio.to_thread(server.kill)
    else:
        await asyncio.sleep(0.3)
    enough.set()
    await talking
    listening.cancel()
    await asyncio.wait([listening])


@pytest.mark.slow
def test_no_acknowledged_message_is_lost_doubled_or_moved_by_kills(folder: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    history = History()
    with running_server(folder) as server:
        alice, bob, carol = (Person.arrive(server, name) for name in ("alice", "bob", "carol"))
        one, two = alice.room_with(bob), alice.room_with(carol)
        writers: list[Writer] = [
            SocketWriter(alice, one, "alice", history),
            RestWriter(bob, one, "bob", history),
            RestWriter(alice, two, "alice-rest", history),
            SocketWriter(carol, two, "carol", history),
        ]
        slowest = busiest = 0.0
        left_unsure = 0
        for kill in range(KILLS):
            asyncio.run(talk(server, writers, (bob, one), f"bob listens {kill}", chance.uniform(0.05, 0.7)))
            left_unsure += sum(len(writer.unsure) for writer in writers)
            began = time.monotonic()
            server.start()
            slowest = max(slowest, time.monotonic() - began)
            busiest = max(busiest, used_cpu_seconds(server))
            if kill < JUDGED_EACH or kill % JUDGED_EVERY == 0:
                history.final = final([(bob, one), (carol, two)])
                assert verdict(history) == []
        asyncio.run(talk(server, writers, (bob, one), "bob listens at last", None))
        history.final = final([(bob, one), (carol, two)])

    assert verdict(history) == []
    assert [writer.unsure for writer in writers] == [{}] * 4
    stored = sum(map(len, history.final.values()))
    print(f"{stored} messages, {left_unsure} without an answer at a kill; slowest start {slowest:.2f} s")
    # nothing was tested if nobody was ever interrupted, or nobody ever spoke
    assert left_unsure > KILLS
    assert all(any(a.outcome == "ok" for a in history.attempts if a.lane.startswith(w.name)) for w in writers)
    assert busiest < MOST_CPU_SECONDS_TO_START
