"""Coming back while others talk: at whatever moment, nothing is missing at the seam and nothing comes twice.

The copy of a client checks each frame: +1, never a gap, never a repeat, never before its time.
"""

import asyncio
import contextlib
import itertools
import random
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import websockets

from tests.durability.start import TALKATIVE, dawdling
from tests.rig.people import Person
from tests.rig.proxy import cutting_proxy
from tests.rig.server import running_server
from tests.rig.v1_client import V1Client
from tests.rig.v1_state import RoomCopy, point

ROUNDS, AT_ONCE, SAID = 20, 10, 50


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


class Talker:
    """Somebody who says, edits, deletes and reads without a pause."""

    def __init__(self, client: V1Client, room: int, chance: random.Random) -> None:
        self.client, self.room, self.chance = client, room, chance
        self._ids: list[int] = []
        self._number = itertools.count(1)

    async def talk(self, messages: int, pause: float = 0.0) -> None:
        """Say so many messages, and change something after every third or so."""
        for _ in range(messages):
            ack = await self.client.say(f"text {next(self._number)}", room=self.room)
            self._ids.append(ack["id"])
            await self._change_something()
            await asyncio.sleep(self.chance.random() * pause)

    async def _change_something(self) -> None:
        what = self.chance.random()
        if what < 0.2:
            await self.client.edit(self._ids[self.chance.randrange(len(self._ids))], f"edit {what}", room=self.room)
        elif what < 0.25:
            await self.client.delete(self._ids.pop(self.chance.randrange(len(self._ids))), room=self.room)
        elif what < 0.35:
            await self.client.send({"type": "read", "room": self.room, "up_to_seq": 10**6})


def kept_at(room: int, copy: RoomCopy) -> RoomCopy:
    """Return what a client has that knows this copy's cursor and nothing before it."""
    twin = RoomCopy(room)
    twin.cursor, twin.since, twin.reads = copy.cursor, copy.at[0], dict(copy.reads)
    return twin


async def same_as_anew(client: V1Client, room: int, end: tuple[int, int]) -> None:
    """The copy has come to the end and is what a fresh look shows, from where it began."""
    copy = await client.until(room, end)
    whole = await asyncio.to_thread(client.person.whole_history, room)
    assert copy.shown() == whole[copy.since :]


def ending(talker: Talker) -> tuple[int, int]:
    return talker.client.copies[talker.room].at


async def _race(alice: Person, bob: Person, room: int, chance: random.Random) -> int:
    frames = 0
    points: list[RoomCopy] = [RoomCopy(room)]
    async with V1Client(alice, room) as speaker:
        talker = Talker(speaker, room, chance)
        await talker.talk(30)
        points[0].cursor = f"{str(speaker.copies[room].cursor).split('.')[0]}.{room}.0.0"
        for round_ in range(ROUNDS):
            points.append(kept_at(room, speaker.copies[room]))
            clients = [
                V1Client(bob, room if n % 2 else None, {room: kept_at(room, chance.choice(points))})
                for n in range(AT_ONCE)
            ]
            talking = asyncio.create_task(talker.talk(SAID, 0.004))
            await asyncio.gather(*(_arrive(client, chance.random() * 0.3) for client in clients))
            await talking
            # a mark has no acknowledgement: what comes after it says that it is there
            await speaker.say(f"end of {round_}", room=room)
            await speaker.until(room, (speaker.copies[room].at[0], 0))
            end = ending(talker)
            for client in clients:
                await same_as_anew(client, room, end)
                frames += client.copies[room].frames
                await client.close()
    return frames


async def _arrive(client: V1Client, after: float) -> None:
    await asyncio.sleep(after)
    await client.connect()


@pytest.mark.slow
def test_at_two_hundred_moments_the_seam_between_history_and_now_holds(folder: Path, chance: random.Random) -> None:
    with running_server(folder, dawdling(chance.randrange(2**32), DUOLOGUE_HELD_EVENTS="16")) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        assert asyncio.run(_race(alice, bob, alice.room_with(bob), chance)) > ROUNDS * AT_ONCE * SAID


async def _until_it_has(client: V1Client, room: int, is_the_end: Callable[[RoomCopy], bool], most_frames: int) -> int:
    """Connect again and again, and leave without a word after so many frames; return how often it took."""
    for tried in range(1, 10_000):
        with contextlib.suppress(websockets.ConnectionClosed, OSError, EOFError, websockets.InvalidMessage):
            await client.connect()
            for _ in range(most_frames):
                if is_the_end(client.copies[room]):
                    return tried
                await client.next()
        await client.cut()
    raise AssertionError("it never arrives")


def _beginning(speaker: V1Client, room: int) -> RoomCopy:
    copy = RoomCopy(room)
    copy.cursor = f"{str(speaker.copies[room].cursor).split('.')[0]}.{room}.0.0"
    return copy


Drop = Callable[[V1Client, int, Callable[[RoomCopy], bool]], Awaitable[int]]


async def _dropped(alice: Person, room: int, chance: random.Random, drops: Iterator[tuple[V1Client, Drop]]) -> int:
    async with V1Client(alice, room) as speaker:
        finished: list[tuple[int, int]] = []

        def is_the_end(copy: RoomCopy) -> bool:
            return bool(finished) and copy.live and copy.at >= finished[0]

        talker = Talker(speaker, room, chance)
        await talker.talk(20)
        clients = list(drops)
        for client, _ in clients:
            client.copies[room] = _beginning(speaker, room)
        arriving = asyncio.gather(*(drop(client, room, is_the_end) for client, drop in clients))
        await talker.talk(100, 0.01)
        await speaker.say("the end", room=room)
        finished.append(point(str(speaker.copies[room].cursor)))
        async with asyncio.timeout(60):
            tries: list[int] = await arriving
        for client, _ in clients:
            assert client.copies[room].shown() == await asyncio.to_thread(alice.whole_history, room)
            await client.cut()
        return sum(tries)


def _after_frames(frames: int) -> Drop:
    async def drop(client: V1Client, room: int, is_the_end: Callable[[RoomCopy], bool]) -> int:
        return await _until_it_has(client, room, is_the_end, frames)

    return drop


@pytest.mark.slow
def test_a_connection_lost_after_every_kth_frame_loses_nothing(folder: Path, chance: random.Random) -> None:
    with running_server(folder, TALKATIVE) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        drops = ((V1Client(bob, room if k % 2 else None), _after_frames(k)) for k in range(1, 21))
        tries = asyncio.run(_dropped(alice, room, chance, drops))
        print(f"{tries} connections")
        assert tries > 100


async def _cut_within_frames(alice: Person, bob: Person, room: int, chance: random.Random) -> int:
    # enough for the greeting and a page, and then it ends anywhere
    async with cutting_proxy(alice.server.port, lambda: chance.randrange(100, chance.choice((6_000, 60_000)))) as port:
        drops = ((V1Client(bob, room, port=port), _after_frames(10**6)) for _ in range(15))
        return await _dropped(alice, room, chance, drops)


@pytest.mark.slow
def test_a_connection_cut_within_a_frame_loses_nothing(folder: Path, chance: random.Random) -> None:
    with running_server(folder, TALKATIVE) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        tries = asyncio.run(_cut_within_frames(alice, bob, alice.room_with(bob), chance))
        print(f"{tries} connections")
        # each of the fifteen was cut once at least, or nearly
        assert tries > 25
