"""What happened since: from every earlier point, in pages of every size, it leads to the present state."""

import random

import msgspec
import pytest

from duologue.chat.model import Changes, Message, Room, Write
from duologue.chat.store.api import Store
from tests.chat.people import ALICE, BOB, EVE, NOON, draft
from tests.chat.store.places import Place
from tests.chat.store.writing import delete, edit, history, moved, one, posted, read, rewritten, said

pytestmark = pytest.mark.anyio

Point = tuple[int, int]
PAGES = (1, 2, 3, 7, 100)


class Kept:
    """What a client has of a room, and its point."""

    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self.marks: dict[int, int] = {}
        self.point: Point = (0, 0)

    def apply(self, changes: Changes) -> None:
        """Put everything in its place."""
        for message in changes.messages:
            self.messages[message.seq] = message
        self.marks.update({read.person: read.last_read_seq for read in changes.reads})
        self.point = (changes.seq, changes.change)

    def copy(self) -> "Kept":
        twin = Kept()
        twin.messages, twin.marks, twin.point = dict(self.messages), dict(self.marks), self.point
        return twin

    def shown(self, room: Room) -> list[Message]:
        """Return the messages as they are to be shown: whether one is read follows from the marks."""
        people = (room.participant_a, room.participant_b)
        read_by = {person.number: self.marks.get(room.other(person).number, 0) for person in people}
        return [
            msgspec.structs.replace(message, is_read=message.seq <= read_by[message.sender])
            for _, message in sorted(self.messages.items())
        ]


async def fetched(store: Store, room: Room, point: Point, limit: int) -> Changes:
    changes = await store.changes(room, *point, limit)
    assert changes is not None
    return changes


async def bring_up(store: Store, room: Room, kept: Kept, limit: int) -> int:
    """Apply pages until there is no more; return how many."""
    for page in range(1, 10_000):
        changes = await fetched(store, room, kept.point, limit)
        assert not changes.more or (changes.messages or changes.reads)
        # a page must lead on, or nobody would ever arrive
        assert (changes.seq, changes.change) > kept.point or not changes.more
        assert changes.seq >= kept.point[0]
        assert changes.change >= kept.point[1]
        kept.apply(changes)
        if not changes.more:
            return page
    raise AssertionError("no end")


def random_write(chance: random.Random, room: Room, ids: list[int]) -> Write:
    who = chance.choice((ALICE, BOB))
    what = chance.random()
    if what < 0.45 or not ids:
        return draft(room, who, f"text {chance.random()}")
    if what < 0.7:
        return edit(room, who, chance.choice(ids), f"edit {chance.random()}")
    if what < 0.85:
        return delete(room, who, chance.choice(ids))
    return read(room, who, chance.randrange(len(ids) + 3))


async def lived(store: Store, room: Room, chance: random.Random, batches: int) -> list[Kept]:
    """Let things happen in a room; return what a client that was there throughout had after each batch."""
    past = [Kept()]
    ids: list[int] = []
    for _ in range(batches):
        await store.commit([random_write(chance, room, ids) for _ in range(chance.randrange(1, 5))])
        kept = past[-1].copy()
        await bring_up(store, room, kept, 100)
        ids = [message.id for message in kept.messages.values()]
        past.append(kept)
    return past


@pytest.mark.parametrize("seed", range(4))
async def test_from_every_earlier_point_all_pages_lead_to_the_present(store: Store, room: Room, seed: int) -> None:
    past = await lived(store, room, random.Random(seed), 30)
    present = await history(store, room)
    changes_made = past[-1].point[1]
    assert changes_made > 10
    for limit in PAGES:
        for earlier in past:
            kept = earlier.copy()
            await bring_up(store, room, kept, limit)
            assert kept.point == past[-1].point
            assert kept.shown(room) == present
            assert kept.marks == {**dict.fromkeys(kept.marks, 0), **past[-1].marks}


