"""Pages of a room's history, found by room and `seq`: the last page of a long room costs what the first one does."""

from collections.abc import Iterable

import apsw
import msgspec

from duologue.chat.model import Message, Page, Room
from duologue.chat.store.sqlite.columns import MESSAGE, read_messages, room_bindings, snapshot
from duologue.chat.store.sqlite.order import FIRST_SEQ, LAST_SEQ

_OLDER = f"""
    SELECT json_group_array({MESSAGE} ORDER BY m.seq) FROM (
        SELECT id, seq FROM message_order
        WHERE room_id = :room AND seq < :before ORDER BY seq DESC LIMIT :limit
    ) AS place CROSS JOIN messages AS m ON m.id = place.id
"""  # noqa: S608 - constants only
_NEWER = f"""
    SELECT json_group_array({MESSAGE} ORDER BY m.seq) FROM (
        SELECT id, seq FROM message_order
        WHERE room_id = :room AND seq > :after AND seq < :before ORDER BY seq LIMIT :limit
    ) AS place CROSS JOIN messages AS m ON m.id = place.id
"""  # noqa: S608 - constants only
_EDGES = f"SELECT {FIRST_SEQ}, {LAST_SEQ}".format(room=":room")
_BEYOND_ALL = 2**62

# A page is bounded by its size too: a thousand of the longest messages are 16 MB, kept until they have been read.
# What is counted are characters before a message, so the first one always comes.
_MOST_CHARACTERS = 1_000_000


def read_page(connection: apsw.Connection, room: Room, before: int | None, after: int | None, limit: int) -> Page:
    """Return a page as store.api describes it, from one snapshot of the database."""
    with snapshot(connection):
        bindings = {
            **room_bindings(connection, room),
            "before": _BEYOND_ALL if before is None else before,
            "after": after,
            "limit": limit,
        }
        messages = read_messages(connection.execute(_OLDER if after is None else _NEWER, bindings).get)
        fit = _last_that_fit if after is None else _first_that_fit
        return _page(connection, room, fit(messages, _MOST_CHARACTERS))


def read_page_around(connection: apsw.Connection, room: Room, seq: int, limit: int) -> Page:
    """Return a page with `seq` in its middle, from one snapshot; at an end of the room the other side gets more."""
    with snapshot(connection):
        bindings = room_bindings(connection, room)
        newer = read_messages(
            connection.execute(_NEWER, {**bindings, "after": seq - 1, "before": _BEYOND_ALL, "limit": limit}).get
        )
        older = read_messages(connection.execute(_OLDER, {**bindings, "before": seq, "limit": limit}).get)
        newer, older = _first_that_fit(newer, _MOST_CHARACTERS // 2), _last_that_fit(older, _MOST_CHARACTERS // 2)
        from_older = min(len(older), max(limit // 2, limit - len(newer)))
        messages = [*older[len(older) - from_older :], *newer[: limit - from_older]]
        return _page(connection, room, messages)


def _page(connection: apsw.Connection, room: Room, messages: list[Message]) -> Page:
    if not messages:
        return Page([], older=False, newer=False)
    oldest, newest = msgspec.convert(connection.execute(_EDGES, {"room": room.id}).fetchone(), tuple[int, int])
    return Page(messages, older=messages[0].seq > oldest, newer=messages[-1].seq < newest)


def _first_that_fit(messages: list[Message], characters: int) -> list[Message]:
    return messages[: _count_that_fit(messages, characters)]


def _last_that_fit(messages: list[Message], characters: int) -> list[Message]:
    return messages[len(messages) - _count_that_fit(reversed(messages), characters) :]


def _count_that_fit(messages: Iterable[Message], characters: int) -> int:
    count = 0
    for message in messages:
        if characters <= 0:
            break
        characters -= len(message.content)
        count += 1
    return count
