"""The gate: the next thing, never a gap, never a repeat."""

import pytest

from duologue.chat.delivery.subscription import Subscription, Verdict
from duologue.chat.model import Done, Posted
from tests.chat.delivery.model_room import PEOPLE, ModelRoom

ALICE, BOB = PEOPLE


def talked(*words: str) -> tuple[ModelRoom, list[Done]]:
    """Return a room in which this happened: a number is a message, `e` edits the first, `r` reads all."""
    room, events = ModelRoom(), list[Done]()
    for n, word in enumerate(words):
        event: Done | None
        if word == "e":
            event = room.rewrite(1, f"edit {n}")
        elif word == "r":
            event = room.read(BOB, 10**6)
        else:
            event = room.post(ALICE, word, word)
        assert event is not None
        events.append(event)
    return room, events


def live_at(seq: int, change: int, most_held: int = 16) -> Subscription:
    gate = Subscription(7, most_held, 1000)
    assert gate.caught_up(seq, change, more=False) == []
    assert gate.live
    return gate


def offered(gate: Subscription, *events: Done) -> list[Verdict]:
    return [gate.offer(event, str(n).encode()) for n, event in enumerate(events)]


def test_what_comes_in_order_passes() -> None:
    _, events = talked("1", "2", "e", "3", "r", "e")
    gate = live_at(0, 0)
    assert offered(gate, *events) == [Verdict.PASS] * 6
    assert (gate.seq, gate.change, gate.live) == (3, 3, True)


def test_what_was_told_already_is_dropped() -> None:
    _, events = talked("1", "e", "2", "r")
    gate = live_at(2, 2)
    assert offered(gate, *events, *events) == [Verdict.DROP] * 8
    assert (gate.seq, gate.change, gate.live) == (2, 2, True)


@pytest.mark.parametrize("missing", range(5))
def test_a_hole_stops_the_connection_until_it_has_read(missing: int) -> None:
    room, events = talked("1", "e", "2", "r", "3", "e")
    gate = live_at(0, 0)
    after = offered(gate, *events[:missing], *events[missing + 1 :])
    assert after == [Verdict.PASS] * missing + [Verdict.JUMP] + [Verdict.HOLD] * (4 - missing)
    page = room.changes(gate.seq, gate.change, 100)
    # the page has all of it, so nothing of what was held is told again
    assert gate.caught_up(page.seq, page.change, more=page.more) == []
    assert (gate.seq, gate.change, gate.live) == (*room.head, True)


def test_what_happens_while_the_past_is_read_is_held_and_told_after_it() -> None:
    room, events = talked("1", "2", "e")
    gate = Subscription(7, 16, 1000)
    gate.stand_at(1, 0)
    page = room.changes(1, 0, 100)
    posted = room.post(BOB, "3", "3")
    read = room.read(BOB, 3)
    assert read is not None
    assert offered(gate, *events[1:], posted, read) == [Verdict.HOLD] * 4
    # the first two are in the page
    assert gate.caught_up(page.seq, page.change, more=page.more) == [b"2", b"3"]
    assert (gate.seq, gate.change, gate.live) == (3, 2, True)


def test_between_two_pages_it_is_not_live() -> None:
    room, events = talked(*"12345")
    gate = Subscription(7, 16, 1000)
    assert offered(gate, *events) == [Verdict.HOLD] * 5
    page = room.changes(0, 0, 2)
    assert (gate.caught_up(page.seq, page.change, more=page.more), gate.live) == ([], False)
    assert offered(gate, room.post(BOB, "6", "6")) == [Verdict.HOLD]
    assert gate.caught_up(4, 0, more=True) == []
    # what was held bridges the rest, without another look into the store
    assert (gate.caught_up(5, 0, more=False), gate.live) == ([b"0"], True)


@pytest.mark.parametrize("most_held", [1, 2, 3])
def test_what_does_not_fit_is_read_again_and_memory_is_bounded(most_held: int) -> None:
    room, events = talked(*"12345678")
    gate = Subscription(7, most_held, 1000)
    offered(gate, *events)
    assert gate._held is not None
    assert len(gate._held) <= most_held
    # a page from before the overflow does not reach what is held: it must read again
    assert (gate.caught_up(1, 0, more=False), gate.live) == ([], False)
    page = room.changes(gate.seq, gate.change, 100)
    assert (gate.caught_up(page.seq, page.change, more=page.more), gate.live) == ([], True)


def test_large_frames_are_held_up_to_their_bound_and_read_again_beyond() -> None:
    room, events = talked(*"1234")
    for count, fits in ((3, True), (4, False)):
        gate = Subscription(7, 16, 300)
        for event in events[:count]:
            gate.offer(event, bytes(100))
        assert (gate.caught_up(0, 0, more=False) == [bytes(100)] * count, gate.live) == (fits, fits)
        page = room.changes(gate.seq, gate.change, 100)
        assert (gate.caught_up(page.seq, page.change, more=page.more), gate.live) == ([], True)


def test_what_is_held_is_no_longer_kept_when_it_is_told() -> None:
    gate = Subscription(7, 16, 1000)
    offered(gate, *talked("1", "2")[1])
    assert gate.caught_up(0, 0, more=False) == [b"0", b"1"]
    assert gate._held is None


def test_a_message_after_a_change_that_is_missing_is_a_hole() -> None:
    room, _ = talked("1")
    assert room.rewrite(1, "new") is not None
    gate = live_at(1, 0)
    posted = room.post(BOB, "2", "2")
    assert isinstance(posted, Posted)
    assert offered(gate, posted) == [Verdict.JUMP]


def test_a_change_after_a_message_that_is_missing_is_a_hole() -> None:
    room, _ = talked("1", "2")
    gate = live_at(1, 0)
    edited = room.rewrite(1, "new")
    assert edited is not None
    assert offered(gate, edited) == [Verdict.JUMP]


def test_who_is_to_look_again_is_behind_from_then_on() -> None:
    gate = live_at(2, 1)
    # told once: then it reads
    assert [gate.look_again(), gate.live, gate.look_again()] == [True, False, False]


def test_who_is_to_look_again_while_the_past_is_read_reads_once_more() -> None:
    """The page may have been read before that was stored; perhaps nothing else ever happens in this room."""
    gate = Subscription(7, 16, 1000)
    gate.stand_at(1, 0)
    assert not gate.look_again()
    assert (gate.caught_up(2, 1, more=False), gate.live) == ([], False)
    assert (gate.caught_up(3, 2, more=False), gate.live) == ([], True)


def test_what_was_held_is_not_lost_by_another_look() -> None:
    _, events = talked("1", "e", "2")
    gate = Subscription(7, 16, 1000)
    offered(gate, *events)
    gate.look_again()
    assert (len(gate.caught_up(1, 0, more=False)), gate.live) == (2, False)
    assert (gate.caught_up(2, 1, more=False), gate.live) == ([], True)
