"""How rows leave the database: many as one row of JSON, because each row costs a round of interpreter lock."""

import contextlib
from collections.abc import Iterator

import apsw
import msgspec

from duologue.chat.model import Message, Room

_COLUMNS = """{m}.id, {m}.room_id, {m}.seq, {m}.sender, coalesce({m}.content, ''), {m}.created_at, {m}.client_id,
    {is_read}, {m}.edited_at, {m}.deleted_at"""
_READ_BY_OTHER = (
    "{m}.seq <= (SELECT last_read_seq FROM members WHERE room_id = {m}.room_id AND person_id <> {m}.sender)"
)
_READ_AS_BOUND = "{m}.seq <= iif({m}.sender = :a, :read_by_b, :read_by_a)"


def _boolean(condition: str) -> str:
    # SQLite has none: JSON must not say 1
    return f"json(iif({condition}, 'true', 'false'))"


def message_columns(table: str, is_read: str = _READ_BY_OTHER) -> str:
    """Return the columns of a Message in its fields' order; `table` is what a statement calls the messages.

    `is_read` is another expression for that column.
    """
    return _COLUMNS.format(m=table, is_read=is_read.format(m=table))


def message_json(table: str, is_read: str = _READ_BY_OTHER) -> str:
    """Return the same as one value of JSON."""
    return f"json_array({message_columns(table, _boolean(is_read))})"


MESSAGE = message_json("m", _READ_AS_BOUND)
"""A Message of the table `m`, for a statement that has the bindings of `room_bindings`."""

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
