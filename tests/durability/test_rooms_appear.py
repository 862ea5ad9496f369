"""A room that is opened at an awkward moment is there, with all that was said in it."""

import asyncio
from pathlib import Path

from tests.durability.start import Trap, failing
from tests.rig.people import Person
from tests.rig.server import running_server
from tests.rig.v1_client import V1Client


async def _opened_while_greeting(trap: Trap, alice: Person, bob: Person) -> None:
    trap.arm()
    client = V1Client(alice)
    await client.open()
    await client.send(client.hello())
    # the server is within the greeting now; a room is opened and something is said there
    await asyncio.sleep(0.3)
    room = await asyncio.to_thread(bob.room_with, alice)
    assert (await asyncio.to_thread(bob.post, room, "the first word")).status_code == 201
    trap.disarm()
    await client.expect("ready")
    copy = await client.until(room, (1, 0))
    assert copy.shown() == alice.whole_history(room)
    await client.close()


def test_what_is_said_in_a_room_that_opens_during_a_greeting_is_heard(folder: Path) -> None:
    env, trap = failing(folder, "greeting waits")
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        alice.room_with(Person.arrive(server, "carol"))
        asyncio.run(_opened_while_greeting(trap, alice, bob))
