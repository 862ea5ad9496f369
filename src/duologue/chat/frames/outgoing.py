"""What a client hears in the v1 dialect. Each function returns a frame's JSON."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import asdict

from duologue.chat.cursors import cursor
from duologue.chat.frames.states import Limits, MessageState, ReadState, RoomState, changes_out
from duologue.chat.model import Changes, Done, MarkMoved, Message, Posted, Rewritten, Room
from duologue.chat.wire import encode, message_frame, timestamp


class _Sync(msgspec.Struct, frozen=True, tag="sync"):
    room: int
    messages: list[MessageState]
    reads: list[ReadState]
    cursor: str
    more: bool


class _Ack(msgspec.Struct, frozen=True, gc=False, tag="ack"):
    client_id: str | msgspec.UnsetType
    room: int
    id: int
    seq: int
    timestamp: str
    duplicate: bool


class _Edited(msgspec.Struct, frozen=True, tag="edited"):
    room: int
    id: int
    seq: int
    sender_id: str
    username: str
    message: str
    content: str
    edited_at: str
    cursor: str


class _Deleted(msgspec.Struct, frozen=True, tag="deleted"):
    room: int
    id: int
    seq: int
    sender_id: str
    username: str
    deleted_at: str
    cursor: str


class _Read(msgspec.Struct, frozen=True, tag="read"):
    room: int
    username: str
    up_to_seq: int
    cursor: str


def sync_frame(epoch: str, room: Room, changes: Changes) -> bytes:
    """Return the frame's JSON for a page of what was missed."""
    out = changes_out(epoch, room, changes)
    return encode(_Sync(room.id, out.messages, out.reads, out.cursor, out.more))


def ack_frame(room: Room, message: Message, client_id: str | None, *, duplicate: bool) -> bytes:
    """Return the frame's JSON that answers one sender."""
    name = msgspec.UNSET if client_id is None else client_id
    return encode(_Ack(name, room.id, message.id, message.seq, timestamp(message.created_at), duplicate))


def event_frame(epoch: str, room: Room, event: Done, payload: bytes | None = None) -> bytes:
    """Return the frame's JSON: made once for all v1 sockets of the room. `payload`: the plain frame, if it is there."""
    if isinstance(event, Posted):
        # the plain frame and one key more: encoding the message twice would cost more than everything else here
        plain = message_frame(room, event.message) if payload is None else payload
        return plain[:-1] + f',"cursor":"{cursor(epoch, room.id, event.message.seq, event.change)}"}}'.encode()
    after = cursor(epoch, room.id, event.seq, event.change)
    match event:
        case Rewritten(message):
            return _rewritten_frame(room, message, after)
        case MarkMoved(reader, mark):
            return encode(_Read(room.id, reader.username, mark.last_read_seq, after))


def _rewritten_frame(room: Room, message: Message, after: str) -> bytes:
    username = room.username_of(message.sender)
    if message.deleted_at is not None:
        deleted_at = timestamp(message.deleted_at)
        return encode(_Deleted(room.id, message.id, message.seq, username, username, deleted_at, after))
    return encode(
        _Edited(
            room.id,
            message.id,
            message.seq,
            username,
            username,
            message.content,
            message.content,
            timestamp(message.edited_at or 0),
            after,
        )
    )


class _Typing(msgspec.Struct, frozen=True, tag="typing"):
    room: int
    username: str
    state: str
    expires_in_ms: int


class _Presence(msgspec.Struct, frozen=True, tag="presence"):
    username: str
    online: bool


def typing_frame(room_id: int, username: str, state: str, expires_in_ms: int) -> bytes:
    """Return the frame's JSON."""
    return encode(_Typing(room_id, username, state, expires_in_ms))


def presence_frame(username: str, *, online: bool) -> bytes:
    """Return the frame's JSON."""
    return encode(_Presence(username, online))


class _Rooms(msgspec.Struct, frozen=True, tag="rooms"):
    rooms: Sequence[RoomState]


class _Ready(msgspec.Struct, frozen=True, tag="ready"):
    user: str
    expires_at: str
    limits: Limits


class _ReadyInRoom(RoomState, frozen=True, tag="ready", kw_only=True):
    user: str
    expires_at: str
    limits: Limits


class _Resync(msgspec.Struct, frozen=True, tag="resync"):
    room: int
    reason: str
    cursor: str


class _Auth(msgspec.Struct, frozen=True, tag="auth"):
    expires_at: str


class _TokenExpiring(msgspec.Struct, frozen=True, tag="token_expiring"):
    expires_at: str


def ready_frame(username: str, expires: int, limits: Limits, state: RoomState | None) -> bytes:
    """Return the frame's JSON, with the state of the one room. `expires` in seconds since the epoch."""
    expires_at = timestamp(expires * 1_000_000)
    if state is None:
        return encode(_Ready(username, expires_at, limits))
    return encode(_ReadyInRoom(**asdict(state), user=username, expires_at=expires_at, limits=limits))


def rooms_frame(states: Sequence[RoomState]) -> bytes:
    """Return the frame's JSON."""
    return encode(_Rooms(states))


def resync_frame(room_id: int, reason: str, head: str) -> bytes:
    """Return the frame's JSON."""
    return encode(_Resync(room_id, reason, head))


def auth_frame(expires: int) -> bytes:
    """Return the frame's JSON. `expires` in seconds since the epoch."""
    return encode(_Auth(timestamp(expires * 1_000_000)))


def token_expiring_frame(expires: int) -> bytes:
    """Return the frame's JSON. `expires` in seconds since the epoch."""
    return encode(_TokenExpiring(timestamp(expires * 1_000_000)))
