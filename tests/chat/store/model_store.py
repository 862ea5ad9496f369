"""A store that is a few lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from duologue.chat.model import Draft, MarkMove, MarkMoved, Message, Posted, Rewrite, Rewritten, Room, Write
from duologue.chat.store.api import (
    ClientIdReusedError,
    MessageDeletedError,
    NoSuchMessageError,
    NotAMemberError,
    NotTheAuthorError,
    Outcome,
    TooLateError,
)
from tests.chat.people import NOON

Facts = tuple[object, ...]


@dataclass
class Kept:
    """A message. `first`: the words that were sent; without `content` it is deleted."""

    seq: int
    sender: int
    client_id: str | None
    first: str
    content: str | None
    edited_at: int | None = None
    deleted_at: int | None = None
    changed: int = 0
    id: int = 0
    """As the store said: the model cannot know it."""

    def facts(self) -> Facts:
        """Return what there is to see."""
        return self.seq, self.sender, self.client_id, self.content or "", self.edited_at, self.deleted_at


@dataclass
class KeptRoom:
    """A room. `marks`: by member, up to where it has read, and which change that was."""

    room: Room
    messages: list[Kept] = field(default_factory=list)
    marks: dict[int, tuple[int, int]] = field(default_factory=dict)
    change: int = 0

    def __post_init__(self) -> None:
        self.marks = {member.number: (0, 0) for member in self.room.participants}

    def unread(self, reader: int) -> int:
        """Count what the other one said after this one's mark."""
        return sum(
            message.sender != reader and message.deleted_at is None and message.seq > self.marks[reader][0]
            for message in self.messages
        )

    def is_read(self, message: Kept) -> bool:
        """Tell whether the one who did not write it has read it."""
        return any(message.seq <= seq for who, (seq, _) in self.marks.items() if who != message.sender)

    def post(self, draft: Draft) -> Facts:
        """Store a message."""
        key = (draft.client_id, draft.sender.number)
        for message in self.messages:
            if draft.client_id is not None and (message.client_id, message.sender) == key:
                if message.deleted_at is None and message.first != draft.content:
                    return (ClientIdReusedError,)
                return Posted, True, message.facts()
        content = draft.content
        message = Kept(len(self.messages) + 1, draft.sender.number, draft.client_id, content, content)
        self.messages.append(message)
        return Posted, False, message.facts(), self.change

    def rewrite(self, wanted: Rewrite) -> Facts:
        """Edit or delete a message."""
        message = next((each for each in self.messages if each.id == wanted.message_id), None)
        if message is None:
            return (NoSuchMessageError,)
        if message.sender != wanted.author.number:
            return (NotTheAuthorError,)
        if message.deleted_at is not None and wanted.content is not None:
            return (MessageDeletedError,)
        fresh = message.content != wanted.content
        if fresh and wanted.written_since > NOON:
            return (TooLateError,)
        if fresh:
            self.change += 1
            message.changed, message.content = self.change, wanted.content
            if wanted.content is None:
                message.deleted_at = wanted.at
            else:
                message.edited_at = wanted.at
        return Rewritten, fresh, message.facts(), len(self.messages), self.change

    def move(self, wanted: MarkMove) -> Facts:
        """Move a mark."""
        who, seq = wanted.reader.number, min(wanted.up_to_seq, len(self.messages))
        fresh = seq > self.marks[who][0]
        if fresh:
            self.change += 1
            self.marks[who] = (seq, self.change)
        return MarkMoved, fresh, who, self.marks[who][0], self.unread(who), len(self.messages), self.change


class ModelStore:
    """All rooms; `kind` says how each is kept."""

    def __init__(self, rooms: Sequence[Room], kind: type[KeptRoom] = KeptRoom) -> None:
        self.rooms = {room.id: kind(room) for room in rooms}

    def apply(self, writes: Sequence[Write]) -> list[Facts]:
        """Store a batch and return what the store must say of each: all messages come before all changes."""
        said = {at: self._one(write) for at, write in enumerate(writes) if isinstance(write, Draft)}
        said |= {at: self._one(write) for at, write in enumerate(writes) if at not in said}
        return [said[at] for at in range(len(writes))]

    def _one(self, write: Write) -> Facts:
        room = self.rooms[write.room.id]
        match write:
            case Draft(sender=who) | Rewrite(author=who) | MarkMove(reader=who) if who.number not in room.marks:
                return (NotAMemberError,)
            case Draft():
                return room.post(write)
            case Rewrite():
                return room.rewrite(write)
            case MarkMove():
                return room.move(write)

    def learn_id(self, message: Message) -> None:
        """Take the id that the store gave to a message; it stays."""
        kept = self.rooms[message.room_id].messages[message.seq - 1]
        assert kept.id in (0, message.id)
        kept.id = message.id


def seen(message: Message) -> Facts:
    """Return the same facts of a message of the store's."""
    return message.seq, message.sender, message.client_id, message.content, message.edited_at, message.deleted_at


def facts_of(outcome: Outcome) -> Facts:
    """Return the same facts of an outcome of the store's."""
    match outcome:
        case Posted(message, duplicate=True):
            return Posted, True, seen(message)
        case Posted(message, duplicate=False, change=change):
            return Posted, False, seen(message), change
        case Rewritten(message, fresh, seq, change):
            return Rewritten, fresh, seen(message), seq, change
        case MarkMoved(reader, mark, fresh, seq, change):
            return MarkMoved, fresh, reader.number, mark.last_read_seq, mark.unread, seq, change
        case _:
            return (type(outcome),)


def writes_something(facts: Sequence[Facts]) -> bool:
    """Tell whether any of these changed the store."""
    return any(each[:2] in ((Posted, False), (Rewritten, True), (MarkMoved, True)) for each in facts)
