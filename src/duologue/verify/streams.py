"""Checks of what was told and shown: each stream steps by one and tells what the room holds, fetches are not stale."""

from collections.abc import Iterator

from duologue.verify.history import Row, State
from duologue.verify.ledger import Ledger


def each_stream_steps_by_one(ledger: Ledger) -> Iterator[str]:
    """C5."""
    for lane, rows in ledger.history.heard.items():
        latest = dict(ledger.history.since.get(lane, {}))
        for row in rows:
            before = latest.get(row.room)
            if before is not None and row.seq != before + 1:
                yield f"C5 {lane} heard {row.seq} after {before} in room {row.room} ({row.client_id} by {row.sender})"
            latest[row.room] = row.seq


def each_stream_tells_the_room(ledger: Ledger) -> Iterator[str]:
    """C6."""
    for lane, rows in ledger.history.heard.items():
        for row in rows:
            kept = ledger.places.get((row.room, row.seq))
            if kept is None or _identity(row) != _identity(kept) or not ledger.was_said(row):
                yield f"C6 {lane} heard {row}, room {row.room} holds {kept}"


def _identity(row: Row) -> tuple[object, ...]:
    return row.id, row.seq, row.room, row.sender, row.client_id, row.timestamp


def read_your_writes(ledger: Ledger) -> Iterator[str]:
    """C8."""
    for sight in ledger.history.sights:
        what = f"message {sight.id} of room {sight.room}"
        if sight.row is None or sight.row.id != sight.id:
            yield f"C8 {sight.by} asked for {what} after its acknowledgement and was shown {sight.row}"
            continue
        missing = ledger.overwritten(sight.row, sight.asked)
        if missing is not None:
            change = "deletion" if missing.content is None else "edit"
            yield f"C8 {sight.by} asked for {what} after {change} {missing.client_id} and was shown {sight.row}"


def converges(ledger: Ledger) -> Iterator[str]:
    """C10: what a stream's frames add up to is what a fetch shows."""
    history = ledger.history
    for lane, rooms in history.folds.items():
        for room, fold in rooms.items():
            if room in history.final:
                fetched = State({row.seq: row for row in history.final[room]}, history.marks_at_last.get(room, {}))
                yield from _differences(f"{lane} in room {room}", fold, fetched)


def _differences(who: str, fold: State, fetched: State) -> Iterator[str]:
    for seq in sorted(fold.rows.keys() | fetched.rows.keys()):
        has, holds = fold.rows.get(seq), fetched.rows.get(seq)
        if has != holds:
            yield f"C10 {who} ends with {has} at seq {seq}, the room holds {holds}"
    for name in sorted(fold.reads.keys() | fetched.reads.keys()):
        mine, real = fold.reads.get(name, 0), fetched.reads.get(name, 0)
        if mine != real:
            yield f"C10 {who} ends with {name}'s mark at {mine}, the room holds {real}"
