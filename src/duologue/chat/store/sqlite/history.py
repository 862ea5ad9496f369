"""Pages of a room's history, found by room and `seq`: the last page of a long room costs what the first one does."""

import apsw
import msgspec

from duologue.chat.model import Message, Page, Room
from duologue.chat.store.sqlite.columns import MESSAGE, read_messages, room_bindings, snapshot
from duologue.chat.store.sqlite.order import FIRST_SEQ, LAST_SEQ

# A page is bounded by its size too: a thousand of the longest messages are 16 MB, kept until they have been read.
# What is counted are characters before a message, so the first one always comes; the rest is not even made into JSON.
_MOST_CHARACTERS = 1_000_000

_PAGE = f"""
    SELECT json_group_array({MESSAGE} ORDER BY m.seq) FROM (
        SELECT id, sum(length) OVER (ORDER BY seq {{order}} ROWS UNBOUNDED PRECEDING) - length AS passed FROM (
            SELECT place.id, place.seq, coalesce(length(content), 0) AS length
            FROM (SELECT id, seq FROM message_order WHERE {{where}} ORDER BY seq {{order}} LIMIT :limit) AS place
            CROSS JOIN messages ON messages.id = place.id)
    ) AS place CROSS JOIN messages AS m ON m.id = place.id WHERE passed < :characters
"""  # noqa: S608 - constants only
_OLDER = _PAGE.format(where="room_id = :room AND seq < :before", order="DESC")
_NEWER = _PAGE.format(where="room_id = :room AND seq > :after AND seq < :before", order="ASC")
_EDGES = f"SELECT {FIRST_SEQ}, {LAST_SEQ}".format(room=":room")
_BEYOND_ALL = 2**62


def read_page(connection: apsw.Connection, room: Room, before: int | None, after: int | None, limit: int) -> Page:
    """Return a page as store.api describes it, from one snapshot of the database."""
    with snapshot(connection):
        bindings = {
            **room_bindings(connection, room),
            "before": _BEYOND_ALL if before is None else before,
            "after": after,
            "limit": limit,
            "characters": _MOST_CHARACTERS,
        }
        messages = read_messages(connection.execute(_OLDER if after is None else _NEWER, bindings).get)
        return _page(connection, room, messages)


def read_page_around(connection: apsw.Connection, room: Room, seq: int, limit: int) -> Page:
    """Return a page with `seq` in its middle, from one snapshot; at an end of the room the other side gets more."""
    with snapshot(connection):
        bindings = {**room_bindings(connection, room), "limit": limit, "characters": _MOST_CHARACTERS // 2}
        newer = read_messages(connection.execute(_NEWER, {**bindings, "after": seq - 1, "before": _BEYOND_ALL}).get)
        older = read_messages(connection.execute(_OLDER, {**bindings, "before": seq}).get)
        from_older = min(len(older), max(limit // 2, limit - len(newer)))
        messages = [*older[len(older) - from_older :], *newer[: limit - from_older]]
        return _page(connection, room, messages)


def _page(connection: apsw.Connection, room: Room, messages: list[Message]) -> Page:
    if not messages:
        return Page([], older=False, newer=False)
    oldest, newest = msgspec.convert(connection.execute(_EDGES, {"room": room.id}).fetchone(), tuple[int, int])
    return Page(messages, older=messages[0].seq > oldest, newer=messages[-1].seq < newest)
