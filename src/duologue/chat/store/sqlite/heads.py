"""The last numbers of the rooms used lately, kept by the one writer."""

from collections import OrderedDict

import apsw
import msgspec

from duologue.chat.store.sqlite.order import LAST_SEQ

_KEPT = 100_000

LAST_CHANGE = """max(
    (SELECT coalesce(max(changed), 0) FROM members WHERE room_id = {room}),
    (SELECT coalesce(max(changed), 0) FROM messages WHERE room_id = {room} AND changed IS NOT NULL))
"""
"""The number of a room's last change, as an expression to put a statement's own name for the room into."""

_HEAD = f"SELECT {LAST_SEQ}, {LAST_CHANGE}".format(room=":room")


def read_head(connection: apsw.Connection, room_id: int) -> tuple[int, int]:
    """Return a room's last `seq` and its last change number."""
    return msgspec.convert(connection.execute(_HEAD, {"room": room_id}).fetchone(), tuple[int, int])


class Head:
    """A room's last numbers: `seq` of its messages, `change` of everything else that happened."""

    __slots__ = ("change", "seq")

    def __init__(self, seq: int, change: int) -> None:
        self.seq = seq
        self.change = change


class Heads:
    """Gives each room's head, from memory or from the file. The caller counts it up, within its transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._heads: OrderedDict[int, Head] = OrderedDict()

    def of(self, room_id: int) -> Head:
        """Return the room's head."""
        head = self._heads.get(room_id)
        if head is not None:
            self._heads.move_to_end(room_id)
            return head
        if len(self._heads) >= _KEPT:
            self._heads.popitem(last=False)
        head = self._heads[room_id] = Head(*read_head(self._connection, room_id))
        return head
