"""History in pages."""

import pytest

from duologue.chat.model import Page, Room
from duologue.chat.store.api import Store
from tests.chat.people import ALICE, BOB, draft
from tests.chat.store.places import Place

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ten(store: Store, room: Room) -> Room:
    """A room with ten messages."""
    await store.commit([draft(room, (ALICE, BOB)[n % 2], str(n)) for n in range(1, 11)])
    return room


def shape(page: Page) -> tuple[list[int], bool, bool]:
    return [message.seq for message in page.messages], page.older, page.newer


@pytest.mark.parametrize(
    ("before", "after", "limit", "expected"),
    [
        (None, None, 1000, (list(range(1, 11)), False, False)),
        (None, None, 3, ([8, 9, 10], True, False)),
        (8, None, 3, ([5, 6, 7], True, True)),
        (3, None, 3, ([1, 2], False, True)),
        (1, None, 3, ([], False, False)),
        (99, None, 2, ([9, 10], True, False)),
        (None, 0, 3, ([1, 2, 3], False, True)),
        (None, 7, 3, ([8, 9, 10], True, False)),
        (None, 10, 3, ([], False, False)),
        (6, 2, 100, ([3, 4, 5], True, True)),
        (6, 2, 2, ([3, 4], True, True)),
        (2, 5, 10, ([], False, False)),
        (10**18 - 1, 10**18 - 1, 1, ([], False, False)),
    ],
)
async def test_a_page_is_the_slice_that_was_asked_for(
    store: Store, ten: Room, before: int | None, after: int | None, limit: int, expected: tuple[list[int], bool, bool]
) -> None:
    assert shape(await store.page(ten, before=before, after=after, limit=limit)) == expected


async def test_an_empty_room_has_an_empty_page(store: Store, room: Room) -> None:
    assert shape(await store.page(room, before=None, after=None, limit=10)) == ([], False, False)


@pytest.mark.parametrize("size", [1, 3, 4, 10])
async def test_walking_either_way_meets_every_message_once(store: Store, ten: Room, size: int) -> None:
    forward: list[int] = []
    page = await store.page(ten, before=None, after=0, limit=size)
    while page.messages:
        forward += [message.seq for message in page.messages]
        page = await store.page(ten, before=None, after=forward[-1], limit=size)
    backward: list[int] = []
    page = await store.page(ten, before=None, after=None, limit=size)
    while page.messages:
        backward = [message.seq for message in page.messages] + backward
        page = await store.page(ten, before=backward[0], after=None, limit=size)

    assert forward == backward == list(range(1, 11))


@pytest.fixture
async def large(store: Store, room: Room) -> Room:
    """A room with 600 messages of 4,000 characters: 250 of them are a page."""
    await store.commit([draft(room, ALICE, "😀" * 4000) for _ in range(600)])
    return room


async def test_a_page_of_long_messages_ends_early_and_says_that_there_is_more(store: Store, large: Room) -> None:
    assert shape(await store.page(large, before=None, after=None, limit=1000)) == (list(range(351, 601)), True, False)
    assert shape(await store.page(large, before=351, after=None, limit=1000)) == (list(range(101, 351)), True, True)
    assert shape(await store.page(large, before=101, after=None, limit=1000)) == (list(range(1, 101)), False, True)
    assert shape(await store.page(large, before=None, after=0, limit=1000)) == (list(range(1, 251)), False, True)
    assert shape(await store.page(large, before=None, after=500, limit=1000)) == (list(range(501, 601)), True, False)


@pytest.mark.parametrize(
    ("seq", "first", "last", "older", "newer"),
    [(300, 175, 424, True, True), (1, 1, 125, False, True), (600, 475, 600, True, False), (999, 476, 600, True, False)],
)
async def test_a_page_of_long_messages_has_what_was_asked_for_in_its_middle(
    store: Store, large: Room, seq: int, first: int, last: int, older: bool, newer: bool
) -> None:
    page = await store.page_around(large, seq, 1000)
    assert shape(page) == (list(range(first, last + 1)), older, newer)


async def test_a_page_of_usual_messages_is_as_long_as_asked_for(store: Store, room: Room) -> None:
    await store.commit([draft(room, ALICE, "x" * 1000) for _ in range(1001)])
    assert len((await store.page(room, before=None, after=None, limit=1000)).messages) == 1000


async def test_a_page_shows_its_own_room_only(store: Store, ten: Room) -> None:
    other, _ = await store.open_room(ALICE, ALICE.__class__("9", "zoe"), 0)
    await store.commit([draft(other, ALICE, "elsewhere")])
    assert len((await store.page(ten, before=None, after=None, limit=100)).messages) == 10
    assert [m.content for m in (await store.page(other, before=None, after=None, limit=100)).messages] == ["elsewhere"]


async def test_read_is_what_the_other_one_has_read(place: Place, store: Store, ten: Room) -> None:
    """Odd messages are bob's, even ones alice's."""
    place.mark_read(ten, ten.participant_a, 3)
    place.mark_read(ten, ten.participant_b, 6)
    messages = (await store.page(ten, before=None, after=None, limit=100)).messages

    assert [m.seq for m in messages if m.is_read and m.sender == ten.participant_a.number] == [2, 4, 6]
    assert [m.seq for m in messages if m.is_read and m.sender == ten.participant_b.number] == [1, 3]


async def test_nothing_is_read_before_anybody_read_it(store: Store, ten: Room) -> None:
    assert not any(m.is_read for m in (await store.page(ten, before=None, after=None, limit=100)).messages)
