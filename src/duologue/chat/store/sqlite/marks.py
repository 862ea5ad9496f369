"""Up to where somebody has read. What is unread is counted among the newest 1,000 messages: more is just "many"."""

import apsw
import msgspec

from duologue.chat.model import Mark, MarkMove, MarkMoved
from duologue.chat.store.sqlite.heads import Heads
from duologue.chat.store.sqlite.order import LAST_SEQ, TABLES

_UNREAD_IN = """(
    SELECT count(*) FROM {table} AS place CROSS JOIN messages AS unread ON unread.id = place.id
    WHERE place.room_id = {room} AND place.seq > max({last_read_seq}, {last_seq} - 1000)
        AND unread.sender <> {reader} AND unread.deleted_at IS NULL
)"""


def unread(room: str, reader: str, last_read_seq: str) -> str:
    """Return the expression for what somebody has not read, of a statement's own names."""
    last_seq = LAST_SEQ.format(room=room)
    return " + ".join(
        _UNREAD_IN.format(table=table, room=room, reader=reader, last_read_seq=last_read_seq, last_seq=last_seq)
        for table in TABLES
    )


# a room's next change number: whoever fetches what changed after a cursor finds the moved mark
_MOVE = """
    UPDATE members SET last_read_seq = :seq, changed = :change
    WHERE room_id = :room AND person_id = :reader AND last_read_seq < :seq
    RETURNING 1
"""
_UNREAD_NOW = unread(room=":room", reader=":reader", last_read_seq="m.last_read_seq")
_MARK = f"SELECT last_read_seq, {_UNREAD_NOW} FROM members AS m WHERE room_id = :room AND person_id = :reader"  # noqa: S608 - constants only


def move(connection: apsw.Connection, heads: Heads, wanted: MarkMove) -> MarkMoved:
    """Move a mark forward, never back and never past the last message.

    The caller holds the transaction and has checked that the reader is a member.
    """
    head = heads.of(wanted.room.id)
    seq = min(wanted.up_to_seq, head.seq)
    who = {"room": wanted.room.id, "reader": wanted.reader.number}
    moved = connection.execute(_MOVE, {**who, "seq": seq, "change": head.change + 1}).get is not None
    if moved:
        head.change += 1
    last_read_seq, unread = msgspec.convert(next(connection.execute(_MARK, who)), tuple[int, int])
    return MarkMoved(wanted.reader, Mark(last_read_seq, unread), fresh=moved, seq=head.seq, change=head.change)
