"""One room for each pair."""

import asyncio

import pytest

from duologue.chat.store.api import IdentityConflictError, Store
from tests.chat.people import ALICE, BOB, EVE, NOON, Known, draft
from tests.chat.store.places import Place

pytestmark = pytest.mark.anyio


async def test_a_room_remembers_who_came_first(store: Store) -> None:
    room, new = await store.open_room(BOB, ALICE, NOON)
    assert new
    assert (room.participant_a.username, room.participant_b.username, room.created_at) == ("bob", "alice", NOON)
    assert await store.room(room.id) == room


async def test_either_order_finds_the_same_room(store: Store) -> None:
    room, _ = await store.open_room(ALICE, BOB, NOON)
    assert await store.open_room(BOB, ALICE, NOON + 1) == (room, False)
    assert await store.open_room(ALICE, BOB, NOON + 2) == (room, False)
    assert await store.pair(ALICE.user_id, BOB.username) == room
    assert await store.pair(BOB.user_id, ALICE.username) == room


async def test_what_is_not_there_is_none(store: Store) -> None:
    await store.open_room(ALICE, BOB, NOON)
    assert await store.room(2) is None
    assert await store.pair(ALICE.user_id, "nobody") is None
    assert await store.pair("9", BOB.username) is None
    await store.open_room(ALICE, EVE, NOON)
    assert await store.pair(BOB.user_id, EVE.username) is None


async def test_twenty_times_both_orders_at_once_give_one_room_each(store: Store) -> None:
    for n in range(20):
        a, b = Known(f"a{n}", f"ann{n}"), Known(f"b{n}", f"ben{n}")
        opened = await asyncio.gather(
            *(store.open_room(*pair, NOON) for pair in [(a, b), (b, a), (a, b), (b, a)]),
            store.open_room(a, ALICE, NOON),
        )
        rooms = [room for room, _ in opened[:4]]
        assert {room.id for room in rooms} == {rooms[0].id}
        assert sum(new for _, new in opened[:4]) == 1
        assert opened[4][0].id != rooms[0].id


async def test_ids_are_dense_and_members_can_post(store: Store) -> None:
    ids = []
    for n in range(3):
        room, _ = await store.open_room(ALICE, Known(f"f{n}", f"friend{n}"), NOON)
        ids.append(room.id)
        await store.commit([draft(room, ALICE)])
    assert ids == [1, 2, 3]


@pytest.mark.parametrize("stranger", [Known("1", "alicia"), Known("7", "alice"), Known("1", "bob")])
async def test_people_of_another_auth_are_refused_and_nothing_is_stored(store: Store, stranger: Known) -> None:
    room, _ = await store.open_room(ALICE, BOB, NOON)
    for pair in ((stranger, EVE), (EVE, stranger)):
        with pytest.raises(IdentityConflictError, match=f"user {stranger.user_id} is {stranger.username}"):
            await store.open_room(*pair, NOON)
    assert store.healthy
    assert await store.pair(EVE.user_id, ALICE.username) is None
    assert (await store.open_room(BOB, EVE, NOON))[0].id == room.id + 1


async def test_rooms_are_there_after_reopening(place: Place) -> None:
    store = place.open()
    room, _ = await store.open_room(ALICE, BOB, NOON)
    await store.close()
    store = place.open()
    assert await store.open_room(BOB, ALICE, NOON) == (room, False)
    await store.close()
