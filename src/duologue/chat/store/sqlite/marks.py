"""Up to where somebody has read. What is unread is counted among the newest 1,000 messages: more is just "many"."""

import apsw
import msgspec

from duologue.chat.model import Mark, MarkMove, MarkMoved
from duologue.chat.store.sqlite.heads import Heads

UNREAD = """(
    SELECT count(*) FROM messages WHERE room_id = {room} AND sender <> {reader} AND deleted_at IS NULL
        AND seq > max({last_read_seq}, (SELECT max(seq) FROM messages WHERE room_id = {room}) - 1000)
)"""
"""What somebody has not read, as an expression to put a statement's own names into."""

# a room's next change number: whoever fetches what changed after a cursor finds the moved mark
_MOVE = """
    UPDATE members SET last_read_seq = :seq, changed = :change
    WHERE room_id = :room AND person_id = :reader AND last_read_seq < :seq
    RETURNING 1
"""
_UNREAD_NOW = UNREAD.format(room=":room", reader=":reader", last_read_seq="m.last_read_seq")
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
