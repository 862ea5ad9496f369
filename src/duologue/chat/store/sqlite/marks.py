"""Up to where somebody has read. What is unread is counted among the newest 1,000 messages: more is just "many"."""

import apsw
import msgspec

from duologue.chat.model import Mark, Person, Room

# a room's next change number: whoever fetches what changed after a cursor finds the moved mark
_MOVE = """
    UPDATE members SET last_read_seq = new.seq, changed = 1 + max(
        (SELECT max(changed) FROM members WHERE room_id = :room),
        (SELECT coalesce(max(changed), 0) FROM messages WHERE room_id = :room AND changed IS NOT NULL))
    FROM (SELECT min(:up_to, coalesce(max(seq), 0)) AS seq FROM messages WHERE room_id = :room) AS new
    WHERE room_id = :room AND person_id = :reader AND last_read_seq < new.seq
"""
_MARK = """
    SELECT last_read_seq, (SELECT count(*) FROM messages WHERE room_id = :room AND sender <> :reader AND seq > max(
        m.last_read_seq, (SELECT max(seq) FROM messages WHERE room_id = :room) - 1000))
    FROM members AS m WHERE room_id = :room AND person_id = :reader
"""


def move(connection: apsw.Connection, room: Room, reader: Person, up_to_seq: int) -> Mark:
    """Move a mark forward, never back and never past the last message. The caller holds the transaction."""
    bindings = {"room": room.id, "reader": reader.number, "up_to": up_to_seq}
    connection.execute(_MOVE, bindings)
    last_read_seq, unread = msgspec.convert(next(connection.execute(_MARK, bindings)), tuple[int, int])
    return Mark(last_read_seq, unread)
