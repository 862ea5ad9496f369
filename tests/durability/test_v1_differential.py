"""Old state and events make what a fresh look shows: for every action, on every kind of socket, across reconnects."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.durability.start import TALKATIVE
from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server
from tests.rig.v1_client import Frame, V1Client
from tests.rig.v1_state import RoomCopy, point

STEPS = 120
ACTIONS = ("send", "edit", "delete", "read")


class Party:
    """Two people with two devices each: one in the room, one everywhere. Any of them acts, over a socket or REST."""

    def __init__(self, alice: Person, bob: Person, room: int) -> None:
        self.room = room
        self.devices = [V1Client(person, place) for person in (alice, bob) for place in (room, None)]
        self.done: dict[str, int] = dict.fromkeys(ACTIONS, 0)

    async def act(self, chance: random.Random, step: int) -> None:
        """Do one thing."""
        device = chance.choice(self.devices)
        own = [
            message
            for message in device.copies[self.room].shown()
            if message["sender_id"] == device.person.username and "deleted_at" not in message
        ]
        action = chance.choice(ACTIONS) if own else "send"
        self.done[action] += 1
        message = chance.choice(own)["id"] if own else 0
        if chance.random() < 0.3:
            await asyncio.to_thread(over_rest, device.person, self.room, action, message, step)
        else:
            await self._over_socket(device, action, message, step)

    async def _over_socket(self, device: V1Client, action: str, message: int, step: int) -> None:
        if action == "send":
            await device.say(f"text {step}", f"device-{step}", room=self.room)
        elif action == "edit":
            await device.edit(message, f"edit {step}", room=self.room)
        elif action == "delete":
            await device.delete(message, room=self.room)
        else:
            await device.send({"type": "read", "room": self.room, "up_to_seq": 10**6})
            # it has no answer: the next thing that has one comes after it
            await device.say(f"after a mark {step}", f"mark-{step}", room=self.room)

    async def compare(self) -> None:
        """Each copy comes to the room's head and is the room."""
        person = self.devices[0].person
        head = await asyncio.to_thread(fresh_head, person, self.room)
        whole = await asyncio.to_thread(person.whole_history, self.room)
        for device in self.devices:
            copy = await device.until(self.room, head)
            assert copy.shown() == whole, (device.person.username, device.room)

    async def reconnect(self, chance: random.Random) -> None:
        """One device goes, misses something, and comes back."""
        device = chance.choice(self.devices)
        await device.cut()
        other = next(each for each in self.devices if each is not device)
        for n in range(chance.randrange(3)):
            await other.say(f"missed {chance.random()}", f"missed-{chance.random()}-{n}"[:64], room=self.room)
        await device.connect()


def over_rest(person: Person, room: int, action: str, message: int, step: int) -> None:
    path = f"/api/chat/rooms/{room}"
    method, address, body = {
        "send": ("POST", f"{path}/messages/", {"content": f"text {step}", "client_id": f"rest-{step}"}),
        "edit": ("PATCH", f"{path}/messages/{message}/", {"content": f"edit {step}"}),
        "delete": ("DELETE", f"{path}/messages/{message}/", None),
        "read": ("POST", f"{path}/read/", {"up_to_seq": 10**6}),
    }[action]
    answer = person.http.request(method, address, json=body, headers=person.headers)
    assert answer.is_success, answer.text


def fresh_head(person: Person, room: int) -> tuple[int, int]:
    rooms = person.http.get("/api/chat/rooms/", headers=person.headers).json()
    return next(point(each["cursor"]) for each in rooms if each["id"] == room)


async def _live_together(server: RunningServer, chance: random.Random) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    party = Party(alice, bob, alice.room_with(bob))
    for device in party.devices:
        await device.connect()
    for step in range(STEPS):
        await party.act(chance, step)
        if step % 10 == 5:
            await party.reconnect(chance)
        await party.compare()
    assert min(party.done.values()) > STEPS / 20, party.done
    for device in party.devices:
        await device.close()


@pytest.mark.slow
def test_old_state_and_events_are_a_fresh_look(folder: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    with running_server(folder, TALKATIVE) as server:
        asyncio.run(_live_together(server, random.Random(seed)))


class Inattentive(RoomCopy):
    """Keeps its place and passes over what it is told to."""

    passes_over = ""

    def take(self, frame: Frame) -> None:  # type: ignore[override]  # a dict is a mapping
        if frame["type"] == self.passes_over:
            self.cursor = frame["cursor"]
        else:
            super().take(frame)


async def _with_an_inattentive_one(alice: Person, bob: Person, room: int, passes_over: str) -> None:
    copy = Inattentive(room)
    copy.passes_over = passes_over
    async with V1Client(alice, room) as speaker, V1Client(bob, room, {room: copy}) as listener:
        kept, gone = await speaker.say("kept"), await speaker.say("gone")
        await speaker.edit(kept["id"], "edited")
        await speaker.delete(gone["id"])
        await listener.send({"type": "read", "up_to_seq": 2})
        await listener.until(room, (2, 3))
        same = copy.shown() == await asyncio.to_thread(bob.whole_history, room)
        assert same is (passes_over == "nothing")


@pytest.mark.parametrize("passes_over", ["nothing", "edited", "deleted", "read"])
def test_a_copy_that_passes_something_over_is_found_out(server: RunningServer, passes_over: str) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    asyncio.run(_with_an_inattentive_one(alice, bob, alice.room_with(bob), passes_over))


def test_a_copy_that_passes_a_message_over_cannot_go_on(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    with pytest.raises(KeyError):
        asyncio.run(_with_an_inattentive_one(alice, bob, alice.room_with(bob), "message"))
