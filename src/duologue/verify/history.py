"""What was sent and answered, what each stream heard, what the rooms hold in the end. Times in nanoseconds."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Outcome = Literal["unknown", "ok", "fail"]
_KEPT_WHOLE, _KEPT_BEGINNING = 100, 40


def kept(words: str) -> str:
    """Return words as the history keeps them: of long ones the beginning and a digest, so that memory stays bounded."""
    if len(words) <= _KEPT_WHOLE:
        return words
    return f"{words[:_KEPT_BEGINNING]}… ({len(words)}, {hashlib.blake2b(words.encode(), digest_size=16).hexdigest()})"


class Row(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message as somebody heard it or as the room holds it. Of a deleted one the words are empty."""

    id: int
    seq: int
    room: int
    sender: str
    client_id: str
    content: str
    timestamp: str
    edited_at: str = ""
    deleted_at: str = ""

    def __str__(self) -> str:
        words = f"deleted {self.deleted_at}" if self.deleted_at else repr(self.content)
        edited = f", edited {self.edited_at}" if self.edited_at else ""
        return f"<{self.client_id} by {self.sender}: id {self.id}, seq {self.seq}, {words}{edited}>"


def row_of(document: Mapping[str, Any], seq: int | None = None) -> Row:
    """Return the row in a frame or in an answer of REST; `seq` where the document does not say it."""
    return Row(
        id=document["id"],
        seq=document["seq"] if seq is None else seq,
        room=document["room"],
        sender=document["sender_id"],
        client_id=document.get("client_id") or "",
        content=kept(document["content"]),
        timestamp=document["timestamp"],
        edited_at=document.get("edited_at") or "",
        deleted_at=document.get("deleted_at") or "",
    )


@dataclass(slots=True, kw_only=True)
class Try:
    """One request to change something: `lane` is the connection it went over. `unknown` until an answer came."""

    lane: str
    room: int
    began: int = field(default_factory=time.monotonic_ns)
    outcome: Outcome = "unknown"
    ended: int | None = None

    def accepted(self) -> None:
        """The acknowledgement is here."""
        self.outcome, self.ended = "ok", time.monotonic_ns()

    def refused(self) -> None:
        """It was said for certain that nothing was stored."""
        self.outcome, self.ended = "fail", time.monotonic_ns()


@dataclass(slots=True, kw_only=True)
class Attempt(Try):
    """One try to send. `id`, and `seq` where the answer has it, are what was acknowledged."""

    sender: str
    client_id: str
    content: str
    id: int | None = None
    seq: int | None = None

    def answered(self, message_id: int, seq: int | None = None) -> None:
        """Note what was acknowledged."""
        self.id, self.seq = message_id, seq
        self.accepted()


@dataclass(slots=True, kw_only=True)
class Change(Try):
    """One try to edit a message, or without `content` to delete it."""

    id: int
    sender: str
    client_id: str
    content: str | None


@dataclass(slots=True, kw_only=True)
class Mark(Try):
    """One try to move a read mark. `told`: where the answer said that it is."""

    username: str
    up_to_seq: int
    told: int | None = None


@dataclass(slots=True, kw_only=True)
class Sight:
    """What a participant was shown who asked for a message after its acknowledgement; None: it was not there."""

    by: str
    room: int
    id: int
    asked: int
    row: Row | None


@dataclass(slots=True)
class State:
    """A room as a stream of frames adds up to, or as a fetch shows it: messages by `seq`, marks by username."""

    rows: dict[int, Row] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)


@dataclass
class History:
    """Everything that happened.

    `heard`: by lane, new messages in the order they were told. `since`: by lane and room, the `seq` up to which it had
    everything when it began; nobody knows it of one that has no cursor. `folds`: by lane and room, what its frames
    add up to. `final` and `marks_at_last`: by room, fetched when all was quiet. `complaints`: what no client may ever
    be told.
    """

    attempts: list[Attempt] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    heard: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    since: dict[str, dict[int, int]] = field(default_factory=dict)
    folds: dict[str, dict[int, State]] = field(default_factory=dict)
    final: dict[int, list[Row]] = field(default_factory=dict)
    marks_at_last: dict[int, dict[str, int]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    _shared: dict[Row, Row] = field(default_factory=dict)

    def begin(self, lane: str, room: int, sender: str, client_id: str, content: str) -> Attempt:
        """Note that a send is about to leave."""
        attempt = Attempt(lane=lane, room=room, sender=sender, client_id=client_id, content=kept(content))
        self.attempts.append(attempt)
        return attempt

    def hear(self, lane: str, frame: Mapping[str, Any]) -> None:
        """Note a new message that a stream was told."""
        self.heard[lane].append(self.shared(row_of(frame)))

    def shared(self, row: Row) -> Row:
        """Return the one object for all rows that are equal: twenty readers of a message cost twenty references."""
        return self._shared.setdefault(row, row)
