"""Which messages a room has, by `seq`: the newest of all rooms in one small table, all others in a large one.

In one large index over all rooms each room's end is a page of its own, and a commit that touches a hundred rooms writes
a hundred pages for it. Here it writes the few pages of the small table. What has waited there moves on some hundred at
a time, room by room, and by then many messages of a room share the page that takes them.
"""

from collections.abc import Mapping, Sequence

import apsw

_MOST_RECENT = 2048
"""Entries that wait until the first move on. Many of a room then share a page; all of them are on some ten pages."""
_AT_ONCE = 256
"""Entries that move on in one commit, which waits for them: all in one go would be felt."""

TABLES = ("settled_order", "recent_order")
"""Of (room_id, seq, id); the view `message_order` is both. A join with the view would look through all of it."""

LAST_SEQ = """coalesce(
    (SELECT max(seq) FROM recent_order WHERE room_id = {room}),
    (SELECT max(seq) FROM settled_order WHERE room_id = {room}), 0)"""
FIRST_SEQ = """coalesce(
    (SELECT min(seq) FROM settled_order WHERE room_id = {room}),
    (SELECT min(seq) FROM recent_order WHERE room_id = {room}), 0)"""
LAST_ID = """coalesce(
    (SELECT id FROM recent_order WHERE room_id = {room} ORDER BY seq DESC LIMIT 1),
    (SELECT id FROM settled_order WHERE room_id = {room} ORDER BY seq DESC LIMIT 1))"""
"""Of a room, as expressions to put a statement's own name for the room into. What is recent comes after what is not."""

# one table's key does not know the other's: together they are what a unique index over all messages would be
_ADD = """
    INSERT INTO recent_order SELECT room_id, seq, id FROM messages AS new WHERE id > ? AND NOT EXISTS (
        SELECT 1 FROM settled_order WHERE room_id = new.room_id AND seq = new.seq)
"""
_END = """
    SELECT room_id, seq FROM recent_order WHERE (room_id, seq) > (?, ?) ORDER BY room_id, seq LIMIT 1 OFFSET ?
"""
_RANGE = "(room_id, seq) > (:room, :seq) AND (room_id, seq) <= (:last_room, :last_seq)"
_SETTLE = f"INSERT INTO settled_order SELECT * FROM recent_order WHERE {_RANGE} ORDER BY room_id, seq"  # noqa: S608 - constants only
_FORGET = f"DELETE FROM recent_order WHERE {_RANGE}"  # noqa: S608 - as above
_START, _BEYOND_ALL = (0, 0), (2**63 - 1, 2**63 - 1)


class Order:
    """Keeps both tables. After any exception this object must be thrown away."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._recent: int = connection.execute("SELECT count(*) FROM recent_order").get
        self._settled_up_to = _START

    def add(self, after_id: int, count: int) -> None:
        """Enter all messages with a greater id, `count` of them. The caller holds the transaction that inserted them.

        Raises an error when a room has a message of that `seq` already.
        """
        if self._change(_ADD, (after_id,)) != count:
            raise RuntimeError("a seq was given twice in a room")
        self._recent += count
        while self._recent >= _MOST_RECENT:
            self._settle()

    def _settle(self) -> None:
        """Move the next ones on, in the order of rooms and from the first room again after the last.

        A room's entries move from the lowest `seq` up: what is recent stays behind what is settled.
        """
        room, seq = self._settled_up_to
        end = self._connection.execute(_END, (room, seq, _AT_ONCE - 1)).fetchone() or _BEYOND_ALL
        bounds = {"room": room, "seq": seq, "last_room": end[0], "last_seq": end[1]}
        self._change(_SETTLE, bounds)
        self._recent -= self._change(_FORGET, bounds)
        self._settled_up_to = _START if end == _BEYOND_ALL else end

    def _change(self, statement: str, bindings: Sequence[int] | Mapping[str, int]) -> int:
        before = self._connection.total_changes()
        self._connection.execute(statement, bindings)
        return self._connection.total_changes() - before
