"""What the server tells about: messages, rooms, marks. Keys that are not listed here are passed over."""

from datetime import datetime

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "sender_id", "text": "content"}):
    """A message in its present state.

    `seq` is its place in the room, 1, 2, 3 … without a gap, and the only order; `timestamp` (UTC) is for display.
    `text` is empty when `deleted_at` is set. `is_read` is what held when the server told it. In the list of rooms
    the server does not tell the `seq`: there it is 0.
    """

    id: int
    room: int
    sender: str
    text: str
    timestamp: datetime
    seq: int = 0
    is_read: bool = False
    client_id: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A room of two people."""

    id: int
    participant_a: str
    participant_b: str
    created_at: datetime

    def other(self, username: str) -> str:
        """Return the participant who is not `username`."""
        return self.participant_b if username == self.participant_a else self.participant_a


class RoomInList(Room, frozen=True, kw_only=True):
    """A room in the list of one's rooms.

    `unread` counts the other one's messages after `last_read_seq` that were not taken back, among the newest 1,000 of
    the room.
    """

    unread: int
    last_read_seq: int
    last_message: Message | None = None


class Mark(msgspec.Struct, frozen=True):
    """Up to where somebody has read."""

    username: str
    up_to_seq: int


class ReadState(msgspec.Struct, frozen=True):
    """Where one's own mark is, and how much of the other one's is after it, among the newest 1,000 messages."""

    last_read_seq: int
    unread: int


class Limits(msgspec.Struct, frozen=True):
    """The server's bounds; None for one that it did not name. Sends count per person, over all sockets."""

    message_characters: int | None = None
    frame_bytes: int | None = None
    sends_per_second: float | None = None
    sends_burst: int | None = None
    signals_per_second: float | None = None
    signals_burst: int | None = None
    edit_seconds: float | None = None
    sockets_per_user: int | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what happened in a room since a cursor: whole messages in their present state, moved marks.

    `cursor` is where the next page begins; `more` says whether there is one.
    """

    messages: list[Message]
    cursor: str
    reads: list[Mark] = []
    more: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """A message, an edit or a deletion that the server has stored durably.

    `duplicate`: it was so already, an earlier try had arrived.
    """

    room: int
    id: int
    seq: int
    client_id: str
    duplicate: bool
