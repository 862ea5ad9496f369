"""The nouns: who, where, what.

`gc=False` where thousands live at once: these hold no cycles, so the collector need not visit them.
"""

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody in a room. `number` is chat's own short key, `user_id` auth's immutable id, `username` the handle."""

    number: int
    user_id: str
    username: str


class Caller(msgspec.Struct, frozen=True):
    """Somebody as a token names them."""

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

    @property
    def participants(self) -> "tuple[Person, Person]":
        """Both."""
        return self.participant_a, self.participant_b

    def other(self, person: Person) -> Person:
        """Return the participant who is not this one."""
        return self.participant_b if self.participant_a.number == person.number else self.participant_a

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


class Rewrite(msgspec.Struct, frozen=True, gc=False):
    """An edit on its way to the store; without `content` a deletion. Times in microseconds since the epoch.

    `written_since`: the message must not be older than this.
    """

    room: Room
    author: Person
    message_id: int
    content: str | None
    at: int
    written_since: int = 0


class MarkMove(msgspec.Struct, frozen=True, gc=False):
    """A read mark on its way to the store."""

    room: Room
    reader: Person
    up_to_seq: int


Write = Draft | Rewrite | MarkMove
"""What passes the one queue."""


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stored message. `seq` counts 1, 2, 3 … in its room and is the only order; `sender` is a Person's number.

    Times in microseconds since the epoch. A deleted message has no content. The fields' order is the column order of
    the store's queries.
    """

    id: int
    room_id: int
    seq: int
    sender: int
    content: str
    created_at: int
    client_id: str | None
    is_read: bool = False
    edited_at: int | None = None
    deleted_at: int | None = None


class Posted(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a send. `duplicate`: this client_id had its message already, and this is that message.

    `change`: the number of the room's last change before it.
    """

    message: Message
    duplicate: bool
    change: int = 0

    @property
    def seq(self) -> int:
        """The room's last `seq` after it."""
        return self.message.seq


class Rewritten(msgspec.Struct, frozen=True, gc=False):
    """The outcome of an edit or a deletion: the message as it is now. `fresh`: it was not so before.

    `seq`, `change`: the room's last numbers after it.
    """

    message: Message
    fresh: bool
    seq: int
    change: int


class Mark(msgspec.Struct, frozen=True):
    """Up to where a member has read a room, and how many of the other one's newest 1,000 messages come after that."""

    last_read_seq: int
    unread: int


class MarkMoved(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a read mark. `fresh`: it moved. `seq`, `change`: the room's last numbers after it."""

    reader: Person
    mark: Mark
    fresh: bool
    seq: int
    change: int


Done = Posted | Rewritten | MarkMoved
"""What became of a write that was not refused."""


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
    seq: int
    change: int


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """Up to where somebody has read a room; `person` is a Person's number."""

    person: int
    last_read_seq: int


class Standing(msgspec.Struct, frozen=True):
    """Where a room stands as one of its members sees it: its last numbers, everybody's marks, what is unread."""

    room: Room
    seq: int
    change: int
    reads: list[Reading]
    unread: int


class Changes(msgspec.Struct, frozen=True):
    """What happened in a room after a point: messages as they are now, and marks that moved.

    Messages from before that point come first, in the order of their changes, then new ones by `seq`. `seq`, `change`:
    the point after it; `more`: there is more after that.
    """

    messages: list[Message]
    reads: list[Reading]
    seq: int
    change: int
    more: bool


class Page(msgspec.Struct, frozen=True):
    """A slice of a room's history, oldest first; `older` and `newer` tell whether there is more on each side."""

    messages: list[Message]
    older: bool
    newer: bool
