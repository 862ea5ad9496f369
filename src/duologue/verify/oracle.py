"""Judges a history. The judge is judged too: tests/verify/test_oracle.py does each wrong to a sound history."""

from collections.abc import Callable, Iterator
from types import MappingProxyType

from duologue.verify import keeping, places, streams
from duologue.verify.history import History
from duologue.verify.ledger import Ledger

CHECKS = MappingProxyType(
    {
        "C1": "no loss: every acknowledged message is stored, as it was sent",
        "C2": "no double: every message is stored once, every number given once",
        "C3": "no phantom: nothing is stored that nobody sent",
        "C4": "dense: each room counts 1, 2, 3 … without a gap",
        "C5": "each stream steps by one from where it began, across all its connections",
        "C6": "each stream tells what the room holds",
        "C7": "real-time order: acknowledged before another began comes first",
        "C8": "read your writes: a fetch after the acknowledgement shows it",
        "C9": "one sender's order over one connection stays",
        "C10": "converges: what a stream adds up to is what a fetch shows",
        "C11": "changes kept: acknowledged edits, deletions and read marks are there",
        "C12": "protocol kept: all is answered, nothing is told or refused without a reason",
    }
)

_JUDGES: tuple[Callable[[Ledger], Iterator[str]], ...] = (
    places.no_loss,
    places.no_double,
    places.no_phantom,
    places.dense,
    streams.each_stream_steps_by_one,
    streams.each_stream_tells_the_room,
    places.real_time_order,
    streams.read_your_writes,
    places.senders_order,
    streams.converges,
    keeping.changes_are_kept,
    keeping.marks_are_kept,
    keeping.protocol_is_kept,
)


def verdict(history: History) -> list[str]:
    """Return every violation, each beginning with the name of its check; an empty list is a sound history."""
    ledger = Ledger(history)
    return [complaint for judge in _JUDGES for complaint in judge(ledger)]


def check_of(violation: str) -> str:
    """Return the name of the check that found it."""
    return violation.partition(" ")[0]
