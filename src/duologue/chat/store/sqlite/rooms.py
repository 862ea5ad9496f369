"""Rooms and the people in them."""

from typing import Any

import apsw

from duologue.chat.model import Person, Room
from duologue.chat.store.api import Identity
from duologue.chat.store.sqlite.people import person_of

_ROOM = """
    SELECT r.id, r.created_at, a.id, a.user_id, a.username, b.id, b.user_id, b.username
    FROM rooms AS r JOIN people AS a ON a.id = r.participant_a JOIN people AS b ON b.id = r.participant_b
"""


def find(connection: apsw.Connection, room_id: int) -> Room | None:
    """Return a room by its id."""
    return _read(connection.execute(f"{_ROOM} WHERE r.id = ?", (room_id,)))


def find_pair(connection: apsw.Connection, user_id: str, username: str) -> Room | None:
    """Return the room of two people who have one."""
    number = "SELECT id FROM people WHERE"
    one = connection.execute(f"{number} user_id = ?", (user_id,)).get
    other = connection.execute(f"{number} username = ?", (username,)).get
    if one is None or other is None:
        return None
    return _of_pair(connection, one, other)


def open_pair(connection: apsw.Connection, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
    """Return the one room of a pair and whether it is new. The caller holds the transaction.

    Raises IdentityConflictError.
    """
    first, second = person_of(connection, a), person_of(connection, b)
    there = _of_pair(connection, first.number, second.number)
    if there is not None:
        return there, False
    room_id: int = connection.execute(
        "INSERT INTO rooms (participant_a, participant_b, pair_low, pair_high, created_at) VALUES (?, ?, ?, ?, ?)"
        " RETURNING id",
        (first.number, second.number, *sorted((first.number, second.number)), created_at),
    ).get
    connection.executemany(
        "INSERT INTO members (room_id, person_id) VALUES (?, ?)", [(room_id, first.number), (room_id, second.number)]
    )
    return Room(room_id, first, second, created_at), True


def _of_pair(connection: apsw.Connection, one: int, other: int) -> Room | None:
    return _read(connection.execute(f"{_ROOM} WHERE r.pair_low = ? AND r.pair_high = ?", sorted((one, other))))


def _as_person(*columns: Any) -> Person:
    return Person(*columns)


def _read(rows: apsw.Cursor) -> Room | None:
    row = rows.fetchone()
    if row is None:
        return None
    room_id, created_at, *people = row
    return Room(room_id, _as_person(*people[:3]), _as_person(*people[3:]), created_at)
