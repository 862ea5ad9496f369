"""Thousands of people for sockets that stay idle: to register each would take minutes of Argon2 and measure nothing.

While the product is down, they and their rooms are written into chat's file, and their access tokens are signed with
auth's key. To the running product they are ordinary users of whom it knows nothing yet.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import apsw
import msgspec

from bench.filling import fill
from bench.load.plans import Seat
from duologue.auth.signing import KeyRing
from duologue.chat.store.sqlite import rooms
from duologue.contract.claims import ACCESS_TYPE, AUTH_AUDIENCE, CHAT_AUDIENCE

# far above the ids that auth hands out here
_FIRST_ID = 1_000_000
_FIRST_SOCIABLE = 2_000_000
_MOST_FRIENDS = 100_000
_MESSAGES_EACH = 20
_TOKEN_SECONDS = 600


class _Stranger(msgspec.Struct, frozen=True):
    user_id: str
    username: str


class Crowd:
    """`count` people in rooms of two, in the data directory of a product that is not running."""

    def __init__(self, data: Path, count: int) -> None:
        self._tokens = _Tokens(data)
        people = [_Stranger(str(_FIRST_ID + number), f"crowd{number:06d}") for number in range(count - count % 2)]
        self._places: list[tuple[_Stranger, int]] = []
        connection = apsw.Connection(str(data / "chat" / "chat.sqlite3"), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with connection:
                for a, b in zip(people[::2], people[1::2], strict=True):
                    room, _ = rooms.open_pair(connection, a, b, time.time_ns() // 1000)
                    self._places += [(a, room.id), (b, room.id)]
        finally:
            connection.close()

    def seats(self) -> list[Seat]:
        """Return everybody's seat, with a fresh token."""
        return [Seat(number, room, self._tokens.of(who)) for number, (who, room) in enumerate(self._places)]


class Sociable:
    """Somebody with many rooms of 20 messages each, in the data directory of a product that is not running."""

    def __init__(self, data: Path, number: int, count: int) -> None:
        self.rooms = count
        self._tokens = _Tokens(data)
        first = _FIRST_SOCIABLE + number * _MOST_FRIENDS
        self._who = _Stranger(str(first), f"sociable{number}")
        friends = [_Stranger(str(first + each), f"friend{number}.{each}") for each in range(1, count + 1)]
        path = data / "chat" / "chat.sqlite3"
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with connection:
                opened = [rooms.open_pair(connection, self._who, each, time.time_ns() // 1000)[0] for each in friends]
        finally:
            connection.close()
        for room in opened:
            fill(path, room.id, _MESSAGES_EACH)

    def token(self) -> str:
        """Return a fresh token."""
        return self._tokens.of(self._who)


class _Tokens:
    """Signs with auth's key."""

    def __init__(self, data: Path) -> None:
        self._keys = KeyRing(data / "auth" / "keys")

    def of(self, who: _Stranger) -> str:
        """Return a fresh token."""
        now = int(time.time())
        claims = {
            "iss": "duologue",
            "aud": [AUTH_AUDIENCE, CHAT_AUDIENCE],
            "sub": who.user_id,
            "username": who.username,
            "sid": uuid.uuid4().hex,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
        }
        return self._keys.sign(claims, ACCESS_TYPE)
