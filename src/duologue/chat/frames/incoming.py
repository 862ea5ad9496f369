"""What a client says in the v1 dialect."""

from typing import Literal, get_args

import msgspec


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first frame. `since`: the cursor of the one room, `rooms`: by room id, on the socket of all rooms.

    `more`: another one follows, with the cursors that did not fit.
    """

    token: str | None = None
    since: str | None = None
    rooms: dict[str, str] | None = None
    more: bool = False


class Say(msgspec.Struct, frozen=True, gc=False, tag="message"):
    """A message."""

    message: str
    client_id: str
    room: int | float | None = None
    username: str | None = None
    sender_id: str | None = None


class Edit(msgspec.Struct, frozen=True, tag="edit"):
    """New words for a message of one's own."""

    id: int | float
    message: str
    room: int | float | None = None
    client_id: str | None = None


class Delete(msgspec.Struct, frozen=True, tag="delete"):
    """A message of one's own that shall go."""

    id: int | float
    room: int | float | None = None
    client_id: str | None = None


class Read(msgspec.Struct, frozen=True, tag="read"):
    """Up to where the caller has read."""

    up_to_seq: int | float
    room: int | float | None = None
    client_id: str | None = None


class Typing(msgspec.Struct, frozen=True, tag="typing"):
    """The caller types, or no longer."""

    state: Literal["start", "stop"]
    room: int | float | None = None
    client_id: str | None = None


class Auth(msgspec.Struct, frozen=True, tag="auth"):
    """A fresh token for the same person."""

    token: str
    room: int | float | None = None
    client_id: str | None = None


FrameIn = Hello | Say | Edit | Delete | Read | Typing | Auth
TYPES = frozenset(str(kind.__struct_config__.tag) for kind in get_args(FrameIn))
"""Their types."""
