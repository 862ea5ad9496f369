"""Pages of a room's history, found by `(room_id, seq)`: the last page of a long room costs what the first one does."""

import apsw
import msgspec

from duologue.chat.model import Message, Page, Room

# A page is one row of JSON: a row per message would mean a round of interpreter lock for each
_PAGE = """
    SELECT json_group_array(
        json_array(id, room_id, seq, sender, content, created_at, client_id,
            json(iif(seq <= iif(sender = :a, :read_by_b, :read_by_a), 'true', 'false')))
        ORDER BY seq)
    FROM
"""
_OLDER = f"""{_PAGE} (
    SELECT * FROM messages WHERE room_id = :room AND seq < :before ORDER BY seq DESC LIMIT :limit
)"""  # noqa: S608 - constants only
_NEWER = f"""{_PAGE} (
    SELECT * FROM messages WHERE room_id = :room AND seq > :after AND seq < :before ORDER BY seq LIMIT :limit
)"""  # noqa: S608 - constants only
_EDGES = """
    SELECT coalesce((SELECT min(seq) FROM messages WHERE room_id = :room), 0),
           coalesce((SELECT max(seq) FROM messages WHERE room_id = :room), 0)
"""
_MARKS = "SELECT json_group_object(person_id, last_read_seq) FROM members WHERE room_id = ?"
_BEYOND_ALL = 2**62

_messages = msgspec.json.Decoder(list[Message])
_marks = msgspec.json.Decoder(dict[int, int])


def read_page(connection: apsw.Connection, room: Room, before: int | None, after: int | None, limit: int) -> Page:
    """Return a page as store.api describes it, from one snapshot of the database."""
    with connection:
        edges = connection.execute(_EDGES, {"room": room.id}).fetchone()
        marks = _marks.decode(connection.execute(_MARKS, (room.id,)).get)
        a, b = room.participant_a.number, room.participant_b.number
        bindings = {
            "room": room.id,
            "a": a,
            "read_by_a": marks.get(a, 0),
            "read_by_b": marks.get(b, 0),
            "before": _BEYOND_ALL if before is None else before,
            "after": after,
            "limit": limit,
        }
        messages = _messages.decode(connection.execute(_OLDER if after is None else _NEWER, bindings).get)
    oldest, newest = msgspec.convert(edges, tuple[int, int])
    if not messages:
        return Page([], older=False, newer=False)
    return Page(messages, older=messages[0].seq > oldest, newer=messages[-1].seq < newest)
