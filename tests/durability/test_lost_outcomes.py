"""A commit that is stored and whose outcome is lost: whoever asks again is answered, and everybody hears of it."""

import asyncio
from pathlib import Path

import pytest

from tests.durability.doing import Act, delete, edit, everything_is_here, read, said_again, say
from tests.durability.start import Trap, failing
from tests.rig.people import Person
from tests.rig.server import running_server
from tests.rig.v1_client import Frame, V1Client


async def _with_an_outcome_lost(trap: Trap, alice: Person, bob: Person, room: int, frame: Act) -> list[Frame]:
    """Let a commit be stored whose outcome nobody learns; return what the sender heard until it was acknowledged."""
    async with V1Client(alice, room) as one, V1Client(bob) as other:
        await one.say("first", "first")
        await other.until(room, (1, 0))
        trap.arm()
        sent = frame(one, 1)
        error = await one.refused(sent)
        assert (error["code"], error["retryable"]) == ("outcome_unknown", True)
        await said_again(one, sent, stored=True)
        # nobody says anything more: the others hear it all the same
        await everything_is_here(one, room)
        await everything_is_here(other, room)
        return one.passed("error")


@pytest.mark.parametrize("act", [say, edit, delete], ids=lambda act: str(act.__name__))
def test_what_was_stored_although_its_outcome_was_lost_reaches_everybody(folder: Path, act: Act) -> None:
    env, trap = failing(folder, "outcome lost")
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        assert asyncio.run(_with_an_outcome_lost(trap, alice, bob, alice.room_with(bob), act)) == []


async def _with_nobody_who_asks_again(trap: Trap, alice: Person, bob: Person, room: int, frame: Act) -> None:
    async with V1Client(alice, room) as one, V1Client(bob) as other:
        await one.say("first", "first")
        await other.say("second", "second", room=room)
        await one.until(room, (2, 0))
        trap.arm()
        error = await one.refused(frame(one, 1))
        assert error["code"] == "outcome_unknown"
        changed = (3, 0) if error["about"] == "message" else (2, 1)
        # nobody says anything more
        for client in (one, other):
            await client.until(room, changed)
            await everything_is_here(client, room)


@pytest.mark.parametrize("act", [say, edit, delete, read], ids=lambda act: str(act.__name__))
def test_what_was_stored_and_nobody_says_again_reaches_everybody(folder: Path, act: Act) -> None:
    env, trap = failing(folder, "outcome lost")
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        asyncio.run(_with_nobody_who_asks_again(trap, alice, bob, alice.room_with(bob), act))


def test_a_mark_whose_outcome_was_lost_is_refused_by_its_id(folder: Path) -> None:
    env, trap = failing(folder, "outcome lost")

    async def mark_read(alice: Person, room: int) -> None:
        async with V1Client(alice, room) as client:
            trap.arm()
            error = await client.refused({"type": "read", "up_to_seq": 1, "client_id": "mark-1"})
            assert (error["code"], error["about"], error["client_id"]) == ("outcome_unknown", "read", "mark-1")

    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        assert bob.post(room, "Hi").status_code == 201
        asyncio.run(mark_read(alice, room))


async def _with_a_room_whose_opening_was_lost(trap: Trap, alice: Person, bob: Person) -> None:
    async with V1Client(alice) as one, V1Client(bob) as other:
        trap.arm()
        pair = {"participant_a": alice.username, "participant_b": bob.username}
        lost = await asyncio.to_thread(alice.http.post, "/api/chat/rooms/", json=pair, headers=alice.headers)
        assert (lost.status_code, lost.json()["code"]) == (503, "outcome_unknown")
        room = await asyncio.to_thread(alice.room_with, bob)
        await asyncio.to_thread(alice.post, room, "Hi")
        for client in (one, other):
            assert (await client.until(room, (1, 0))).shown() == alice.whole_history(room)


def test_a_room_whose_opening_was_lost_appears_when_it_is_opened_again(folder: Path) -> None:
    env, trap = failing(folder, "outcome lost")
    with running_server(folder, env) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        asyncio.run(_with_a_room_whose_opening_was_lost(trap, alice, bob))
