"""Edits and deletions: by the author only, in time, once, and the message keeps its place."""

import msgspec
import pytest

from duologue.chat.model import Posted, Rewrite, Rewritten, Room
from duologue.chat.store.api import (
    ClientIdReusedError,
    MessageDeletedError,
    NoSuchMessageError,
    NotAMemberError,
    NotTheAuthorError,
    OutcomeUnknownError,
    Refused,
    Store,
    TooLateError,
)
from tests.chat.people import ALICE, BOB, EVE, NOON, draft, stranger
from tests.chat.store.places import Place
from tests.chat.store.writing import LATER, delete, edit, history, one, posted, read, rewritten, said

pytestmark = pytest.mark.anyio


async def test_an_edit_changes_the_words_and_nothing_else(store: Store, room: Room) -> None:
    await said(store, room, BOB, "before")
    first = await said(store, room, ALICE, "helo", "id-1")
    await said(store, room, BOB, "after")
    outcome = rewritten(await one(store, edit(room, ALICE, first.id, "hello")))

    expected = msgspec.structs.replace(first, content="hello", edited_at=LATER)
    assert outcome == Rewritten(expected, fresh=True, seq=3, change=1)
    assert (await history(store, room))[1] == expected
    assert [m.content for m in await history(store, room)] == ["before", "hello", "after"]


async def test_a_deletion_empties_the_place_and_keeps_it(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "regret", "id-1")
    await said(store, room, BOB, "after")
    outcome = rewritten(await one(store, delete(room, ALICE, first.id)))

    expected = msgspec.structs.replace(first, content="", deleted_at=LATER)
    assert outcome == Rewritten(expected, fresh=True, seq=2, change=1)
    assert await history(store, room) == [expected, (await history(store, room))[1]]


async def test_an_edited_message_that_is_deleted_shows_both_times(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE)
    await one(store, edit(room, ALICE, first.id, "other"))
    gone = rewritten(await one(store, delete(room, ALICE, first.id))).message
    assert (gone.content, gone.edited_at, gone.deleted_at) == ("", LATER, LATER)
    assert await history(store, room) == [gone]


async def test_nothing_is_changed_before_it_was_said_or_changed_last(store: Store, room: Room) -> None:
    """Although the clock was set back."""
    first = await said(store, room, ALICE)
    early = [msgspec.structs.replace(edit(room, ALICE, first.id, words), at=NOON - 1) for words in ("one", "two")]
    changed = rewritten(await one(store, early[0])).message
    assert changed.edited_at == NOON
    assert await history(store, room) == [changed]
    await one(store, edit(room, ALICE, first.id, "later"))
    assert rewritten(await one(store, early[1])).message.edited_at == LATER
    gone = rewritten(await one(store, msgspec.structs.replace(delete(room, ALICE, first.id), at=NOON - 1))).message
    assert (gone.edited_at, gone.deleted_at) == (LATER, LATER)
    assert await history(store, room) == [gone]


async def test_done_twice_is_done_once(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "same")
    same = rewritten(await one(store, edit(room, ALICE, first.id, "same")))
    assert same == Rewritten(first, fresh=False, seq=1, change=0)
    await one(store, edit(room, ALICE, first.id, "new"))
    again = rewritten(await one(store, edit(room, ALICE, first.id, "new")))
    assert (again.fresh, again.change, again.message.content) == (False, 1, "new")
    gone = rewritten(await one(store, delete(room, ALICE, first.id)))
    twice = rewritten(await one(store, delete(room, ALICE, first.id)))
    assert twice == Rewritten(gone.message, fresh=False, seq=1, change=2)
    # neither took a number
    assert rewritten(await one(store, edit(room, ALICE, (await said(store, room, ALICE)).id, "x"))).change == 3


async def refused(store: Store, room: Room, write: Rewrite, why: type[Refused]) -> None:
    before = await history(store, room)
    assert isinstance(await one(store, write), why)
    assert await history(store, room) == before
    head = await store.changes(room, len(before), 0, 100)
    assert head is not None


@pytest.mark.parametrize("content", ["new words", None])
async def test_who_may_not_changes_nothing(store: Store, room: Room, content: str | None) -> None:
    other, _ = await store.open_room(ALICE, EVE, NOON)
    mine, elsewhere = await said(store, room, ALICE, "mine"), await said(store, other, ALICE, "elsewhere")
    gone = await said(store, room, ALICE, "gone")
    await one(store, delete(room, ALICE, gone.id))

    await refused(store, room, edit(room, BOB, mine.id, content), NotTheAuthorError)
    await refused(store, room, edit(room, BOB, gone.id, content), NotTheAuthorError)
    await refused(store, room, Rewrite(room, stranger(), mine.id, content, LATER), NotAMemberError)
    await refused(store, room, edit(room, ALICE, elsewhere.id, content), NoSuchMessageError)
    await refused(store, room, edit(room, ALICE, 0, content), NoSuchMessageError)
    await refused(store, room, edit(room, ALICE, 10**18 - 1, content), NoSuchMessageError)
    await refused(store, room, edit(room, ALICE, mine.id, content, written_since=NOON + 1), TooLateError)
    assert [m.content for m in await history(store, other)] == ["elsewhere"]
    # the last moment is in time
    assert rewritten(await one(store, edit(room, ALICE, mine.id, content, written_since=NOON))).fresh


