"""Where rooms begin, what is dropped when the server's database is another one, and what one hello can hold."""

import msgspec
import pytest

from duologue.client import Limits, MessageDeleted, MessageEdited, MessageReceived, ReadMoved, Resynced, RoomOpened
from duologue.client.core import frames
from duologue.client.core.conversation import GapError
from duologue.client.core.rooms import Rooms
from duologue.client.events import Event
from duologue.client.model import Mark
from tests.client.core.model_server import ME, OTHER, ModelRoom


def take(rooms: Rooms, frame: frames.RoomFrame | None) -> list[Event]:
    assert frame is not None
    return [event for step in rooms.take(frame) for event in step.events]


def begun(room: ModelRoom, places: dict[int, str] | None = None) -> Rooms:
    rooms = Rooms(places)
    greet(rooms, room)
    return rooms


def greet(rooms: Rooms, room: ModelRoom) -> list[Event]:
    since = cursors(rooms).get(str(room.room))
    events = take(rooms, frames.RoomsFrame([room.entry(since)]))
    rooms.ready(ME, Limits())
    return events + [event for sync in room.syncs(since) for event in take(rooms, sync)]


def cursors(rooms: Rooms) -> dict[str, str]:
    found: dict[str, str] = msgspec.json.decode(rooms.hello("token"))["rooms"]
    return found


def talk(room: ModelRoom, count: int) -> None:
    for number in range(count):
        room.say(OTHER, f"text {number}")


def test_without_places_a_room_begins_now() -> None:
    room = ModelRoom(1)
    talk(room, 5)
    rooms = begun(room)
    assert take(rooms, room.say(OTHER, "next")) == [MessageReceived(room.messages[5], mine=False)]
    assert rooms.conversations[1].unread == 6
    assert cursors(rooms) == {"1": room.head}


def test_what_was_missed_is_told_in_order_and_changes_of_old_messages_too() -> None:
    room = ModelRoom(1)
    talk(room, 3)
    rooms = begun(room)
    rooms.disconnected()
    talk(room, 4)
    room.rewrite(1, "other words")
    room.rewrite(2, None)
    room.read(OTHER, 3)
    told = greet(rooms, room)
    assert [event.seq for event in told if isinstance(event, MessageEdited)] == [1]
    assert [event.seq for event in told if isinstance(event, MessageDeleted)] == [2]
    assert [event.message.seq for event in told if isinstance(event, MessageReceived)] == [4, 5, 6, 7]
    assert [event for event in told if isinstance(event, ReadMoved)] == [ReadMoved(1, OTHER, 3)]


def test_a_place_outlives_a_restart() -> None:
    room = ModelRoom(1)
    talk(room, 2)
    place = begun(room).conversations[1].place
    assert place is not None
    room.rewrite(1, "other words")
    talk(room, 1)
    rooms = Rooms({1: place})
    told = greet(rooms, room)
    assert [type(event) for event in told] == [MessageEdited, MessageReceived]


def test_a_bare_cursor_of_the_server_is_a_place_too() -> None:
    room = ModelRoom(1)
    talk(room, 2)
    rooms = Rooms({1: room.head})
    talk(room, 2)
    assert [type(event) for event in greet(rooms, room)] == [MessageReceived, MessageReceived]


def test_a_missing_message_is_a_gap_and_a_repeated_one_is_nothing() -> None:
    room = ModelRoom(1)
    rooms = begun(room)
    first, _, third = room.say(OTHER, "1"), room.say(OTHER, "2"), room.say(OTHER, "3")
    take(rooms, first)
    assert take(rooms, first) == []
    with pytest.raises(GapError):
        take(rooms, third)
    assert cursors(rooms) == {"1": "e.1.1.0"}


def test_a_frame_of_an_unknown_room_is_a_gap() -> None:
    with pytest.raises(GapError):
        take(Rooms(), ModelRoom(1).say(OTHER, "1"))


def test_a_room_that_was_opened_and_used_while_away_is_read_from_its_beginning() -> None:
    rooms = begun(ModelRoom(1))
    rooms.disconnected()
    new = ModelRoom(2)
    talk(new, 2)
    told = greet(rooms, new)
    assert [type(event) for event in told] == [RoomOpened]
    assert list(rooms.catching_up) == [2]
    assert rooms.fetching(2) is None
    early = new.changes(None)
    live = new.say(OTHER, "meanwhile")
    assert take(rooms, live) == []
    assert len(rooms.fetched(2, early).events) == 2
    assert list(rooms.catching_up) == [2], "something passed by: one more page"
    step = rooms.fetched(2, new.changes(rooms.fetching(2)))
    assert [event.message.text for event in step.events if isinstance(event, MessageReceived)] == ["meanwhile"]
    assert rooms.catching_up == {}
    assert take(rooms, live) == []


