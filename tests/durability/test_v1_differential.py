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
NEWCOMERS = 6
OPEN_EVERY = STEPS // NEWCOMERS


class Party:
    """Two people with two devices each: one in the room, one everywhere. Any of them acts, over a socket or REST.

    Now and then one of the two opens a room with a newcomer, who has no device.
    """

    def __init__(self, alice: Person, bob: Person, room: int, newcomers: list[Person]) -> None:
        self.people = (alice, bob)
        self.room = room
        self.devices = [V1Client(person, place) for person in self.people for place in (room, None)]
        self.newcomers = newcomers
        self.others: dict[int, Person] = {}
        self.done: dict[str, int] = dict.fromkeys([*ACTIONS, "open"], 0)

    async def act(self, chance: random.Random, step: int) -> None:
        """Do one thing."""
        if step % OPEN_EVERY == 0:
            await self._open(chance)
            return
        device = chance.choice(self.devices)
        room = self.room if device.room or chance.random() < 0.5 else chance.choice(sorted(device.copies))
        if room in self.others and chance.random() < 0.5:
            await asyncio.to_thread(self.others[room].post, room, f"newcomer's {step}")
            return
        own = [
            message
            for message in device.copies[room].shown()
            if message["sender_id"] == device.person.username and "deleted_at" not in message
        ]
        action = chance.choice(ACTIONS) if own else "send"
        self.done[action] += 1
        message = chance.choice(own)["id"] if own else 0
        if chance.random() < 0.3:
            await asyncio.to_thread(over_rest, device.person, room, action, message, step)
        else:
            await self._over_socket(device, room, action, message, step)

    async def _over_socket(self, device: V1Client, room: int, action: str, message: int, step: int) -> None:
        if action == "send":
            await device.say(f"text {step}", f"device-{step}", room=room)
        elif action == "edit":
            await device.edit(message, f"edit {step}", room=room)
        elif action == "delete":
            await device.delete(message, room=room)
        else:
            await device.send({"type": "read", "room": room, "up_to_seq": 10**6})
            # it has no answer: the next thing that has one comes after it
            await device.say(f"after a mark {step}", f"mark-{step}", room=room)

    async def _open(self, chance: random.Random) -> None:
        """Open a room while one device is away, or while all are here; the newcomer speaks once it is known."""
        self.done["open"] += 1
        opener, newcomer = chance.choice(self.people), self.newcomers.pop()
        away = next(each for each in self.devices if each.room is None and each.person is opener)
        if chance.random() < 0.5:
            await away.cut()
            room = await asyncio.to_thread(opener.room_with, newcomer)
            await away.connect()
        else:
            room = await asyncio.to_thread(opener.room_with, newcomer)
        self.others[room] = newcomer
        # there without a question
        await away.until(room, (0, 0))
        await asyncio.to_thread(newcomer.post, room, "hello")

    async def compare(self) -> None:
        """Each copy comes to its room's head and is the room, in its history and in the list of rooms."""
        for person in self.people:
            listed = await asyncio.to_thread(rooms_of, person)
            whole = {room: await asyncio.to_thread(person.whole_history, room) for room in listed}
            for device in [each for each in self.devices if each.person is person]:
                for room in listed if device.room is None else [device.room]:
                    copy = await device.until(room, point(listed[room]["cursor"]))
                    assert copy.shown() == whole[room], (person.username, device.room, room)
                    assert in_list(copy, person) == listed_as(listed[room]), (person.username, device.room, room)
                assert set(device.copies) == (set(listed) if device.room is None else {device.room})

    async def reconnect(self, chance: random.Random) -> None:
        """One device goes, misses something, and comes back."""
        device = chance.choice(self.devices)
        await device.cut()
        other = next(each for each in self.devices if each is not device)
        for n in range(chance.randrange(3)):
            await other.say(f"missed {chance.random()}", f"missed-{chance.random()}-{n}"[:64], room=self.room)
        await device.connect()


def in_list(copy: RoomCopy, person: Person) -> Frame:
    """Return what the list of rooms must say of a room, by what the frames add up to.

    Among more than a thousand messages `unread` counts the newest thousand: there are not so many here.
    """
    mark = copy.reads.get(person.username, 0)
    shown = copy.shown()
    unread = [
        seq
        for seq, message in copy.messages.items()
        if seq > mark and message["sender_id"] != person.username and "deleted_at" not in message
    ]
    return {"unread": len(unread), "last_read_seq": mark, "last_message": shown[-1] if shown else None}


def listed_as(entry: Frame) -> Frame:
    """Return the same of an entry in the list."""
    return {name: entry[name] for name in ("unread", "last_read_seq", "last_message")}


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


def rooms_of(person: Person) -> dict[int, Frame]:
    rooms = person.http.get("/api/chat/rooms/", headers=person.headers).json()
    return {each["id"]: each for each in rooms}


async def _live_together(server: RunningServer, chance: random.Random) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    newcomers = [Person.arrive(server, "newcomer") for _ in range(NEWCOMERS)]
    party = Party(alice, bob, alice.room_with(bob), newcomers)
    for device in party.devices:
        await device.connect()
    for step in range(STEPS):
        await party.act(chance, step)
        if step % 10 == 5:
            await party.reconnect(chance)
        await party.compare()
    assert party.done.pop("open") == NEWCOMERS
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
        entry = (await asyncio.to_thread(rooms_of, bob))[room]
        # its last message is the deleted one: an edit of another does not show there
        assert (in_list(copy, bob) == listed_as(entry)) is (passes_over in ("nothing", "edited"))


@pytest.mark.parametrize("passes_over", ["nothing", "edited", "deleted", "read"])
def test_a_copy_that_passes_something_over_is_found_out(server: RunningServer, passes_over: str) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    asyncio.run(_with_an_inattentive_one(alice, bob, alice.room_with(bob), passes_over))


def test_a_copy_that_passes_a_message_over_cannot_go_on(server: RunningServer) -> None:
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    with pytest.raises(KeyError):
        asyncio.run(_with_an_inattentive_one(alice, bob, alice.room_with(bob), "message"))
