"""What `Client.events()` tells, one type each. Times are UTC."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from duologue.client.errors import ApiError
from duologue.client.model import Message, Room


class MessageReceived(msgspec.Struct, frozen=True):
    """Somebody said something; `mine` when it was this client's person, on any device."""

    message: Message
    mine: bool


class MessageEdited(msgspec.Struct, frozen=True):
    """A message has other words now."""

    room: int
    id: int
    seq: int
    sender: str
    text: str
    edited_at: datetime


class MessageDeleted(msgspec.Struct, frozen=True):
    """A message was taken back; its place stays. One that was deleted before it was heard comes only as this."""

    room: int
    id: int
    seq: int
    deleted_at: datetime


class ReadMoved(msgspec.Struct, frozen=True):
    """Somebody has read up to here. Marks only move forward."""

    room: int
    username: str
    up_to_seq: int


class Typing(msgspec.Struct, frozen=True):
    """Somebody types, or has stopped; show it for `expires_in` seconds at most."""

    room: int
    username: str
    active: bool
    expires_in: float


class Presence(msgspec.Struct, frozen=True):
    """Somebody with whom a room is shared came or went."""

    username: str
    online: bool


class RoomOpened(msgspec.Struct, frozen=True):
    """A room that was not there before; what was said in it follows."""

    room: Room


class Resynced(msgspec.Struct, frozen=True):
    """The server's database is another one than before: drop what is kept of this room, read its history anew."""

    room: int
    reason: str


class ConnectionChanged(msgspec.Struct, frozen=True):
    """The socket's state. `retry_in` are the seconds until the next try, `close_code` what ended the last one."""

    state: Literal["connecting", "live", "waiting"]
    retry_in: float | None = None
    close_code: int | None = None


class SendRefused(msgspec.Struct, frozen=True):
    """A message, edit or deletion for which nobody waits any more was refused for good and left the outbox."""

    room: int
    client_id: str
    kind: Literal["message", "edit", "delete"]
    text: str | None
    error: ApiError


Event: TypeAlias = (
    MessageReceived
    | MessageEdited
    | MessageDeleted
    | ReadMoved
    | Typing
    | Presence
    | RoomOpened
    | Resynced
    | ConnectionChanged
    | SendRefused
)
