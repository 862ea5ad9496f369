"""Fills a room's history while the product is down: SQL on chat's own file, in one transaction.

A million posts would take a minute and measure nothing. The rows look as the product writes them: `seq` from 1 without
a gap, ids that go on where the table ends, the two people in turn.
"""

from __future__ import annotations

import time
from pathlib import Path

import apsw

_FILL = """
    WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :count)
    INSERT INTO messages (id, room_id, seq, sender, content, created_at, client_id)
    SELECT :last_id + n, :room, n, iif(n % 2, :a, :b), 'message ' || n || ' in a long conversation of two people',
        :start + n * 1000000, NULL
    FROM counted
"""
_ORDER = "INSERT INTO settled_order SELECT room_id, seq, id FROM messages WHERE id > :last_id"


class NotEmptyError(RuntimeError):
    """The room has messages already."""


def fill(database: Path, room: int, count: int) -> None:
    """Give an empty room `count` messages, a second apart, the last one now."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        members = [row[0] for row in connection.execute("SELECT person_id FROM members WHERE room_id = ?", (room,))]
        if connection.execute("SELECT count(*) FROM message_order WHERE room_id = ?", (room,)).get:
            raise NotEmptyError(room)
        bindings = {
            "count": count,
            "last_id": connection.execute("SELECT coalesce(max(id), 0) FROM messages").get,
            "room": room,
            "a": members[0],
            "b": members[1],
            "start": (time.time_ns() // 1_000_000_000 - count) * 1_000_000,
        }
        with connection:
            connection.execute(_FILL, bindings)
            connection.execute(_ORDER, {"last_id": bindings["last_id"]})
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
