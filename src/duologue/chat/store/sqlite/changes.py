"""What happened in a room after a point: short indexed reads, however long the absence."""

import apsw
import msgspec

from duologue.chat.model import Changes, Message, Reading, Room
from duologue.chat.store.sqlite.columns import MESSAGE, room_bindings, snapshot
from duologue.chat.store.sqlite.heads import read_head

# A page is bounded by its size too: a hundred of the longest messages must not become a frame of megabytes. What is
# counted are characters before a row, so the first row always comes.
_MOST_CHARACTERS = 65_536

_PAGE = f"""
    SELECT json_group_array(json_array({{place}}, {MESSAGE}) ORDER BY {{place}}) FROM (
        SELECT *, sum(coalesce(length(content), 0)) OVER (ORDER BY {{place}}) - coalesce(length(content), 0) AS before
        FROM ({{found}} LIMIT :limit)) AS m
    WHERE before < {_MOST_CHARACTERS}
"""  # noqa: S608 - constants only
_AFTER_CHANGE = "changed > :change AND seq <= :seq"
_REWRITTEN = _PAGE.format(
    place="changed",
    found=f"SELECT * FROM messages WHERE room_id = :room AND {_AFTER_CHANGE} ORDER BY changed",  # noqa: S608 - as above
)
_NEW = _PAGE.format(
    place="seq",
    found="""
        SELECT new.* FROM (
            SELECT id, seq FROM message_order WHERE room_id = :room AND seq > :seq ORDER BY seq LIMIT :limit
        ) AS place CROSS JOIN messages AS new ON new.id = place.id
    """,
)
_MORE_REWRITTEN = f"SELECT 1 FROM messages WHERE room_id = :room AND {_AFTER_CHANGE} LIMIT 1"  # noqa: S608 - as above
_READS = """
    SELECT json_group_array(json_array(person_id, last_read_seq)) FROM members
    WHERE room_id = :room AND changed > :since AND changed <= :change
"""

_numbered = msgspec.json.Decoder(list[tuple[int, Message]])
_reads = msgspec.json.Decoder(list[Reading])


def read_changes(connection: apsw.Connection, room: Room, seq: int, change: int, limit: int) -> Changes | None:
    """Return what came after (`seq`, `change`) from one snapshot, or None when that point is yet to come."""
    with snapshot(connection):
        head_seq, head_change = read_head(connection, room.id)
        if seq > head_seq or change > head_change:
            return None
        bindings = {**room_bindings(connection, room), "seq": seq, "change": change, "limit": limit}
        rewritten = _numbered.decode(connection.execute(_REWRITTEN, bindings).get)
        last_change = rewritten[-1][0] if rewritten else head_change
        more = bool(rewritten) and _any_more(connection, room, seq, last_change)
        if not more:
            last_change = head_change
        reads = _reads.decode(connection.execute(_READS, {"room": room.id, "since": change, "change": last_change}).get)
        new: list[tuple[int, Message]] = []
        if not more and len(rewritten) < limit:
            new = _numbered.decode(connection.execute(_NEW, {**bindings, "limit": limit - len(rewritten)}).get)
        last_seq = new[-1][0] if new else seq
        messages = [message for _, message in (*rewritten, *new)]
        return Changes(messages, reads, last_seq, last_change, more=more or last_seq < head_seq)


def _any_more(connection: apsw.Connection, room: Room, seq: int, change: int) -> bool:
    return connection.execute(_MORE_REWRITTEN, {"room": room.id, "seq": seq, "change": change}).get is not None
