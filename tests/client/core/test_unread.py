"""How much is unread when messages are taken back: in sight or out of it, told live or by pages."""

import msgspec

from duologue.client import Limits
from duologue.client.core import frames
from duologue.client.core.rooms import Rooms
from tests.client.core.model_server import ME, OTHER, ModelRoom
from tests.client.core.test_rooms import begun, greet, take, talk


def test_what_is_taken_back_is_not_unread() -> None:
    room = ModelRoom(1)
    rooms = begun(room)
    known = rooms.conversations[1]
    for sender in (OTHER, OTHER, ME, OTHER):
        take(rooms, room.say(sender, "text"))
    gone = room.rewrite(1, None)
    unread = [(take(rooms, frame), known.unread)[1] for frame in (gone, gone, room.rewrite(3, None))]
    assert unread == [2, 2, 2], "the second time, and one's own, take nothing off"
    take(rooms, room.read(ME, 2))
    take(rooms, room.rewrite(2, None))
    assert known.unread == room.entry(None).unread == 1
    take(rooms, room.rewrite(4, None))
    assert known.unread == room.entry(None).unread == 0


def test_what_is_taken_back_out_of_sight_is_not_unread() -> None:
    room = ModelRoom(1)
    talk(room, 3)
    rooms = begun(room)
    known = rooms.conversations[1]
    before = room.head
    gone = room.rewrite(2, None)
    take(rooms, gone)
    take(rooms, gone)
    assert (known.messages, known.unread) == ({}, 2)
    # a connection that fell behind is told by pages
    room.rewrite(1, None)
    page = room.changes(before)
    for _ in range(2):
        take(rooms, frames.SyncFrame(1, page.messages, page.cursor))
        assert known.unread == room.entry(None).unread == 1


def test_what_was_taken_back_before_the_server_counted_is_not_taken_off_again() -> None:
    room = ModelRoom(1)
    talk(room, 3)
    rooms = Rooms({1: f"3/{room.head}"})
    room.rewrite(2, None)
    talk(room, 2)
    room.rewrite(5, None)
    greet(rooms, room)
    known = rooms.conversations[1]
    assert known.unread == room.entry(None).unread == 3
    take(rooms, room.rewrite(3, None))
    take(rooms, room.rewrite(4, None))
    assert known.unread == room.entry(None).unread == 1


def test_what_is_taken_back_between_the_count_and_the_page_is_not_unread() -> None:
    room = ModelRoom(1)
    rooms = begun(room)
    take(rooms, room.say(OTHER, "text"))
    rooms.disconnected()
    since = room.head
    talk(room, 2)
    take(rooms, frames.RoomsFrame([room.entry(since)]))
    rooms.ready(ME, Limits())
    room.rewrite(1, None)
    room.rewrite(3, None)
    for sync in room.syncs(since):
        take(rooms, sync)
    assert rooms.conversations[1].unread == room.entry(None).unread == 1


def test_what_is_taken_back_beyond_those_that_the_server_counts_changes_nothing() -> None:
    room = ModelRoom(1)
    talk(room, 1001)
    rooms = Rooms()
    take(rooms, frames.RoomsFrame([msgspec.structs.replace(room.entry(None), unread=1000)]))
    rooms.ready(ME, Limits())
    for seq, unread in ((1, 1000), (2, 999)):
        take(rooms, room.rewrite(seq, None))
        assert rooms.conversations[1].unread == unread
