"""A person's rooms at a glance, in one statement however many there are."""

import apsw
import msgspec

from duologue.chat.model import Message, Person, Room, Summary

# The inner list knows each room's last message by (room, seq); only those that are shown are looked at closer.
# One row of JSON, like a page of history.
_SUMMARIES = """
    WITH mine AS (
        SELECT m.room_id, m.person_id, m.last_read_seq,
            (SELECT id FROM messages WHERE room_id = m.room_id ORDER BY seq DESC LIMIT 1) AS last_id
        FROM people AS me JOIN members AS m ON m.person_id = me.id WHERE me.user_id = :user
    ), shown AS (
        SELECT *, coalesce(last_id, 0) AS activity FROM mine
        WHERE (coalesce(last_id, 0), room_id) < (:activity, :room) ORDER BY activity DESC, room_id DESC LIMIT :limit
    )
    SELECT json_group_array(json_array(
        json_array(
            r.id, json_array(a.id, a.user_id, a.username), json_array(b.id, b.user_id, b.username), r.created_at),
        shown.activity,
        shown.last_read_seq,
        (SELECT count(*) FROM messages WHERE room_id = r.id AND sender <> shown.person_id AND seq > max(
            shown.last_read_seq, (SELECT seq FROM messages WHERE id = shown.last_id) - 1000)),
        (SELECT json_array(id, room_id, seq, sender, content, created_at, client_id,
                json(iif(seq <= (SELECT last_read_seq FROM members
                    WHERE room_id = last.room_id AND person_id <> last.sender), 'true', 'false')))
            FROM messages AS last WHERE last.id = shown.last_id)
    ) ORDER BY shown.activity DESC, shown.room_id DESC)
    FROM shown
    JOIN rooms AS r ON r.id = shown.room_id
    JOIN people AS a ON a.id = r.participant_a
    JOIN people AS b ON b.id = r.participant_b
"""
_BEYOND_ALL = (2**62, 2**62)

_Person = tuple[int, str, str]
_Row = tuple[tuple[int, _Person, _Person, int], int, int, int, str | None]

_rows = msgspec.json.Decoder(list[_Row])
_message = msgspec.json.Decoder(Message)


def read_summaries(
    connection: apsw.Connection, user_id: str, before: tuple[int, int] | None, limit: int
) -> list[Summary]:
    """Return a person's rooms, the liveliest first, after `before` (activity, room id)."""
    activity, room = before or _BEYOND_ALL
    bindings = {"user": user_id, "activity": activity, "room": room, "limit": limit}
    return [_summary(*row) for row in _rows.decode(connection.execute(_SUMMARIES, bindings).get)]


def _summary(
    room: tuple[int, _Person, _Person, int], activity: int, last_read_seq: int, unread: int, last: str | None
) -> Summary:
    room_id, a, b, created_at = room
    return Summary(
        Room(room_id, Person(*a), Person(*b), created_at),
        activity,
        last_read_seq,
        unread,
        None if last is None else _message.decode(last),
    )
