"""A message is stored once, at one place in its room's order."""

import msgspec
import pytest

from duologue.chat.model import Draft, Message, Posted, Room
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, Outcome, Store
from tests.chat.people import ALICE, BOB, EVE, NOON, draft, stranger
from tests.chat.store.places import Place

pytestmark = pytest.mark.anyio


def message_of(outcome: Outcome) -> Message:
    assert isinstance(outcome, Posted)
    return outcome.message


async def history(store: Store, room: Room) -> list[Message]:
    return (await store.page(room, before=None, after=None, limit=1000)).messages


async def test_seq_counts_from_one_in_each_room_however_drafts_are_grouped(store: Store, room: Room) -> None:
    other, _ = await store.open_room(ALICE, EVE, NOON)
    await store.commit([draft(room, ALICE, "1"), draft(other, EVE, "a"), draft(room, BOB, "2")])
    await store.commit([draft(room, ALICE, "3")])
    outcomes = await store.commit([draft(other, ALICE, "b"), draft(room, BOB, "4")])

    assert [message_of(outcome).seq for outcome in outcomes] == [2, 4]
    assert [(m.seq, m.content) for m in await history(store, room)] == [(1, "1"), (2, "2"), (3, "3"), (4, "4")]
    assert [(m.seq, m.content) for m in await history(store, other)] == [(1, "a"), (2, "b")]
    ids = [m.id for m in [*await history(store, room), *await history(store, other)]]
    assert len(set(ids)) == 6


async def test_what_comes_back_is_what_was_stored(store: Store, room: Room) -> None:
    content = 'quotes " \\ and \u2028 ünïcode 🙂 \t\n {"json":[1]} 1e5 null'
    [outcome] = await store.commit([draft(room, BOB, content, "id-1")])

    assert message_of(outcome).content == content
    assert await history(store, room) == [message_of(outcome)]
    assert message_of(outcome).created_at == NOON


@pytest.mark.parametrize("content", ["1", "1.5", "true", "null", "[]", "{}", "-0", "1" * 40])
async def test_text_that_looks_like_json_stays_text(store: Store, room: Room, content: str) -> None:
    [outcome] = await store.commit([draft(room, ALICE, content, content)])
    assert await history(store, room) == [message_of(outcome)]


async def test_the_same_client_id_is_one_message_across_batches(store: Store, room: Room) -> None:
    [first] = await store.commit([draft(room, ALICE, "once", "id-1")])
    await store.commit([draft(room, BOB, "between")])
    [second] = await store.commit([draft(room, ALICE, "once", "id-1")])

    assert second == Posted(message_of(first), duplicate=True)
    assert [m.content for m in await history(store, room)] == ["once", "between"]


async def test_the_same_client_id_is_one_message_within_a_batch(store: Store, room: Room) -> None:
    outcomes = await store.commit([draft(room, ALICE, "once", "id-1"), draft(room, ALICE, "once", "id-1")])

    assert [isinstance(o, Posted) and o.duplicate for o in outcomes] == [False, True]
    assert message_of(outcomes[0]) == message_of(outcomes[1])
    assert len(await history(store, room)) == 1


async def test_said_again_a_message_is_shown_as_it_is_now(place: Place, store: Store, room: Room) -> None:
    """As read, when the other one has read it meanwhile."""
    said = draft(room, ALICE, "Hi", "id-1")
    [first] = await store.commit([said])
    place.mark_read(room, room.participant_b, 1)
    [again] = await store.commit([said])
    assert again == Posted(msgspec.structs.replace(message_of(first), is_read=True), duplicate=True)
    assert await history(store, room) == [message_of(again)]


async def test_an_id_with_other_content_is_refused_across_and_within_batches(store: Store, room: Room) -> None:
    await store.commit([draft(room, ALICE, "mine", "id-1")])
    outcomes = await store.commit(
        [draft(room, ALICE, "changed", "id-1"), draft(room, ALICE, "a", "id-2"), draft(room, ALICE, "b", "id-2")]
    )

    assert isinstance(outcomes[0], ClientIdReusedError)
    assert message_of(outcomes[1]).seq == 2
    assert isinstance(outcomes[2], ClientIdReusedError)
    assert [m.content for m in await history(store, room)] == ["mine", "a"]


async def test_an_id_belongs_to_one_sender_in_one_room(store: Store, room: Room) -> None:
    other, _ = await store.open_room(ALICE, EVE, NOON)
    outcomes = await store.commit(
        [draft(room, ALICE, "a", "same"), draft(room, BOB, "b", "same"), draft(other, ALICE, "c", "same")]
    )
    again = await store.commit([draft(room, BOB, "b", "same")])

    assert [isinstance(o, Posted) and not o.duplicate for o in outcomes] == [True, True, True]
    assert again == [Posted(message_of(outcomes[1]), duplicate=True)]


async def test_messages_without_an_id_are_never_the_same(store: Store, room: Room) -> None:
    await store.commit([draft(room, ALICE, "again"), draft(room, ALICE, "again")])
    await store.commit([draft(room, ALICE, "again")])
    assert [m.seq for m in await history(store, room)] == [1, 2, 3]


async def test_somebody_outside_the_room_stores_nothing_and_holds_up_nobody(store: Store, room: Room) -> None:
    outcomes = await store.commit(
        [
            draft(room, ALICE, "1"),
            Draft(room, stranger(), "intruder", NOON, "id-1"),
            draft(room, BOB, "2"),
            Draft(msgspec.structs.replace(room, id=room.id + 1), stranger(1), "no such room", NOON),
        ]
    )

    assert isinstance(outcomes[1], NotAMemberError)
    assert isinstance(outcomes[3], NotAMemberError)
    assert [(m.seq, m.content) for m in await history(store, room)] == [(1, "1"), (2, "2")]


async def test_numbers_go_on_after_reopening(place: Place) -> None:
    store = place.open()
    room, _ = await store.open_room(ALICE, BOB, NOON)
    [first] = await store.commit([draft(room, ALICE, "before", "id-1")])
    await store.close()

    store = place.open()
    outcomes = await store.commit([draft(room, ALICE, "before", "id-1"), draft(room, BOB, "after")])
    assert outcomes[0] == Posted(message_of(first), duplicate=True)
    assert message_of(outcomes[1]).seq == 2
    assert message_of(outcomes[1]).id > message_of(first).id
    await store.close()


async def test_the_epoch_stays_with_the_data(place: Place) -> None:
    store = place.open()
    epoch = store.epoch
    await store.close()
    store = place.open()
    assert store.epoch == epoch
    assert len(epoch) >= 8
    await store.close()
