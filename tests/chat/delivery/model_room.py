"""A room that is a few lists."""

import functools
import json

import msgspec

from duologue.chat.frames import sync_frame
from duologue.chat.model import (
    Changes,
    Mark,
    MarkMoved,
    Message,
    Person,
    Posted,
    Reading,
    Rewritten,
    Room,
    Standing,
)
from duologue.verify.history import Attempt, Row, row_of
from tests.chat.people import NOON

EPOCH = "model"
PEOPLE = (Person(1, "1", "alice"), Person(2, "2", "bob"))
ROOM = Room(7, *PEOPLE, NOON)


class ModelRoom:
    """What is durable, and what waits for it. Each write returns what the store would say of it.

    `waiting`: what has come in over sockets, in the order in which it came.
    """

    def __init__(self) -> None:
        self.waiting: list[Attempt] = []
        self.messages: list[Message] = []
        self.changed: dict[int, int] = {}
        self.marks = {person.number: (0, 0) for person in PEOPLE}
        self.change = 0

    @property
    def head(self) -> tuple[int, int]:
        """The last numbers."""
        return len(self.messages), self.change

    def take(self) -> list[Attempt]:
        """Take all that waits, to store it in this order."""
        taken, self.waiting = self.waiting, []
        return taken

    def post(self, sender: Person, client_id: str, content: str) -> Posted:
        """Store a message, once."""
        for message in self.messages:
            if (message.sender, message.client_id) == (sender.number, client_id):
                return Posted(message, duplicate=True)
        seq = len(self.messages) + 1
        message = Message(100 + seq, ROOM.id, seq, sender.number, content, NOON + seq, client_id)
        self.messages.append(message)
        return Posted(message, duplicate=False, change=self.change)

    def rewrite(self, seq: int, content: str | None) -> Rewritten | None:
        """Edit or delete a message."""
        message = self.messages[seq - 1]
        if message.deleted_at is not None or message.content == content:
            return None
        self.change += 1
        at = NOON + 10**6 + self.change
        times = {"deleted_at": at} if content is None else {"edited_at": at}
        message = msgspec.structs.replace(message, content=content or "", **times)
        self.messages[seq - 1] = message
        self.changed[seq] = self.change
        return Rewritten(message, fresh=True, seq=len(self.messages), change=self.change)

    def read(self, reader: Person, seq: int) -> MarkMoved | None:
        """Move a mark."""
        seq = min(seq, len(self.messages))
        if seq <= self.marks[reader.number][0]:
            return None
        self.change += 1
        self.marks[reader.number] = (seq, self.change)
        return MarkMoved(reader, Mark(seq, 0), fresh=True, seq=len(self.messages), change=self.change)

    def changes(self, seq: int, change: int, limit: int) -> Changes:
        """Return a page as the store gives it."""
        assert (seq, change) <= self.head
        rewritten = sorted((number, at) for at, number in self.changed.items() if number > change and at <= seq)
        more = len(rewritten) > limit
        rewritten = rewritten[:limit]
        last_change = rewritten[-1][0] if more else self.change
        new = [] if more else self.messages[seq : seq + limit - len(rewritten)]
        reads = [Reading(who, mark) for who, (mark, moved) in self.marks.items() if change < moved <= last_change]
        last_seq = seq + len(new)
        messages = [*(self.messages[at - 1] for _, at in rewritten), *new]
        return Changes(messages, reads, last_seq, last_change, more=more or last_seq < len(self.messages))

    def standing(self) -> Standing:
        """Return where it stands."""
        reads = [Reading(who, mark) for who, (mark, _) in self.marks.items()]
        return Standing(ROOM, *self.head, reads, 0)

    def rows(self) -> list[Row]:
        """Return the room as the judge of histories wants it."""
        return [_row(message) for message in self.messages]

    def look(self) -> list[Row]:
        """Return what somebody is shown who asks now."""
        return self.rows()


@functools.lru_cache(10_000)
def _row(message: Message) -> Row:
    page = Changes([message], [], message.seq, 0, more=False)
    return row_of(json.loads(sync_frame(EPOCH, ROOM, page))["messages"][0])