async def test_an_edit_that_was_made_in_time_is_never_too_late_when_it_is_repeated(store: Store, room: Room) -> None:
    """Its answer was lost: whoever asks again must not hear that it was refused."""
    first = await said(store, room, ALICE, "old")
    await one(store, edit(room, ALICE, first.id, "new", written_since=NOON))
    again = rewritten(await one(store, edit(room, ALICE, first.id, "new", written_since=NOON + 1)))
    assert (again.fresh, again.change, again.message.content) == (False, 1, "new")
    # other words are too late, the first ones too, and nobody else learns what stands there
    for words in ("newer", "old"):
        await refused(store, room, edit(room, ALICE, first.id, words, written_since=NOON + 1), TooLateError)
    await refused(store, room, edit(room, BOB, first.id, "new", written_since=NOON + 1), NotTheAuthorError)


async def test_a_deleted_message_takes_no_words_and_stays_deleted_when_it_is_old(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE)
    await one(store, delete(room, ALICE, first.id))
    await refused(store, room, edit(room, ALICE, first.id, "back"), MessageDeletedError)
    late = rewritten(await one(store, edit(room, ALICE, first.id, None, written_since=NOON + 1)))
    assert not late.fresh


async def test_a_send_repeated_after_an_edit_is_known_by_its_first_words(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "helo", "id-1")
    now = rewritten(await one(store, edit(room, ALICE, first.id, "hello"))).message
    now = rewritten(await one(store, edit(room, ALICE, first.id, "hello!"))).message

    assert await one(store, draft(room, ALICE, "helo", "id-1")) == Posted(now, duplicate=True)
    for other in ("hello", "hello!", "else", ""):
        assert isinstance(await one(store, draft(room, ALICE, other, "id-1")), ClientIdReusedError)
    # back to the first words: still the same send
    await one(store, edit(room, ALICE, first.id, "helo"))
    assert posted(await one(store, draft(room, ALICE, "helo", "id-1"))).duplicate
    assert len(await history(store, room)) == 1


async def test_a_send_repeated_after_the_deletion_stays_one_deleted_message(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "regret", "id-1")
    await one(store, edit(room, ALICE, first.id, "regrets"))
    gone = rewritten(await one(store, delete(room, ALICE, first.id))).message

    assert await one(store, draft(room, ALICE, "regret", "id-1")) == Posted(gone, duplicate=True)
    assert await history(store, room) == [gone]


async def test_a_message_can_be_sent_and_its_twin_edited_in_one_batch(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "old", "id-1")
    outcomes = await store.commit(
        [edit(room, ALICE, first.id, "new"), draft(room, ALICE, "old", "id-1"), draft(room, BOB, "fresh")]
    )
    assert rewritten(outcomes[0]).fresh
    assert posted(outcomes[1]).duplicate
    # all messages of a batch come before its changes
    assert (posted(outcomes[2]).seq, posted(outcomes[2]).change) == (2, 0)
    assert (rewritten(outcomes[0]).seq, rewritten(outcomes[0]).change) == (2, 1)
    assert [m.content for m in await history(store, room)] == ["new", "fresh"]


async def test_edits_of_one_message_in_one_batch_come_in_order(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "0")
    outcomes = await store.commit([*(edit(room, ALICE, first.id, str(n)) for n in (1, 2, 3)), read(room, BOB, 1)])
    assert [getattr(outcome, "change", None) for outcome in outcomes] == [1, 2, 3, 4]
    assert [m.content for m in await history(store, room)] == ["3"]


async def test_a_reader_of_the_old_words_has_read_the_new_ones(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE)
    assert not rewritten(await one(store, edit(room, ALICE, first.id, "unread"))).message.is_read
    await one(store, read(room, BOB, 1))
    assert rewritten(await one(store, edit(room, ALICE, first.id, "read"))).message.is_read


async def test_a_failed_edit_is_unknown_and_can_be_tried_again(place: Place, store: Store, room: Room) -> None:
    first = await said(store, room, ALICE, "old", "id-1")
    place.break_writes()
    with pytest.raises(OutcomeUnknownError):
        # a message in the same batch cannot be stored, so nothing of the batch may be
        await store.commit([edit(room, ALICE, first.id, "new"), draft(room, BOB, "with it", "id-2")])
    assert [m.content for m in await history(store, room)] == ["old"]
    place.mend_writes()
    outcomes = await store.commit([edit(room, ALICE, first.id, "new"), draft(room, BOB, "with it", "id-2")])
    assert (rewritten(outcomes[0]).fresh, rewritten(outcomes[0]).change) == (True, 1)
    assert posted(outcomes[1]).seq == 2


async def test_what_was_changed_survives_a_crash_and_the_numbers_go_on(place: Place, store: Store, room: Room) -> None:
    first, second = await said(store, room, ALICE, "a", "id-1"), await said(store, room, ALICE, "b")
    await one(store, edit(room, ALICE, first.id, "A"))
    await one(store, delete(room, ALICE, second.id))
    await one(store, read(room, BOB, 2))
    expected = await history(store, room)

    revived = place.after_crash().open()
    assert await history(revived, room) == expected
    assert posted(await one(revived, draft(room, ALICE, "a", "id-1"))).duplicate
    again = rewritten(await one(revived, edit(room, ALICE, first.id, "AA")))
    assert (again.seq, again.change) == (2, 4)
    await revived.close()
