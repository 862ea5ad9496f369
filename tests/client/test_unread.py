"""What a client counts as unread is what a fresh look at the list of rooms says, for both people."""

import asyncio
import random
from typing import Any

import pytest

from tests.client.company import Ear, client_of
from tests.rig.people import Person

pytestmark = pytest.mark.anyio


class Hearer:
    """One client of a person, and who listens to it."""

    def __init__(self, person: Person, ear: Ear) -> None:
        self.person = person
        self.ear = ear

    async def agrees(self, room: int) -> int:
        """Come to the room's head, where the client's count is the server's; return it."""
        listed = await asyncio.to_thread(self._listed, room)
        known = self.ear.client.conversations[room]
        await self.ear.until(lambda: known.cursor == listed["cursor"])
        assert known.unread == listed["unread"], self.person.username
        return known.unread

    def _listed(self, room: int) -> dict[str, Any]:
        rooms = self.person.http.get("/api/chat/rooms/", headers=self.person.headers).json()
        found: dict[str, Any] = next(each for each in rooms if each["id"] == room)
        return found


async def test_unread_is_what_a_fresh_look_says(alice: Person, bob: Person) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with client_of(alice) as hers, client_of(bob) as his:
        hearers = [Hearer(alice, await Ear.at(hers)), Hearer(bob, await Ear.at(his))]
        room = (await hers.open_room(bob.username)).id
        early = [await each.send(room, "text") for each in (hers, his) for _ in range(4)]
        said = [(each, receipt.id) for each, receipt in zip([hers] * 4 + [his] * 4, early, strict=True)]
        async with client_of(alice) as hers_late, client_of(bob) as his_late:
            # nothing of what was said so far is in their sight
            hearers += [Hearer(alice, await Ear.at(hers_late)), Hearer(bob, await Ear.at(his_late))]
            head = len(said)
            for step in range(40):
                action = chance.choice(["say", "take back", "read"]) if step > 5 and said else "take back"
                if action == "say" or not said:
                    who = chance.choice((hers, his))
                    receipt = await who.send(room, "text")
                    said.append((who, receipt.id))
                    head = receipt.seq
                elif action == "read":
                    # past what is out of sight: a client can only guess how many of that remain
                    await chance.choice((hers, his)).mark_read(room, chance.randint(len(early), head))
                else:
                    who, message = said.pop(chance.randrange(len(said)))
                    await who.delete(room, message)
                for hearer in hearers:
                    await hearer.agrees(room)
        assert not any(hearer.ear.error for hearer in hearers)


async def test_three_that_are_said_and_taken_back_leave_nothing_unread(alice: Person, bob: Person) -> None:
    async with client_of(alice) as hers, client_of(bob) as his:
        await Ear.at(hers)
        bobs = Hearer(bob, await Ear.at(his))
        room = (await hers.open_room(bob.username)).id
        for receipt in [await hers.send(room, "gone soon") for _ in range(3)]:
            await hers.delete(room, receipt.id)
        assert await bobs.agrees(room) == 0
        await hers.send(room, "stays")
        await his.mark_read(room, 1)
        assert await bobs.agrees(room) == 1