def test_half_of_the_rooms_is_no_beginning() -> None:
    rooms = Rooms()
    take(rooms, frames.RoomsFrame([ModelRoom(1).entry(None)]))
    # the rooms that are yet to be told are no new ones
    half = rooms.begun
    take(rooms, frames.RoomsFrame([ModelRoom(2).entry(None)]))
    rooms.ready(ME, Limits())
    assert (half, rooms.begun, Rooms({}).begun) == (False, True, True)


def test_the_first_start_announces_no_rooms_and_a_new_one_is_announced() -> None:
    rooms = Rooms()
    assert greet(rooms, ModelRoom(1)) == []
    assert [type(event) for event in take(rooms, frames.RoomsFrame([ModelRoom(2).entry(None)]))] == [RoomOpened]
    assert take(rooms, frames.RoomsFrame([ModelRoom(2).entry(None)])) == []


def test_a_room_of_another_epoch_is_dropped_and_goes_on_at_the_head() -> None:
    room = ModelRoom(1)
    talk(room, 2)
    rooms = Rooms({1: "9/old.1.9.0"})
    assert take(rooms, frames.ResyncFrame(1, "epoch_changed", room.head)) == [Resynced(1, "epoch_changed")]
    assert take(rooms, frames.RoomsFrame([room.entry(None)])) == []
    rooms.ready(ME, Limits())
    assert rooms.conversations[1].last == 2
    assert [type(event) for event in take(rooms, room.say(OTHER, "next"))] == [MessageReceived]


def test_when_all_is_of_another_epoch_each_room_is_told_once_and_its_new_cursor_kept() -> None:
    room = ModelRoom(1)
    talk(room, 2)
    rooms = Rooms({1: "9/old.1.9.0", 5: "1/old.5.1.0"})
    take(rooms, frames.ResyncFrame(1, "epoch_changed", room.head))
    steps = rooms.another_epoch()
    rooms.disconnected()
    assert [(step.events, step.place) for step in steps] == [([Resynced(5, "epoch_changed")], "1/old.5.1.0")]
    talk(room, 1)
    assert cursors(rooms) == {"1": "e.1.2.0"}
    assert [type(event) for event in greet(rooms, room)] == [MessageReceived]


def test_a_cursor_that_rest_refuses_makes_the_next_connection_begin_at_the_head() -> None:
    room = ModelRoom(1)
    rooms = begun(room)
    assert rooms.refused_cursor(1).events == [Resynced(1, "epoch_changed")]
    rooms.disconnected()
    talk(room, 2)
    assert greet(rooms, room) == []
    assert rooms.catching_up == {}


def test_more_cursors_than_a_frame_holds_are_read_over_rest() -> None:
    many = {number: f"1/e.{number}.1.0" for number in range(1, 3001)}
    rooms = Rooms(many)
    hello = rooms.hello("t" * 600)
    assert 31 * 1024 < len(hello) <= 32 * 1024
    told = set(msgspec.json.decode(hello)["rooms"])
    left_out = next(number for number in many if str(number) not in told)
    room = ModelRoom(left_out)
    talk(room, 2)
    take(rooms, frames.RoomsFrame([room.entry(None)]))
    assert rooms.fetching(left_out) == f"e.{left_out}.1.0"
    step = rooms.fetched(left_out, room.changes(rooms.fetching(left_out)))
    assert [event.message.seq for event in step.events if isinstance(event, MessageReceived)] == [2]


def test_it_keeps_the_newest_messages_only() -> None:
    room = ModelRoom(1)
    rooms = Rooms(None, keep=3)
    greet(rooms, room)
    for number in range(10):
        take(rooms, room.say(OTHER, str(number)))
    known = rooms.conversations[1]
    assert list(known.messages) == [8, 9, 10]
    take(rooms, room.rewrite(1, "long gone"))
    assert list(known.messages) == [8, 9, 10]


def test_unread_and_read() -> None:
    room = ModelRoom(1)
    rooms = begun(room)
    for sender in (OTHER, ME, OTHER):
        take(rooms, room.say(sender, "text"))
    known = rooms.conversations[1]
    assert known.unread == 2
    assert not known.is_read(known.messages[2])
    take(rooms, room.read(OTHER, 2))
    assert known.is_read(known.messages[2])
    take(rooms, room.read(ME, 1))
    assert known.unread == 1
    take(rooms, room.read(ME, 3))
    assert (known.unread, known.marks) == (0, {OTHER: 2, ME: 3})
    assert take(rooms, frames.ReadFrame(1, ME, 2, room.head)) == []
    assert rooms.conversations[1].marks[ME] == 3


def test_a_sync_says_again_what_is_known_and_nothing_happens() -> None:
    room = ModelRoom(1)
    rooms = begun(room)
    take(rooms, room.say(OTHER, "text"))
    take(rooms, room.rewrite(1, "other"))
    page = room.changes("e.1.0.0")
    assert take(rooms, frames.SyncFrame(1, page.messages, page.cursor, [Mark(ME, 0)])) == []
