"""Shapes on the wire: what REST and the plain socket read and write. Nothing else knows field names of JSON."""

import functools
import re
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from duologue.chat.cursors import cursor
from duologue.chat.errors import invalid
from duologue.chat.model import Message, Room, Summary
from duologue.kit.misfits import misfits, plainly
from duologue.kit.problem import Problem

CLIENT_ID_CHARACTERS = 64
# numbers of so many digits fit every store
_MOST_DIGITS = 18


class RoomIn(msgspec.Struct, frozen=True):
    """Body of `POST /api/chat/rooms/`."""

    participant_a: str
    participant_b: str


class RoomOut(msgspec.Struct, frozen=True):
    """A room as the contract shows it."""

    id: int
    participant_a: str
    participant_b: str
    created_at: str


class MessageIn(msgspec.Struct, frozen=True):
    """Body of `POST /api/chat/rooms/{id}/messages/`; the sender is whom the token names, `sender_id` must agree."""

    content: str
    sender_id: str | None = None
    client_id: str | None = None


class MessageOut(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A message as the contract shows it: six keys, and more only when they have something to say."""

    id: int
    room: int
    sender_id: str
    content: str
    timestamp: str
    is_read: bool
    client_id: str | None = None
    edited_at: str | None = None
    deleted_at: str | None = None


class EditIn(msgspec.Struct, frozen=True):
    """Body of `PATCH /api/chat/rooms/{id}/messages/{id}/`."""

    content: str


class MeIn(msgspec.Struct, frozen=True):
    """Body of `PATCH /api/chat/me/`."""

    hide_presence: bool


class MeOut(msgspec.Struct, frozen=True):
    """The caller's own switches."""

    username: str
    hide_presence: bool


class RoomInList(RoomOut, frozen=True):
    """A room in the list of one's rooms: the room, and more."""

    unread: int
    last_read_seq: int
    last_message: MessageOut | None
    cursor: str


class ReadIn(msgspec.Struct, frozen=True):
    """Body of `POST /api/chat/rooms/{id}/read/`."""

    # JSON knows one kind of number: 2.0 is a whole one
    up_to_seq: int | float

    def __post_init__(self) -> None:
        whole("up_to_seq", self.up_to_seq)


class ReadOut(msgspec.Struct, frozen=True):
    """Where the caller's mark is now."""

    last_read_seq: int
    unread: int


class FrameIn(msgspec.Struct, frozen=True, gc=False):
    """Any frame of the plain dialect; its type counts only where it is one of v1's."""

    type: str | None = None
    message: str | None = None
    username: str | None = None
    sender_id: str | None = None
    token: str | None = None
    client_id: str | None = None


class MessageFrame(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="message"):
    """A message as every socket of the room receives it."""

    id: int
    room: int
    sender_id: str
    username: str
    message: str
    content: str
    timestamp: str
    is_read: bool
    seq: int
    client_id: str | None = None


class ErrorFrame(msgspec.Struct, frozen=True, omit_defaults=True, tag="error"):
    """A refusal on a socket."""

    code: str
    detail: str
    retryable: bool
    errors: dict[str, list[str]] | None = None
    retry_after_ms: int | None = None
    client_id: str | None = None
    room: int | None = None
    about: str | None = None


Shape = TypeVar("Shape")
_CLIENT_ID = re.compile(rf"[!#-\[\]-~]{{1,{CLIENT_ID_CHARACTERS}}}")
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
encode = msgspec.json.Encoder().encode


@functools.lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    # formatting a date costs more than the rest of a message; thousands of messages share a second
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def timestamp(microseconds: int) -> str:
    """Return RFC 3339 in UTC with six digits, ending in Z."""
    # 1 before the six digits keeps their zeros, and its place is the point's: a format with a width takes twice as long
    digits = str(microseconds % 1_000_000 + 1_000_000)
    return f"{_second(microseconds // 1_000_000)}.{digits[1:]}Z"


def optional_timestamp(microseconds: int | None) -> str | None:
    """Return the same, or None for what did not happen."""
    return None if microseconds is None else timestamp(microseconds)


def room_out(room: Room) -> RoomOut:
    """Return the wire form of a room."""
    return RoomOut(room.id, room.participant_a.username, room.participant_b.username, timestamp(room.created_at))


def room_in_list(epoch: str, summary: Summary) -> RoomInList:
    """Return the wire form of a room in a list."""
    room, last = summary.room, summary.last_message
    return RoomInList(
        room.id,
        room.participant_a.username,
        room.participant_b.username,
        timestamp(room.created_at),
        summary.unread,
        summary.last_read_seq,
        None if last is None else message_out(room, last),
        cursor(epoch, room.id, summary.seq, summary.change),
    )


def message_out(room: Room, message: Message) -> MessageOut:
    """Return the wire form of a message."""
    return MessageOut(
        message.id,
        message.room_id,
        room.username_of(message.sender),
        message.content,
        timestamp(message.created_at),
        message.is_read,
        message.client_id,
        optional_timestamp(message.edited_at),
        optional_timestamp(message.deleted_at),
    )


def message_frame(room: Room, message: Message) -> bytes:
    """Return the frame's JSON: made once for all sockets of the room."""
    username = room.username_of(message.sender)
    return encode(
        MessageFrame(
            message.id,
            message.room_id,
            username,
            username,
            message.content,
            message.content,
            timestamp(message.created_at),
            message.is_read,
            message.seq,
            message.client_id,
        )
    )


def error_frame(
    problem: Problem, client_id: str | None = None, *, room: int | None = None, about: str | None = None
) -> bytes:
    """Return the frame's JSON; it names the frame that it answers only by an id that is one.

    `room` and `about`, the type of the refused frame, are for the v1 dialect.
    """
    wait = problem.retry_after
    if client_id is not None and _CLIENT_ID.fullmatch(client_id) is None:
        client_id = None
    return encode(
        ErrorFrame(
            code=problem.code,
            detail=problem.detail,
            retryable=wait is not None,
            errors={name: list(why) for name, why in problem.errors.items()} if problem.errors else None,
            retry_after_ms=None if wait is None else max(1, round(wait * 1000)),
            client_id=client_id,
            room=room,
            about=about,
        )
    )


def decoder(shape: type[Shape]) -> "msgspec.json.Decoder[Shape]":
    """Return a decoder to keep: making one costs more than using it."""
    return msgspec.json.Decoder(shape)


def decode(how: "msgspec.json.Decoder[Shape]", body: bytes | str) -> Shape:
    """Return a typed value; raise Problem `malformed_json`, or `validation_failed` that names each wrong field."""
    try:
        return how.decode(body)
    except msgspec.ValidationError:
        wrong = _wrong_fields(body, how.type)
    except _NO_JSON:
        wrong = None
    raise invalid(wrong) if wrong else Problem(400, "malformed_json", "The body is not valid JSON.")


def _wrong_fields(body: bytes | str, shape: object) -> dict[str, list[str]] | None:
    try:
        return misfits(body, shape)
    except msgspec.ValidationError as error:
        return {"body": [plainly(error)]}
    except _NO_JSON:
        return None


def whole(field: str, number: int | float) -> int:
    """Return a number that JSON may have spelled 84.0; raise Problem that names the field for any other."""
    if not 0 <= number < 10**_MOST_DIGITS or int(number) != number:
        raise invalid({field: ["A whole number from 0 on."]})
    return int(number)


def read_id(text: str) -> int | None:
    """Return the id that a path or a key spells, None for anything but plain digits."""
    # isdecimal alone would let the digits of other scripts through; leading zeros would give a room two addresses
    if not (text.isascii() and text.isdecimal()) or text.startswith("0") or len(text) > _MOST_DIGITS:
        return None
    return int(text)


def check_client_id(client_id: str | None) -> None:
    """Raise Problem unless a client_id is what a header can carry too, in quotes or bare."""
    if client_id is not None and _CLIENT_ID.fullmatch(client_id) is None:
        raise invalid({"client_id": [f"Use 1 to {CLIENT_ID_CHARACTERS} visible ASCII characters, no quotes or \\."]})


def check_content(field: str, content: str, longest: int) -> None:
    """Raise Problem when a text is empty, too long, or cannot be kept by every store."""
    if not content.strip():
        raise invalid({field: ["Say something."]})
    if len(content) > longest:
        raise invalid({field: [f"At most {longest} characters."]})
    # PostgreSQL's text cannot hold it; a message means the same on every store
    if "\0" in content:
        raise invalid({field: ["The character U+0000 is not allowed."]})
