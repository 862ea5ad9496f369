"""A person's rooms at a glance, in one statement however many there are."""

from collections.abc import Sequence

import apsw
import msgspec

from duologue.chat.model import Message, Person, Reading, Room, Standing, Summary
from duologue.chat.store.sqlite.columns import message_json
from duologue.chat.store.sqlite.heads import LAST_CHANGE
from duologue.chat.store.sqlite.marks import unread
from duologue.chat.store.sqlite.order import LAST_ID, LAST_SEQ

# The inner list knows each room's last message by (room, seq); only those that are shown are looked at closer.
# One row of JSON, like a page of history.
_ROOM = """json_array(
    r.id, json_array(a.id, a.user_id, a.username), json_array(b.id, b.user_id, b.username), r.created_at)"""
_JOINED = """
    JOIN rooms AS r ON r.id = shown.room_id
    JOIN people AS a ON a.id = r.participant_a
    JOIN people AS b ON b.id = r.participant_b
"""
_UNREAD = unread(room="r.id", reader="shown.person_id", last_read_seq="shown.last_read_seq")
_NUMBERS = f"{LAST_SEQ}, {LAST_CHANGE}".format(room="r.id")

_SUMMARIES = f"""
    WITH mine AS MATERIALIZED (
        SELECT m.room_id, m.person_id, m.last_read_seq,
            {LAST_ID.format(room="m.room_id")} AS last_id
        FROM people AS me JOIN members AS m ON m.person_id = me.id WHERE me.user_id = :user
    ), shown AS (
        SELECT *, coalesce(last_id, 0) AS activity FROM mine
        WHERE (coalesce(last_id, 0), room_id) < (:activity, :room) ORDER BY activity DESC, room_id DESC LIMIT :limit
    )
    SELECT json_group_array(json_array(
        {_ROOM},
        shown.activity,
        shown.last_read_seq,
        {_UNREAD},
        (SELECT {message_json("last")} FROM messages AS last WHERE last.id = shown.last_id),
        {_NUMBERS}
    ) ORDER BY shown.activity DESC, shown.room_id DESC)
    FROM shown {_JOINED}
"""  # noqa: S608 - constants only
_STANDINGS = f"""
    WITH shown AS (
        SELECT m.room_id, m.person_id, m.last_read_seq FROM people AS me
        CROSS JOIN json_each(:rooms) AS asked
        CROSS JOIN members AS m ON m.room_id = asked.value AND m.person_id = me.id
        WHERE me.user_id = :user
    )
    SELECT json_group_array(json_array(
        {_ROOM}, {_NUMBERS},
        (SELECT json_group_array(json_array(person_id, last_read_seq)) FROM members WHERE room_id = r.id),
        {_UNREAD}))
    FROM shown {_JOINED}
"""  # noqa: S608 - constants only
_ROOMS_WITH = """
    SELECT json_group_array(m.room_id) FROM people AS me JOIN members AS m ON m.person_id = me.id WHERE me.user_id = ?
"""
_BEYOND_ALL = (2**62, 2**62)

_Person = tuple[int, str, str]
_Room = tuple[int, _Person, _Person, int]
_SummaryRow = tuple[_Room, int, int, int, str | None, int, int]
_StandingRow = tuple[_Room, int, int, str, int]

_summaries = msgspec.json.Decoder(list[_SummaryRow])
_standings = msgspec.json.Decoder(list[_StandingRow])
_reads = msgspec.json.Decoder(list[Reading])
_ids = msgspec.json.Decoder(list[int])
_message = msgspec.json.Decoder(Message)


def read_summaries(
    connection: apsw.Connection, user_id: str, before: tuple[int, int] | None, limit: int
) -> list[Summary]:
    """Return a person's rooms, the liveliest first, after `before` (activity, room id)."""
    activity, room = before or _BEYOND_ALL
    bindings = {"user": user_id, "activity": activity, "room": room, "limit": limit}
    return [_summary(*row) for row in _summaries.decode(connection.execute(_SUMMARIES, bindings).get)]


def read_standings(connection: apsw.Connection, user_id: str, room_ids: Sequence[int]) -> list[Standing]:
    """Return where rooms stand as a person sees them, all at one moment."""
    bindings = {"user": user_id, "rooms": msgspec.json.encode(room_ids).decode()}
    rows = _standings.decode(connection.execute(_STANDINGS, bindings).get)
    return [
        Standing(_room(room), seq, change, _reads.decode(reads), unread) for room, seq, change, reads, unread in rows
    ]


def read_rooms_with(connection: apsw.Connection, user_id: str) -> list[int]:
    """Return the ids of a person's rooms."""
    return _ids.decode(connection.execute(_ROOMS_WITH, (user_id,)).get)


def _summary(
    room: _Room, activity: int, last_read_seq: int, unread: int, last: str | None, seq: int, change: int
) -> Summary:
    last_message = None if last is None else _message.decode(last)
    return Summary(_room(room), activity, last_read_seq, unread, last_message, seq, change)


def _room(room: _Room) -> Room:
    room_id, a, b, created_at = room
    return Room(room_id, Person(*a), Person(*b), created_at)