async def test_what_happens_between_two_pages_is_not_lost(store: Store, room: Room) -> None:
    """Writes between any two pages: the last page still leads to the present."""
    chance = random.Random(5)
    past = await lived(store, room, chance, 12)
    for earlier in past[:-1]:
        kept = earlier.copy()
        ids = [message.id for message in past[-1].messages.values()]
        for _ in range(6):
            kept.apply(await fetched(store, room, kept.point, 2))
            await store.commit([random_write(chance, room, ids) for _ in range(3)])
        await bring_up(store, room, kept, 2)
        assert kept.shown(room) == await history(store, room)


async def test_numbers_of_changes_are_dense_however_writes_are_grouped(store: Store, room: Room) -> None:
    first = await said(store, room, ALICE)
    outcomes = await store.commit(
        [edit(room, ALICE, first.id, "1"), draft(room, BOB), edit(room, BOB, first.id, "no"), read(room, BOB, 1),
         read(room, BOB, 1), delete(room, ALICE, first.id), delete(room, ALICE, first.id)]
    )  # fmt: skip
    assert (posted(outcomes[1]).seq, posted(outcomes[1]).change) == (2, 0)
    assert [rewritten(outcomes[0]).change, moved(outcomes[3]).change, rewritten(outcomes[5]).change] == [1, 2, 3]
    assert [moved(outcomes[4]).fresh, rewritten(outcomes[6]).fresh] == [False, False]
    assert moved(await one(store, read(room, ALICE, 2))).change == 4
    assert posted(await one(store, draft(room, BOB))).change == 4


async def test_a_point_that_is_yet_to_come_is_refused(store: Store, room: Room) -> None:
    await one(store, edit(room, ALICE, (await said(store, room, ALICE)).id, "x"))
    assert await store.changes(room, 2, 1, 10) is None
    assert await store.changes(room, 1, 2, 10) is None
    assert await store.changes(room, 10**18 - 1, 10**18 - 1, 10) is None
    assert await store.changes(room, 1, 1, 10) == Changes([], [], 1, 1, more=False)


async def test_an_empty_room_has_no_changes(store: Store, room: Room) -> None:
    assert await store.changes(room, 0, 0, 10) == Changes([], [], 0, 0, more=False)


async def test_a_page_is_bounded_by_its_size_too(store: Store, room: Room) -> None:
    long = "x" * 30_000
    messages = [await said(store, room, ALICE, f"{n} {long}") for n in range(8)]
    sizes = [await bring_up(store, room, Kept(), 100)]
    for message in messages:
        await one(store, edit(room, ALICE, message.id, f"edited {long}"))
    kept = Kept()
    kept.point = (8, 0)
    sizes.append(await bring_up(store, room, kept, 100))
    assert sorted(kept.messages) == list(range(1, 9))
    # three of them are over the bound, so each page holds three
    assert sizes == [3, 3]


async def test_changes_show_their_own_room_only(store: Store, room: Room) -> None:
    other, _ = await store.open_room(ALICE, EVE, NOON)
    mine, elsewhere = await said(store, room, ALICE, "mine"), await said(store, other, ALICE, "elsewhere")
    await store.commit([edit(room, ALICE, mine.id, "mine!"), edit(other, ALICE, elsewhere.id, "elsewhere!")])
    await one(store, read(other, EVE, 1))
    changes = await fetched(store, room, (0, 0), 10)
    assert ([m.content for m in changes.messages], changes.reads, changes.change) == (["mine!"], [], 1)


async def test_heads_go_on_after_reopening(place: Place) -> None:
    store = place.open()
    room, _ = await store.open_room(ALICE, BOB, NOON)
    first = await said(store, room, ALICE)
    await store.commit([read(room, BOB, 1), edit(room, ALICE, first.id, "x")])
    await store.close()

    store = place.open()
    assert (await fetched(store, room, (1, 1), 10)).change == 2
    assert rewritten(await one(store, edit(room, ALICE, first.id, "y"))).change == 3
    await store.close()
