"""How things stand: what frames of v1 and answers of REST have in common."""

import msgspec

from duologue.chat.cursors import cursor
from duologue.chat.model import Changes, Message, Reading, Room, Standing
from duologue.chat.settings import ChatSettings
from duologue.chat.wire import MessageOut, optional_timestamp, timestamp


class ReadState(msgspec.Struct, frozen=True):
    """Up to where somebody has read."""

    username: str
    up_to_seq: int


class RoomState(msgspec.Struct, frozen=True):
    """A room when a connection begins. `syncing`: `sync` frames follow, from `cursor` on."""

    room: int
    participant_a: str
    participant_b: str
    created_at: str
    cursor: str
    syncing: bool
    head_seq: int
    last_read_seq: int
    unread: int
    reads: list[ReadState]
    online: list[str]


class MessageState(MessageOut, frozen=True, gc=False, kw_only=True):
    """A message as it is now, with its place."""

    seq: int


class ChangesOut(msgspec.Struct, frozen=True):
    """Answer of `GET /api/chat/rooms/{id}/changes`."""

    messages: list[MessageState]
    reads: list[ReadState]
    cursor: str
    more: bool


def room_state(epoch: str, standing: Standing, me: int, at: tuple[int, int], online: list[str]) -> RoomState:
    """Return the state of a room for the person with the number `me`, whose connection stands `at` (seq, change)."""
    room = standing.room
    mine = next((read.last_read_seq for read in standing.reads if read.person == me), 0)
    return RoomState(
        room.id,
        room.participant_a.username,
        room.participant_b.username,
        timestamp(room.created_at),
        cursor(epoch, room.id, *at),
        at != (standing.seq, standing.change),
        standing.seq,
        mine,
        standing.unread,
        read_states(room, standing.reads),
        online,
    )


def read_states(room: Room, reads: list[Reading]) -> list[ReadState]:
    """Return the wire form of marks."""
    return [ReadState(room.username_of(read.person), read.last_read_seq) for read in reads]


def message_state(room: Room, message: Message) -> MessageState:
    """Return the wire form of a message with its place."""
    return MessageState(
        message.id,
        room.id,
        room.username_of(message.sender),
        message.content,
        timestamp(message.created_at),
        message.is_read,
        message.client_id,
        optional_timestamp(message.edited_at),
        optional_timestamp(message.deleted_at),
        seq=message.seq,
    )


def changes_out(epoch: str, room: Room, changes: Changes) -> ChangesOut:
    """Return the wire form of what happened."""
    return ChangesOut(
        [message_state(room, message) for message in changes.messages],
        read_states(room, changes.reads),
        cursor(epoch, room.id, changes.seq, changes.change),
        changes.more,
    )


class Limits(msgspec.Struct, frozen=True):
    """What a client may do here."""

    message_characters: int
    frame_bytes: int
    sends_per_second: float
    sends_burst: int
    signals_per_second: float
    signals_burst: int
    edit_seconds: int
    sockets_per_user: int

    @classmethod
    def of(cls, settings: ChatSettings) -> "Limits":
        """Return what these settings allow."""
        return cls(**{name: getattr(settings, name) for name in cls.__struct_fields__})
