"""The server dies at the worst places: what was acknowledged is there, what is said again is the same and heard.

Production code has no places to die at: a module under tests puts them in before the normal command runs.
"""

import asyncio
import contextlib
import subprocess
from pathlib import Path

import pytest
import websockets

from tests.durability.doing import delete, edit, everything_is_here, read, said_again, say
from tests.durability.start import Trap, failing
from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.rig.v1_client import Frame, V1Client

PLACES = (
    "before the commit",
    "after the commit",
    "before the delivery",
    "within the delivery",
    "before the acknowledgement",
)
SOURCE = Path(__file__).parents[2] / "src"


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_death_at_the_worst_moment_loses_and_doubles_nothing(folder: Path, place: str) -> None:
    env, trap = failing(folder, place)
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        asyncio.run(die_and_come_back(server, trap, alice, bob, room, place))


async def die_and_come_back(
    server: RunningServer, trap: Trap, alice: Person, bob: Person, room: int, place: str
) -> None:
    one, other = V1Client(alice, room), V1Client(bob)
    for round_, act in enumerate((say, edit, delete, read)):
        for client in (one, other):
            await client.connect()
        acks = [await one.say(f"before {round_} {n}", f"before-{round_}-{n}") for n in range(3)]
        await other.say(f"unread {round_}", room=room)
        await one.until(room, (4 * (round_ + 1) + (round_ > 0), one.copies[room].at[1]))
        frame = act(one, round_)
        await die(server, trap, one, other, frame, heard=place == "within the delivery")

        server.start()
        for client in (one, other):
            await client.connect()
        await said_again(one, frame, stored=place != "before the commit")
        for n, ack in enumerate(acks):
            assert await one.say(f"before {round_} {n}", f"before-{round_}-{n}") == ack | {"duplicate": True}
        for client in (one, other):
            await everything_is_here(client, room)
            await client.close()


async def die(server: RunningServer, trap: Trap, one: V1Client, other: V1Client, frame: Frame, *, heard: bool) -> None:
    trap.arm()
    with contextlib.suppress(websockets.ConnectionClosed):
        await one.send(frame)
    for client in (one, other):
        assert await client.closed() == 1006
        # an acknowledgement leaves with what its socket hears, and one socket had heard it
        assert heard or client.passed("ack") == []
    await asyncio.to_thread(server.kill)
    trap.disarm()


def test_the_normal_command_knows_nothing_of_it(folder: Path) -> None:
    env, trap = failing(folder, "before the commit")
    del env["PYTHONPATH"]
    trap.arm()
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        assert alice.post(alice.room_with(bob), "Hi").status_code == 201
    words = subprocess.run(
        ["grep", "-rniE", "fail_?point|DAWDLES|sitecustomize", str(SOURCE)], capture_output=True, check=False, text=True
    )
    assert (words.returncode, words.stdout) == (1, "")
