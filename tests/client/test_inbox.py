"""The queue before a slow reader: bounded, nothing of rooms left out in the midst, places only after the dealing."""

import asyncio
import random

import pytest

from duologue.client import ConnectionChanged, DuologueError, Message, MessageReceived, Presence, RoomOpened
from duologue.client.core.connection import Connection
from duologue.client.core.outbox import Outbox
from duologue.client.core.rooms import Rooms, Step
from duologue.client.hearing import Hearing
from duologue.client.inbox import Inbox
from duologue.client.sending import Sending
from tests.client.core.model_server import NOON

pytestmark = pytest.mark.anyio


def said(seq: int, place: str | None = None) -> Step:
    message = Message(id=seq, room=1, seq=seq, sender="bob", text="text", timestamp=NOON)
    return Step([MessageReceived(message, mine=False)], 1, place or f"{seq}/c{seq}")


def inbox(limit: int = 4) -> Inbox:
    return Inbox(limit, {}, lambda: None)


async def test_a_place_is_reached_when_the_next_event_is_asked_for() -> None:
    box = inbox()
    box.put(said(1))
    box.put(said(2))
    await box.next()
    assert box.places == {}
    await box.next()
    assert box.places == {1: "1/c1"}
    box.put(Step([], 1, "2/silent"))
    assert box.places == {1: "1/c1"}, "the event before it is still being dealt with"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(box.next(), 0.01)
    assert box.places == {1: "2/silent"}
    box.put(Step([], 1, "3/nothing waits"))
    assert box.places == {1: "3/nothing waits"}
    box.put(Step([], 1, None))
    assert box.places == {}


async def test_a_place_without_an_event_waits_only_for_events_of_its_room() -> None:
    box = inbox()
    box.tell(ConnectionChanged("connecting"))
    box.put(said(1))
    box.put(Step([], 2, "0/begun"))
    assert box.places == {2: "0/begun"}
    box.put(Step([], 1, "1/c2"))
    assert box.places == {2: "0/begun"}, "a message of this room waits"
    await box.next()
    await box.next()
    assert 1 not in box.places
    box.put(Step([], 1, "1/c3"))
    assert 1 not in box.places, "it is being dealt with"
    box.put(said(2))
    await box.next()
    assert box.places == {1: "1/c3", 2: "0/begun"}


async def test_the_place_of_many_events_is_reached_after_the_last() -> None:
    box = inbox()
    both = Step([*said(1).events, *said(2).events], 1, "2/c2")
    box.put(both)
    await box.next()
    await box.next()
    assert box.places == {}
    box.put(said(3))
    await box.next()
    assert box.places == {1: "2/c2"}


async def test_it_is_full_until_half_of_it_is_free() -> None:
    drained = []
    box = Inbox(4, {}, lambda: drained.append(True))
    for seq in range(1, 5):
        assert not box.is_full
        box.put(said(seq))
    assert box.is_full
    await box.next()
    assert (box.is_full, drained) == (True, [])
    await box.next()
    assert (box.is_full, drained) == (False, [True])


async def test_what_may_be_left_out_is_and_states_in_a_row_are_one() -> None:
    box = inbox()
    box.put(said(1))
    box.mention(Presence("bob", online=True))
    box.mention(Presence("bob", online=False))
    assert len(box) == 2
    for _ in range(50):
        box.tell(ConnectionChanged("connecting"))
        box.tell(ConnectionChanged("waiting", 1.0, 1006))
    assert len(box) == 3
    await box.next()
    await box.next()
    assert await box.next() == ConnectionChanged("waiting", 1.0, 1006)


async def test_the_end_comes_after_what_is_there() -> None:
    box = inbox()
    box.put(said(1))
    box.end(DuologueError("why"))
    assert await box.next() is not None
    for _ in range(2):
        with pytest.raises(DuologueError, match="why"):
            await box.next()
    other = inbox()
    other.end(None)
    assert await other.next() is None


async def test_after_something_was_left_out_nothing_of_rooms_is_taken_on_that_connection() -> None:
    box = inbox(limit=1)
    rooms = Rooms({})
    sending = Sending(Outbox(random.random), box.tell)
    hearing = Hearing(Connection(random.random), rooms, box, sending, lambda: None, lambda: None)
    hearing.begin()
    entry = (
        b'{"room":%d,"participant_a":"alice","participant_b":"bob","created_at":"2026-01-01T12:00:00Z",'
        b'"cursor":"e.%d.0.0","syncing":false,"head_seq":0}'
    )
    for room in (1, 2, 3):
        hearing.take(b'{"type":"rooms","rooms":[' + entry % (room, room) + b"]}", 0.0)
    assert hearing.missed
    assert list(rooms.conversations) == [1, 2]
    while len(box):
        assert isinstance(await box.next(), RoomOpened)
    hearing.take(b'{"type":"rooms","rooms":[' + entry % (4, 4) + b"]}", 0.0)
    assert list(rooms.conversations) == [1, 2], "the next connection brings it"
    hearing.begin()
    hearing.take(b'{"type":"rooms","rooms":[' + entry % (3, 3) + b"]}", 0.0)
    assert list(rooms.conversations) == [1, 2, 3]


async def test_frames_of_tomorrow_are_passed_over() -> None:
    box = inbox()
    sending = Sending(Outbox(random.random), box.tell)
    hearing = Hearing(Connection(random.random), Rooms(), box, sending, lambda: None, lambda: None)
    hearing.take(b'{"type":"reaction","room":1,"emoji":"x"}', 0.0)
    hearing.take(b'{"type":"presence","username":"bob","online":true,"device":"phone"}', 0.0)
    assert len(box) == 1
