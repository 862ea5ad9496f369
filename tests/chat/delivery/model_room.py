"""A room that is a few lists, and connections to it: the real gate and the real frames without input or output.

What the server does between two waits is one method here, so that a test can put anything in between.
"""

import itertools
import json
from typing import Any

import msgspec

from duologue.chat.delivery.subscription import Subscription, Verdict
from duologue.chat.frames import event_frame, room_state, sync_frame
from duologue.chat.model import (
    Changes,
    Done,
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
from tests.chat.people import NOON
from tests.rig.v1_state import RoomCopy

EPOCH = "model"
PEOPLE = (Person(1, "1", "alice"), Person(2, "2", "bob"))
ROOM = Room(7, *PEOPLE, NOON)


class ModelRoom:
    """What is durable. Each write returns what the store would say of it; None where nothing changed."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.first_words: list[str] = []
        self.changed: dict[int, int] = {}
        self.marks = {person.number: (0, 0) for person in PEOPLE}
        self.change = 0

    @property
    def head(self) -> tuple[int, int]:
        """The last numbers."""
        return len(self.messages), self.change

    def post(self, sender: Person, client_id: str, content: str) -> Posted:
        """Store a message, once."""
        for message in self.messages:
            if (message.sender, message.client_id) == (sender.number, client_id):
                return Posted(message, duplicate=True)
        seq = len(self.messages) + 1
        message = Message(100 + seq, ROOM.id, seq, sender.number, content, NOON + seq, client_id)
        self.messages.append(message)
        self.first_words.append(content)
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

    def rows(self) -> list[dict[str, Any]]:
        """Return the room as the judge of histories wants it: with the words that were sent."""
        return [
            {"id": m.id, "seq": m.seq, "room": ROOM.id, "sender_id": ROOM.username_of(m.sender), "content": words,
             "client_id": m.client_id, "timestamp": ""}
            for m, words in zip(self.messages, self.first_words, strict=True)
        ]  # fmt: skip


class Connection:
    """One v1 connection: the gate, the page that is being read, and the client behind it."""

    numbers = itertools.count(1)

    def __init__(self, gate: Subscription, client: RoomCopy) -> None:
        self.lane = f"connection {next(self.numbers)}"
        self.gate = gate
        self.client = client
        self.kept = client.cursor
        self.greeted = False
        self.page: Changes | None = None
        self.said: list[dict[str, Any]] = []

    def greet(self, standing: Standing) -> None:
        """Say where the room stands and go live where nothing was missed, as Places does."""
        self.greeted = True
        head = (standing.seq, standing.change)
        at = head if self.kept is None else self.client.at
        self.client.begin(msgspec.to_builtins(room_state(EPOCH, standing, 1, at, [])))
        if at == head:
            self._hear(self.gate.caught_up(*at, more=False))
        else:
            self.gate.stand_at(*at)

    def fetch(self, room: ModelRoom, limit: int) -> None:
        """Read a page; what happens before it is handed over comes in between."""
        self.page = room.changes(self.gate.seq, self.gate.change, limit)

    def hand_over(self) -> None:
        """Send the page, and what was held meanwhile."""
        assert self.page is not None
        page, self.page = self.page, None
        frames = [sync_frame(EPOCH, ROOM, page)]
        self._hear([*frames, *self.gate.caught_up(page.seq, page.change, more=page.more)])

    def offer(self, event: Done) -> None:
        """Something happened."""
        frame = event_frame(EPOCH, ROOM, event)
        if self.gate.offer(event, frame) is Verdict.PASS:
            self._hear([frame])

    def _hear(self, frames: list[bytes]) -> None:
        for frame in frames:
            said = json.loads(frame)
            if said["type"] == "message":
                self.said.append(said)
            elif said["type"] == "sync":
                # also in the midst of a live connection that had missed something
                self.said += [message for message in said["messages"] if message["seq"] > self.client.at[0]]
            self.client.take(said)
