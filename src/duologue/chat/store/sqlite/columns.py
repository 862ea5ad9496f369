"""How rows leave the database: many as one row of JSON, because each row costs a round of interpreter lock."""

import contextlib
from collections.abc import Iterator

import apsw
import msgspec

from duologue.chat.model import Message, Room

MESSAGE = """json_array(id, room_id, seq, sender, coalesce(content, ''), created_at, client_id,
    json(iif(seq <= iif(sender = :a, :read_by_b, :read_by_a), 'true', 'false')), edited_at, deleted_at)"""
"""A Message, for a statement that has the bindings of `room_bindings`."""

_MARKS = "SELECT json_group_object(person_id, last_read_seq) FROM members WHERE room_id = ?"
_marks = msgspec.json.Decoder(dict[int, int])

read_messages = msgspec.json.Decoder(list[Message]).decode


@contextlib.contextmanager
def snapshot(connection: apsw.Connection) -> Iterator[None]:
    """Let several statements see the database as it is at one moment."""
    with connection:
        yield


def room_bindings(connection: apsw.Connection, room: Room) -> dict[str, int]:
    """Return what MESSAGE needs to know of a room, from the caller's snapshot."""
    marks = _marks.decode(connection.execute(_MARKS, (room.id,)).get)
    a, b = room.participant_a.number, room.participant_b.number
    return {"room": room.id, "a": a, "read_by_a": marks.get(a, 0), "read_by_b": marks.get(b, 0)}
