"""Where rooms stand as one of their members sees them, and pages around a message."""

import pytest

from duologue.chat.model import Reading, Room
from duologue.chat.store.api import Store
from tests.chat.people import ALICE, BOB, EVE, NOON, Known, draft
from tests.chat.store.writing import delete, edit, moved, one, read, said

pytestmark = pytest.mark.anyio


async def test_a_standing_has_the_head_the_marks_and_what_is_unread(store: Store, room: Room) -> None:
    await store.commit([draft(room, BOB, str(n)) for n in range(3)] + [draft(room, ALICE, "mine")])
    await one(store, read(room, ALICE, 1))
    [mine] = await store.standings("1", [room.id])
    [bobs] = await store.standings("2", [room.id])

    assert (mine.room, mine.seq, mine.change, mine.unread) == (room, 4, 1, 2)
    assert (bobs.room, bobs.seq, bobs.change, bobs.unread) == (room, 4, 1, 1)
    marks = [Reading(room.participant_a.number, 1), Reading(room.participant_b.number, 0)]
    assert sorted(mine.reads, key=lambda each: each.person) == marks == sorted(bobs.reads, key=lambda each: each.person)


async def test_nobody_sees_where_the_rooms_of_others_stand(store: Store, room: Room) -> None:
    other, _ = await store.open_room(ALICE, EVE, NOON)
    assert await store.standings("3", [room.id]) == []
    assert await store.standings("nobody", [room.id, other.id]) == []
    assert [each.room.id for each in await store.standings("3", [room.id, other.id, 999])] == [other.id]
    assert sorted(each.room.id for each in await store.standings("1", [room.id, other.id])) == [room.id, other.id]
    assert await store.standings("1", []) == []


async def test_rooms_with_are_all_rooms_of_a_person(store: Store, room: Room) -> None:
    other, _ = await store.open_room(EVE, ALICE, NOON)
    assert sorted(await store.rooms_with("1")) == [room.id, other.id]
    assert await store.rooms_with("2") == [room.id]
    assert await store.rooms_with("nobody") == []


async def test_what_was_deleted_is_not_unread(store: Store, room: Room) -> None:
    messages = [await said(store, room, BOB, str(n)) for n in range(4)]
    await one(store, delete(room, BOB, messages[1].id))
    await one(store, edit(room, BOB, messages[2].id, "edited"))
    [mine] = await store.standings("1", [room.id])
    [summary] = await store.rooms_of("1", before=None, limit=10)
    assert mine.unread == summary.unread == 3
    assert moved(await one(store, read(room, ALICE, 1))).mark.unread == 2
    # a mark may stand on a deleted message
    assert moved(await one(store, read(room, ALICE, 2))).mark.unread == 2
    await one(store, delete(room, BOB, messages[3].id))
    [summary] = await store.rooms_of("1", before=None, limit=10)
    assert summary.unread == 1
    assert summary.last_message is not None
    assert (summary.last_message.content, summary.last_message.deleted_at is None) == ("", False)
    assert (summary.seq, summary.change) == (4, 5)


async def test_the_switch_for_presence_stays_with_the_person(store: Store) -> None:
    assert not await store.hides_presence("1")
    # also for somebody whom chat has not met
    await store.hide_presence(ALICE, True)
    assert await store.hides_presence("1")
    assert not await store.hides_presence("2")
    await store.hide_presence(ALICE, True)
    await store.hide_presence(ALICE, False)
    assert not await store.hides_presence("1")


@pytest.mark.parametrize(
    ("seq", "limit", "expected"),
    [
        (5, 3, [4, 5, 6]),
        (5, 4, [3, 4, 5, 6]),
        (5, 1, [5]),
        (1, 4, [1, 2, 3, 4]),
        (2, 4, [1, 2, 3, 4]),
        (10, 4, [7, 8, 9, 10]),
        (9, 4, [7, 8, 9, 10]),
        (5, 100, list(range(1, 11))),
        (99, 3, [8, 9, 10]),
        (10**18 - 1, 1, [10]),
    ],
)
async def test_a_page_around_a_message(store: Store, room: Room, seq: int, limit: int, expected: list[int]) -> None:
    await store.commit([draft(room, (ALICE, BOB)[n % 2], str(n)) for n in range(1, 11)])
    page = await store.page_around(room, seq, limit)
    assert [message.seq for message in page.messages] == expected
    assert (page.older, page.newer) == (expected[0] > 1, expected[-1] < 10)


async def test_a_page_around_shows_its_own_room_only(store: Store, room: Room) -> None:
    other, _ = await store.open_room(ALICE, Known("9", "zoe"), NOON)
    await store.commit([draft(other, ALICE, "elsewhere")])
    page = await store.page_around(room, 1, 10)
    assert (page.messages, page.older, page.newer) == ([], False, False)
