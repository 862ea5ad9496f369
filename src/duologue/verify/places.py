"""Checks of what the rooms hold: nothing lost, nothing twice, nothing from nowhere, each at its one place."""

from collections import Counter
from collections.abc import Iterator, Sequence

from duologue.verify.history import Attempt
from duologue.verify.ledger import Key, Ledger, key_of


def no_loss(ledger: Ledger) -> Iterator[str]:
    """C1."""
    for attempt, row in ledger.acknowledged():
        what = f"{attempt.client_id} by {attempt.sender}"
        if row is None:
            yield f"C1 lost: {what} was acknowledged over {attempt.lane}, room {attempt.room} does not hold it"
        elif row.id != attempt.id or attempt.seq not in (None, row.seq):
            said = f"id {attempt.id}, seq {attempt.seq}"
            yield f"C1 changed: {what} was acknowledged with {said}, room {attempt.room} holds {row}"
        elif row.content != attempt.content and (row.room, row.id) not in ledger.changes:
            yield f"C1 changed: {what} was acknowledged as {attempt.content!r}, room {attempt.room} holds {row}"


def no_double(ledger: Ledger) -> Iterator[str]:
    """C2."""
    for room, rows in ledger.history.final.items():
        for name, count in Counter(key_of(row) for row in rows).items():
            if count > 1:
                yield f"C2 stored {count} times: {name[2]} by {name[1]} in room {room}"
        for what in ("seq", "id"):
            for number, count in Counter(getattr(row, what) for row in rows).items():
                if count > 1:
                    yield f"C2 {what} {number} given {count} times in room {room}"


def no_phantom(ledger: Ledger) -> Iterator[str]:
    """C3."""
    for room, rows in ledger.history.final.items():
        for row in rows:
            if not ledger.was_said(row):
                yield f"C3 nobody sent {row} in room {room}"


def dense(ledger: Ledger) -> Iterator[str]:
    """C4."""
    for room, rows in ledger.history.final.items():
        numbers = [row.seq for row in rows]
        if numbers != list(range(1, len(rows) + 1)):
            yield f"C4 room {room} is not 1 to {len(rows)}: {_first_break(numbers)}"


def _first_break(numbers: Sequence[int]) -> str:
    for expected, found in enumerate(numbers, start=1):
        if expected != found:
            return f"{found} stands where {expected} should"
    return "none"


def real_time_order(ledger: Ledger) -> Iterator[str]:
    """C7: what was acknowledged before another send began has the smaller number."""
    for room in ledger.history.final:
        spans = [_span(ledger, key, tries) for key, tries in ledger.tries.items() if key[0] == room]
        known = [span for span in spans if span is not None]
        ended = sorted((end, seq) for _, end, seq, _ in known)
        latest, position = 0, 0
        for began, _, seq, client_id in sorted(known):
            while position < len(ended) and ended[position][0] < began:
                latest, position = max(latest, ended[position][1]), position + 1
            if seq < latest:
                yield f"C7 {client_id} has seq {seq} in room {room}, but began after {latest} was acknowledged"


def _span(ledger: Ledger, key: Key, tries: Sequence[Attempt]) -> tuple[int, int, int, str] | None:
    """Return when a message was first sent and first acknowledged, its seq and its client_id."""
    row = ledger.rows.get(key)
    ends = [each.ended for each in tries if each.outcome == "ok" and each.ended is not None]
    if row is None or not ends:
        return None
    return min(each.began for each in tries), min(ends), row.seq, key[2]


def senders_order(ledger: Ledger) -> Iterator[str]:
    """C9: sends over one connection stand in the order they left; what was tried twice has the place of either try."""
    latest: dict[tuple[str, int], int] = {}
    for attempt, row in ledger.acknowledged():
        if row is None or len(ledger.tries[key_of(row)]) > 1:
            continue
        lane = (attempt.lane, attempt.room)
        if row.seq < latest.get(lane, 0):
            yield f"C9 {attempt.client_id} has seq {row.seq}, but left {attempt.lane} after {latest[lane]}"
        latest[lane] = max(latest.get(lane, 0), row.seq)
