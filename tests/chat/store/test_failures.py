"""A failed commit is not a rollback, and no failure is for ever."""

import asyncio

import pytest

from duologue.chat.model import Posted, Room
from duologue.chat.store.api import OutcomeUnknownError, Store
from tests.chat.people import ALICE, BOB, EVE, NOON, draft
from tests.chat.store.places import Place

pytestmark = pytest.mark.anyio


async def contents(store: Store, room: Room) -> list[tuple[int, str]]:
    page = await store.page(room, before=None, after=None, limit=1000)
    return [(message.seq, message.content) for message in page.messages]


async def test_a_failed_write_is_unknown_and_unhealthy_while_reading_goes_on(
    place: Place, store: Store, room: Room
) -> None:
    await store.commit([draft(room, ALICE, "before")])
    place.break_writes()

    with pytest.raises(OutcomeUnknownError):
        await store.commit([draft(room, ALICE, "lost", "id-1")])
    assert not store.healthy
    with pytest.raises(OutcomeUnknownError):
        await store.open_room(ALICE, EVE, NOON)
    assert await contents(store, room) == [(1, "before")]
    assert await store.room(room.id) == room


async def test_a_retry_after_the_failure_is_stored_once(place: Place, store: Store, room: Room) -> None:
    again = draft(room, ALICE, "again", "id-1")
    place.break_writes()
    for _ in range(3):
        with pytest.raises(OutcomeUnknownError):
            await store.commit([draft(room, BOB, "no id"), again])
    place.mend_writes()

    [first] = await store.commit([again])
    [second] = await store.commit([again])
    assert isinstance(first, Posted)
    assert not first.duplicate
    assert second == Posted(first.message, duplicate=True)
    assert store.healthy
    assert await contents(store, room) == [(1, "again")]


async def test_it_becomes_healthy_again_without_being_asked_to_write(place: Place, store: Store, room: Room) -> None:
    place.break_writes()
    with pytest.raises(OutcomeUnknownError):
        await store.commit([draft(room, ALICE)])
    await asyncio.sleep(1.2)
    healthy = store.healthy
    place.mend_writes()
    assert not healthy
    async with asyncio.timeout(15):
        while not store.healthy:  # noqa: ASYNC110 - it is what is under test
            await asyncio.sleep(0.02)

    await store.commit([draft(room, ALICE, "well")])
    assert await contents(store, room) == [(1, "well")]


async def test_it_closes_while_it_is_broken(place: Place) -> None:
    store = place.open()
    room, _ = await store.open_room(ALICE, BOB, NOON)
    place.break_writes()
    with pytest.raises(OutcomeUnknownError):
        await store.commit([draft(room, ALICE)])
    await store.close()

    place.mend_writes()
    store = place.open()
    assert store.healthy
    assert await contents(store, room) == []
    await store.close()


async def test_what_cannot_be_written_at_all_fails_its_own_batch_only(store: Store, room: Room) -> None:
    """A lone surrogate is not text; the edges refuse it, and the store outlives it."""
    with pytest.raises(OutcomeUnknownError):
        await store.commit([draft(room, ALICE, "\ud800")])
    await store.commit([draft(room, ALICE, "next")])
    assert await contents(store, room) == [(1, "next")]


async def test_an_acknowledged_row_survives_a_crash(place: Place, store: Store, room: Room) -> None:
    [first] = await store.commit([draft(room, ALICE, "kept", "id-1")])
    revived = place.after_crash().open()
    try:
        assert await contents(revived, room) == [(1, "kept")]
        [again] = await revived.commit([draft(room, ALICE, "kept", "id-1")])
        assert isinstance(first, Posted)
        assert again == Posted(first.message, duplicate=True)
    finally:
        await revived.close()
