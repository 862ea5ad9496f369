"""Judges a history: what was sent and answered, what each socket heard, what the room holds in the end.

The checks: C1 no loss, C2 no double, C3 no phantom, C4 dense, C5 each socket hears +1, C6 each socket hears what the
room holds, C7 what was answered before another began comes first, C9 one sender's order stays. (C8, reading one's own
writes, concerns several servers.)
"""

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["unknown", "ok", "fail"]
Message = Mapping[str, Any]
"""A message as the API shows it; in a final history `seq` is added."""


@dataclass
class Attempt:
    """One try to send: `lane` is the connection it went over. Times in nanoseconds; `unknown` until an answer came."""

    lane: str
    room: int
    sender: str
    client_id: str
    content: str
    began: int
    outcome: Outcome = "unknown"
    ended: int | None = None
    message: Message | None = None

    def answered(self, message: Message) -> None:
        """The acknowledgement is here."""
        self.outcome, self.ended, self.message = "ok", time.monotonic_ns(), message

    def refused(self) -> None:
        """It was said for certain that nothing was stored."""
        self.outcome, self.ended = "fail", time.monotonic_ns()


@dataclass
class History:
    """Everything that happened. `heard`: by lane, the message frames in their order. `final`: by room, oldest first."""

    attempts: list[Attempt] = field(default_factory=list)
    heard: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    final: dict[int, list[Message]] = field(default_factory=dict)

    def begin(self, lane: str, room: int, sender: str, client_id: str, content: str) -> Attempt:
        """Note that a send is about to leave."""
        attempt = Attempt(lane, room, sender, client_id, content, time.monotonic_ns())
        self.attempts.append(attempt)
        return attempt

    def verdict(self) -> list[str]:
        """Return every violation, each with the name of its check; an empty list is a sound history."""
        return [complaint for check in _CHECKS for complaint in check(self)]


Key = tuple[int, str, str]


def _key(room: int, row: Message) -> Key:
    return room, row["sender_id"], row.get("client_id", "")


def _rows(history: History) -> dict[Key, Message]:
    return {_key(room, row): row for room, rows in history.final.items() for row in rows}


def _acknowledged(history: History) -> Iterator[tuple[Attempt, Message]]:
    for attempt in history.attempts:
        if attempt.outcome == "ok":
            assert attempt.message is not None
            yield attempt, attempt.message


def _no_loss(history: History) -> Iterator[str]:
    rows = _rows(history)
    for attempt, message in _acknowledged(history):
        row = rows.get((attempt.room, attempt.sender, attempt.client_id))
        if row is None:
            yield f"C1 lost: {attempt.client_id} by {attempt.sender} in room {attempt.room}"
        elif (row["content"], row["id"]) != (attempt.content, message["id"]):
            yield f"C1 changed: {attempt.client_id} was answered {message}, the room holds {row}"


def _no_double(history: History) -> Iterator[str]:
    for room, rows in history.final.items():
        for name, count in Counter(_key(room, row) for row in rows).items():
            if count > 1:
                yield f"C2 stored {count} times: {name}"
        for what in ("seq", "id"):
            for number, count in Counter(row[what] for row in rows).items():
                if count > 1:
                    yield f"C2 {what} {number} given {count} times in room {room}"


def _no_phantom(history: History) -> Iterator[str]:
    sent = {(a.room, a.sender, a.client_id, a.content) for a in history.attempts if a.outcome != "fail"}
    for room, rows in history.final.items():
        for row in rows:
            if (*_key(room, row), row["content"]) not in sent:
                yield f"C3 nobody sent {row} in room {room}"


def _dense(history: History) -> Iterator[str]:
    for room, rows in history.final.items():
        numbers = [row["seq"] for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            yield f"C4 room {room} is not 1 to {len(rows)}: {_first_break(numbers)}"


def _first_break(numbers: Sequence[int]) -> str:
    for expected, found in enumerate(numbers, start=1):
        if expected != found:
            return f"{found} stands where {expected} should"
    return "none"


def _each_socket_steps_by_one(history: History) -> Iterator[str]:
    for lane, frames in history.heard.items():
        for before, after in itertools.pairwise(frame["seq"] for frame in frames):
            if after != before + 1:
                yield f"C5 {lane} heard {after} after {before}"


def _each_socket_hears_the_room(history: History) -> Iterator[str]:
    for lane, frames in history.heard.items():
        for frame in frames:
            rows = history.final.get(frame["room"], [])
            row = rows[frame["seq"] - 1] if 0 < frame["seq"] <= len(rows) else None
            if row is None or any(frame.get(name) != row.get(name) for name in _SHARED):
                yield f"C6 {lane} heard {frame}, the room holds {row}"


_SHARED = ("id", "seq", "sender_id", "content", "timestamp", "client_id")


def _real_time_order(history: History) -> Iterator[str]:
    """What was acknowledged before another send began has the smaller number."""
    rows = _rows(history)
    for room in history.final:
        ok = [a for a, _ in _acknowledged(history) if a.room == room and (room, a.sender, a.client_id) in rows]
        first = {(a.sender, a.client_id): a for a in reversed(ok)}
        began = _first_began(history, room)
        ended = sorted((a.ended or 0, rows[room, *name]["seq"]) for name, a in first.items())
        latest, position = 0, 0
        for name in sorted(first, key=began.__getitem__):
            while position < len(ended) and ended[position][0] < began[name]:
                latest, position = max(latest, ended[position][1]), position + 1
            seq = rows[room, *name]["seq"]
            if seq < latest:
                yield f"C7 {name} has seq {seq} in room {room}, but began after {latest} was answered"


def _first_began(history: History, room: int) -> dict[tuple[str, str], int]:
    began: dict[tuple[str, str], int] = {}
    for attempt in history.attempts:
        if attempt.room == room:
            began.setdefault((attempt.sender, attempt.client_id), attempt.began)
    return began


def _senders_order(history: History) -> Iterator[str]:
    """Sends over one connection stand in the order they left; a second try has its own place."""
    rows, tried = _rows(history), set[Key]()
    latest: dict[tuple[str, int], int] = {}
    for attempt in history.attempts:
        name = (attempt.room, attempt.sender, attempt.client_id)
        again, row = name in tried, rows.get(name)
        tried.add(name)
        if again or row is None or attempt.outcome != "ok":
            continue
        lane = (attempt.lane, attempt.room)
        if row["seq"] < latest.get(lane, 0):
            yield f"C9 {attempt.client_id} has seq {row['seq']}, but left {attempt.lane} after {latest[lane]}"
        latest[lane] = max(latest.get(lane, 0), row["seq"])


_CHECKS = (
    _no_loss,
    _no_double,
    _no_phantom,
    _dense,
    _each_socket_steps_by_one,
    _each_socket_hears_the_room,
    _real_time_order,
    _senders_order,
)
