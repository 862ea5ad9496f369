"""The nouns: who, where, what.

`gc=False` where thousands live at once: these hold no cycles, so the collector need not visit them.
"""

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody in a room. `number` is chat's own short key, `user_id` auth's immutable id, `username` the handle."""

    number: int
    user_id: str
    username: str


class Room(msgspec.Struct, frozen=True):
    """A conversation of two. `created_at` in microseconds since the epoch."""

    id: int
    participant_a: Person
    participant_b: Person
    created_at: int

    def member(self, user_id: str) -> Person | None:
        """Return the participant with this user id, or None for anybody else."""
        if self.participant_a.user_id == user_id:
            return self.participant_a
        if self.participant_b.user_id == user_id:
            return self.participant_b
        return None

    def username_of(self, number: int) -> str:
        """Return the handle of a participant by chat's short key."""
        return self.participant_a.username if self.participant_a.number == number else self.participant_b.username


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A message on its way to the store. `created_at` in microseconds since the epoch."""

    room: Room
    sender: Person
    content: str
    created_at: int
    client_id: str | None = None


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stored message. `seq` counts 1, 2, 3 … in its room and is the only order; `sender` is a Person's number.

    `created_at` in microseconds since the epoch. The fields' order is the column order of the store's queries.
    """

    id: int
    room_id: int
    seq: int
    sender: int
    content: str
    created_at: int
    client_id: str | None
    is_read: bool = False


class Posted(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a send. `duplicate`: this client_id had its message already, and this is that message."""

    message: Message
    duplicate: bool


class Summary(msgspec.Struct, frozen=True):
    """A room as one of its members sees it in a list.

    `activity` orders the list: it grows with every message of any room. `unread` counts the other one's messages after
    `last_read_seq`, among the newest 1,000.
    """

    room: Room
    activity: int
    last_read_seq: int
    unread: int
    last_message: Message | None


class Mark(msgspec.Struct, frozen=True):
    """Up to where a member has read a room, and how many of the other one's newest 1,000 messages come after that."""

    last_read_seq: int
    unread: int


class Page(msgspec.Struct, frozen=True):
    """A slice of a room's history, oldest first; `older` and `newer` tell whether there is more on each side."""

    messages: list[Message]
    older: bool
    newer: bool
