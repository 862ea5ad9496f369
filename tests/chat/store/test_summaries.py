"""One's rooms at a glance, and up to where one has read."""

import asyncio

import pytest

from duologue.chat.model import Mark, MarkMove, MarkMoved, Person, Room
from duologue.chat.store.api import Store
from tests.chat.people import ALICE, BOB, EVE, NOON, Known, draft
from tests.chat.store.places import Place

pytestmark = pytest.mark.anyio


async def mark_read(store: Store, room: Room, reader: Person, up_to_seq: int) -> Mark:
    [outcome] = await store.commit([MarkMove(room, reader, up_to_seq)])
    assert isinstance(outcome, MarkMoved)
    return outcome.mark


async def talk(store: Store, room: Room, *senders: Known) -> None:
    await store.commit([draft(room, sender, str(number)) for number, sender in enumerate(senders)])


async def test_the_liveliest_room_comes_first_and_an_empty_one_last(store: Store, room: Room) -> None:
    with_eve, _ = await store.open_room(EVE, ALICE, NOON)
    assert [each.room for each in await store.rooms_of("1", before=None, limit=10)] == [with_eve, room]
    await talk(store, room, ALICE, BOB, BOB)

    first, second = await store.rooms_of("1", before=None, limit=10)
    assert (first.room, first.unread, first.last_read_seq) == (room, 2, 0)
    assert first.last_message is not None
    assert (first.last_message.seq, first.last_message.content) == (3, "2")
    assert (second.room, second.unread, second.last_message) == (with_eve, 0, None)

    await talk(store, with_eve, EVE)
    assert [each.room.id for each in await store.rooms_of("1", before=None, limit=10)] == [with_eve.id, room.id]


async def test_nobody_sees_the_rooms_of_others(store: Store, room: Room) -> None:
    await talk(store, room, ALICE)
    assert [each.room.id for each in await store.rooms_of("2", before=None, limit=10)] == [room.id]
    assert await store.rooms_of("3", before=None, limit=10) == []


async def test_pages_of_the_list_hold_every_room_once(store: Store) -> None:
    rooms = []
    for number in range(10, 17):
        opened, _ = await store.open_room(ALICE, Known(str(number), f"friend{number}"), NOON)
        rooms.append(opened)
    await talk(store, rooms[2], ALICE)
    await talk(store, rooms[5], ALICE)
    seen: list[int] = []
    before = None
    while page := await store.rooms_of("1", before=before, limit=2):
        seen += [each.room.id for each in page]
        before = (page[-1].activity, page[-1].room.id)
    assert seen[:2] == [rooms[5].id, rooms[2].id]
    assert sorted(seen) == sorted(room.id for room in rooms)


async def test_a_mark_moves_forward_only_and_no_further_than_the_last_message(store: Store, room: Room) -> None:
    await talk(store, room, BOB, BOB, ALICE, BOB)
    alice = room.participant_a
    assert await mark_read(store, room, alice, 2) == Mark(2, 1)
    assert await mark_read(store, room, alice, 1) == Mark(2, 1)
    assert await mark_read(store, room, alice, 0) == Mark(2, 1)
    assert await mark_read(store, room, alice, 10**17) == Mark(4, 0)
    await talk(store, room, BOB)
    assert await mark_read(store, room, alice, 4) == Mark(4, 1)


async def test_more_than_a_thousand_unread_are_many(store: Store, room: Room) -> None:
    await talk(store, room, *[BOB] * 1200)
    [mine] = await store.rooms_of("1", before=None, limit=10)
    assert mine.unread == 1000
    assert await mark_read(store, room, room.participant_a, 100) == Mark(100, 1000)
    assert await mark_read(store, room, room.participant_a, 300) == Mark(300, 900)


async def test_a_message_is_read_when_the_other_ones_mark_has_reached_it(store: Store, room: Room) -> None:
    await talk(store, room, BOB, ALICE, BOB)
    await mark_read(store, room, room.participant_a, 1)
    page = await store.page(room, before=None, after=None, limit=10)
    assert [message.is_read for message in page.messages] == [True, False, False]
    [bobs] = await store.rooms_of("2", before=None, limit=10)
    assert bobs.last_message is not None
    assert not bobs.last_message.is_read
    await mark_read(store, room, room.participant_a, 3)
    [bobs] = await store.rooms_of("2", before=None, limit=10)
    assert bobs.last_message is not None
    assert bobs.last_message.is_read


async def test_marks_at_once_end_at_the_furthest(store: Store, room: Room) -> None:
    await talk(store, room, *[BOB] * 20)
    marks = await asyncio.gather(*(mark_read(store, room, room.participant_a, seq) for seq in range(20, 0, -1)))
    assert {mark.last_read_seq for mark in marks} == {20}


async def test_a_mark_survives(place: Place) -> None:
    first = place.open()
    room, _ = await first.open_room(ALICE, BOB, NOON)
    await talk(first, room, BOB, BOB)
    await mark_read(first, room, room.participant_a, 1)
    await first.close()
    again = place.open()
    [mine] = await again.rooms_of("1", before=None, limit=10)
    assert (mine.last_read_seq, mine.unread) == (1, 1)
    await again.close()
