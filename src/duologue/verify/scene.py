"""What all parts of a run share: the people, the rooms, the counters, the history."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from duologue.verify.address import Address
from duologue.verify.history import History

if TYPE_CHECKING:
    from duologue.verify.people import Person

MOST_ATTEMPTS = 200_000
"""Sends in one run: the history of that many fits into some hundred megabytes."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room of two of our people; `cursor` is its beginning."""

    id: int
    pair: Sequence["Person"]
    cursor: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server allows each person, as its greeting says."""

    message_characters: int
    sends_per_second: float
    signals_per_second: float


@dataclass
class Scene:
    """One run. `enough`: from now on nothing new is said, what is unanswered is said again until it is answered.

    `loud_until`: until then messages are long, to fill what waits for a reader that has stalled.
    """

    address: Address
    seed: int
    history: History = field(default_factory=History)
    people: list["Person"] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)
    loud_until: float = 0.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    greeted: asyncio.Event = field(default_factory=asyncio.Event)
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    closes: Counter[int] = field(default_factory=Counter)
    limits: Limits = field(default_factory=lambda: Limits(1000, 5.0, 5.0))
    when_acknowledged: Callable[[int, int, int | None], None] = lambda room, message_id, seq: None

    def learn(self, limits: Mapping[str, Any]) -> None:
        """Take the limits of a greeting."""
        self.limits = Limits(
            limits["message_characters"], float(limits["sends_per_second"]), float(limits["signals_per_second"])
        )
        self.greeted.set()

    def complain(self, text: str) -> None:
        """Note what no client may ever be told; a server that says it a thousand times has said it once."""
        if len(self.history.complaints) < 100:
            self.history.complaints.append(text)
