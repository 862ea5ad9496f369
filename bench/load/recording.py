"""What one seat sent and heard, and when: the client's only product, judged when the run is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.load.plans import Seat

_FILLER = "the quick brown fox jumps over the lazy dog and then over the moon, "


@dataclass(slots=True)
class Recording:
    """Moments are of `time.perf_counter`: `sent_at` of each message, `moments` of each frame in `frames`."""

    seat: Seat
    tail: str
    sent_at: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    acknowledged: int = 0
    lost: bool = False

    @property
    def mark(self) -> str:
        """What every message of this seat begins with."""
        return mark_of(self.seat)

    def text(self, number: int) -> str:
        """Return the words of this seat's message with this number, from 0."""
        return f"{self.mark}{number:08d}{self.tail}"


def mark_of(seat: Seat) -> str:
    """Return the seven characters that tell who sent a message."""
    return f"#{seat.number:05d}."


def tail_of(characters: int) -> str:
    """Return what follows mark and number, so that a message has `characters` in all."""
    size = characters - len("#00000.00000000 ")
    return " " + (_FILLER * (size // len(_FILLER) + 1))[: max(0, size)]
