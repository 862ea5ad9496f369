"""Frames of v1 as types: what the server says, decoded, and what a client says, encoded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from duologue.client.model import Limits, Mark, Message


class RoomEntry(msgspec.Struct, frozen=True):
    """A room as `rooms` tells it."""

    room: int
    participant_a: str
    participant_b: str
    created_at: datetime
    cursor: str
    syncing: bool = False
    head_seq: int = 0
    last_read_seq: int = 0
    unread: int = 0
    reads: tuple[Mark, ...] = ()


class RoomsFrame(msgspec.Struct, frozen=True):
    """Rooms of the person, at the beginning and when one is opened."""

    rooms: list[RoomEntry]


class ReadyFrame(msgspec.Struct, frozen=True):
    """The last of the beginning: who one is, and the server's bounds."""

    user: str
    expires_at: datetime | None = None
    limits: Limits = Limits()


class SyncFrame(msgspec.Struct, frozen=True):
    """A page of what was missed in a room."""

    room: int
    messages: list[Message]
    cursor: str
    reads: list[Mark] = []
    more: bool = False


class ResyncFrame(msgspec.Struct, frozen=True):
    """The room's cursor is of another epoch."""

    room: int
    reason: str
    cursor: str


class MessageFrame(Message, frozen=True, kw_only=True):
    """A message that the room hears."""

    cursor: str


class EditedFrame(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "sender_id", "text": "content"}):
    """Other words for a message."""

    room: int
    id: int
    seq: int
    sender: str
    text: str
    edited_at: datetime
    cursor: str


class DeletedFrame(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "sender_id"}):
    """A message was taken back."""

    room: int
    id: int
    seq: int
    sender: str
    deleted_at: datetime
    cursor: str


class ReadFrame(msgspec.Struct, frozen=True):
    """A mark moved forward."""

    room: int
    username: str
    up_to_seq: int
    cursor: str


class TypingFrame(msgspec.Struct, frozen=True):
    """Somebody types or stopped."""

    room: int
    username: str
    state: str
    expires_in_ms: int = 0


class PresenceFrame(msgspec.Struct, frozen=True):
    """Somebody came or went."""

    username: str
    online: bool


class AckFrame(msgspec.Struct, frozen=True):
    """It is on the disk."""

    client_id: str
    room: int
    id: int
    seq: int
    duplicate: bool = False


class ErrorFrame(msgspec.Struct, frozen=True):
    """A refusal."""

    code: str
    detail: str = ""
    retryable: bool = False
    retry_after_ms: int | None = None
    client_id: str | None = None
    room: int | None = None
    about: str | None = None
    errors: dict[str, list[str]] = {}


class TokenExpiringFrame(msgspec.Struct, frozen=True):
    """The socket's token ends soon."""

    expires_at: datetime | None = None


class AuthFrame(msgspec.Struct, frozen=True):
    """A fresh token was taken."""

    expires_at: datetime | None = None


RoomFrame: TypeAlias = RoomsFrame | SyncFrame | ResyncFrame | MessageFrame | EditedFrame | DeletedFrame | ReadFrame
"""What changes the state of a room: none of it may be left out."""

Frame: TypeAlias = (
    RoomFrame | ReadyFrame | TypingFrame | PresenceFrame | AckFrame | ErrorFrame | TokenExpiringFrame | AuthFrame
)


class _Kind(msgspec.Struct):
    type: str = ""


_kind = msgspec.json.Decoder(_Kind)
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    "rooms": msgspec.json.Decoder(RoomsFrame),
    "ready": msgspec.json.Decoder(ReadyFrame),
    "sync": msgspec.json.Decoder(SyncFrame),
    "resync": msgspec.json.Decoder(ResyncFrame),
    "message": msgspec.json.Decoder(MessageFrame),
    "edited": msgspec.json.Decoder(EditedFrame),
    "deleted": msgspec.json.Decoder(DeletedFrame),
    "read": msgspec.json.Decoder(ReadFrame),
    "typing": msgspec.json.Decoder(TypingFrame),
    "presence": msgspec.json.Decoder(PresenceFrame),
    "ack": msgspec.json.Decoder(AckFrame),
    "error": msgspec.json.Decoder(ErrorFrame),
    "token_expiring": msgspec.json.Decoder(TokenExpiringFrame),
    "auth": msgspec.json.Decoder(AuthFrame),
}
_encode = msgspec.json.Encoder().encode


def decode(data: bytes) -> Frame | None:
    """Return a frame of the server's, None for a type that is not known; raise msgspec.DecodeError for a broken one."""
    decoder = _decoders.get(_kind.decode(data).type)
    if decoder is None:
        return None
    frame: Frame = decoder.decode(data)
    return frame


def hello(token: str, cursors: Mapping[int, str]) -> bytes:
    """Return the first frame of a socket for all rooms."""
    return _encode({"type": "hello", "token": token, "rooms": {str(room): cursor for room, cursor in cursors.items()}})


def auth(token: str) -> bytes:
    """Return the frame that gives a living socket a fresh token."""
    return _encode({"type": "auth", "token": token})


def message(room: int, client_id: str, text: str) -> bytes:
    """Return the frame that says something."""
    return _encode({"type": "message", "room": room, "client_id": client_id, "message": text})


def edit(room: int, client_id: str, message_id: int, text: str) -> bytes:
    """Return the frame that gives a message other words."""
    return _encode({"type": "edit", "room": room, "client_id": client_id, "id": message_id, "message": text})


def delete(room: int, client_id: str, message_id: int) -> bytes:
    """Return the frame that takes a message back."""
    return _encode({"type": "delete", "room": room, "client_id": client_id, "id": message_id})


def typing(room: int, state: Literal["start", "stop"]) -> bytes:
    """Return the frame that says whether the person types."""
    return _encode({"type": "typing", "room": room, "state": state})
