"""What a connection missed, and what is held for it meanwhile, are given to it one after the other."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial

import pytest

from duologue.chat.access.reads import Reads
from duologue.chat.delivery.catch_up import CatchUp
from duologue.chat.delivery.subscription import Subscription, Verdict
from duologue.chat.model import Changes, Room
from tests.chat.delivery.model_room import PEOPLE, ROOM, ModelRoom
from tests.chat.delivery.stand_ins import ScriptedStore

pytestmark = pytest.mark.anyio


class OneRoom(ScriptedStore):
    """A store of one room."""

    def __init__(self, room: ModelRoom) -> None:
        super().__init__()
        self._room = room

    async def changes(self, room: Room, seq: int, change: int, limit: int) -> Changes | None:
        return self._room.changes(seq, change, limit)


class Reader:
    """A connection whose peer reads when it is told to."""

    closing = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.waits = asyncio.Event()
        self.reads = asyncio.Event()

    async def writable(self) -> None:
        if self.sent:
            self.waits.set()
            await self.reads.wait()

    def send_all(self, frames: Sequence[bytes]) -> None:
        self.sent += frames

    def failed(self) -> None:
        raise AssertionError("what was missing could not be read")


@pytest.fixture
async def reader() -> Reader:
    return Reader()


async def test_what_was_held_comes_when_the_page_before_it_has_been_read(reader: Reader) -> None:
    room, subscription = ModelRoom(), Subscription(ROOM.id, 16, 1000)
    room.post(PEOPLE[0], "missed", "missed")
    CatchUp(OneRoom(room), reader, contextlib.nullcontext).add(ROOM, subscription)
    async with asyncio.timeout(5):
        await reader.waits.wait()
        assert subscription.offer(room.post(PEOPLE[0], "said", "said"), b"held") is Verdict.HOLD
        [page] = reader.sent
        assert b'"missed"' in page
        reader.reads.set()
        while not subscription.live:  # noqa: ASYNC110 - the gate tells nobody that it opens
            await asyncio.sleep(0)
    assert reader.sent == [page, b"held"]


class SlowRoom(OneRoom):
    """A store of one room whose reads take a while."""

    def __init__(self, room: ModelRoom) -> None:
        super().__init__(room)
        self.running = self.most = 0

    async def changes(self, room: Room, seq: int, change: int, limit: int) -> Changes | None:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.005)
        self.running -= 1
        return await super().changes(room, seq, change, limit)


@pytest.mark.parametrize(("users", "at_once"), [(("1", "1", "1"), 1), (("1", "2", "3"), 3)])
async def test_one_person_reads_one_thing_at_a_time_over_all_sockets(users: tuple[str, ...], at_once: int) -> None:
    room, reads = ModelRoom(), Reads(rate=1.0, burst=1)
    room.post(PEOPLE[0], "missed", "missed")
    store, readers = SlowRoom(room), [Reader() for _ in users]
    for user, reader in zip(users, readers, strict=True):
        CatchUp(store, reader, partial(reads.alone, user)).add(ROOM, Subscription(ROOM.id, 16, 1000))
    async with asyncio.timeout(5):
        for reader in readers:
            await reader.waits.wait()
    assert store.most == at_once
