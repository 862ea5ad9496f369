"""Checks of edits, deletions and read marks, and of the protocol itself."""

from collections import Counter
from collections.abc import Iterator

from duologue.verify.history import Outcome
from duologue.verify.ledger import Ledger


def changes_are_kept(ledger: Ledger) -> Iterator[str]:
    """C11, edits and deletions: what was acknowledged is there, or something that came later."""
    for row in ledger.rows.values():
        missing = ledger.overwritten(row)
        if missing is not None:
            change = "deletion" if missing.content is None else "edit"
            yield f"C11 {change} lost: {missing.client_id} over {missing.lane} was acknowledged, the room holds {row}"


def marks_are_kept(ledger: Ledger) -> Iterator[str]:
    """C11, read marks: at the end each is where it was acknowledged to be or beyond, and nowhere nobody moved it."""
    reached, tried = _furthest(ledger, "ok"), _furthest(ledger, "ok", "unknown")
    for mark in ledger.history.marks:
        if mark.told is not None and mark.told < mark.up_to_seq:
            yield f"C11 mark lost: {mark.username} read up to {mark.up_to_seq} in room {mark.room}, told {mark.told}"
    for room, marks in ledger.history.marks_at_last.items():
        for name in sorted({*marks, *(name for place, name in tried if place == room)}):
            there, least, most = marks.get(name, 0), reached[room, name], tried[room, name]
            if there < least:
                yield f"C11 mark lost: {name} read up to {least} in room {room}, which holds {there}"
            elif there > most:
                yield f"C11 mark moved by nobody: {name} read up to {most} in room {room}, which holds {there}"


def _furthest(ledger: Ledger, *outcomes: Outcome) -> Counter[tuple[int, str]]:
    furthest: Counter[tuple[int, str]] = Counter()
    for mark in ledger.history.marks:
        if mark.outcome in outcomes:
            furthest[mark.room, mark.username] = max(furthest[mark.room, mark.username], mark.up_to_seq)
    return furthest


def protocol_is_kept(ledger: Ledger) -> Iterator[str]:
    """C12."""
    for complaint in ledger.history.complaints:
        yield f"C12 {complaint}"
