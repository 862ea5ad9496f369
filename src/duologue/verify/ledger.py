"""A history sorted for judging: what the rooms hold, who tried what, and which words a message may show when."""

from collections import defaultdict
from collections.abc import Iterator

from duologue.verify.history import Attempt, Change, History, Row

Key = tuple[int, str, str]
"""Room, sender, client_id: what one message is."""
_NEVER = 1 << 62


class Ledger:
    """Made once for each verdict."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.rows: dict[Key, Row] = {key_of(row): row for rows in history.final.values() for row in rows}
        self.places = {(row.room, row.seq): row for rows in history.final.values() for row in rows}
        self.tries: dict[Key, list[Attempt]] = defaultdict(list)
        for attempt in history.attempts:
            self.tries[attempt.room, attempt.sender, attempt.client_id].append(attempt)
        self.changes: dict[tuple[int, int], list[Change]] = defaultdict(list)
        for change in history.changes:
            if change.outcome != "fail":
                self.changes[change.room, change.id].append(change)

    def acknowledged(self) -> Iterator[tuple[Attempt, Row | None]]:
        """Yield every send that was acknowledged, with what the room holds of it."""
        for attempt in self.history.attempts:
            if attempt.outcome == "ok":
                yield attempt, self.rows.get((attempt.room, attempt.sender, attempt.client_id))

    def was_said(self, row: Row) -> bool:
        """Tell whether somebody may have sent this message, and everything that it shows, at some time."""
        said = any(
            attempt.outcome != "fail" and (row.content == attempt.content or self._touched(row))
            for attempt in self.tries.get(key_of(row), ())
        )
        return said and (not self._touched(row) or _value(row) in self._values(row))

    def overwritten(self, row: Row, at: int = _NEVER) -> Change | None:
        """Return the acknowledged change that what is shown leaves out, as asked for at a time; else None.

        A message's words are a register: what is shown may be any write that no other one, acknowledged before the
        question, began after.
        """
        done = [change for change in self.changes.get((row.room, row.id), ()) if (change.ended or _NEVER) < at]
        for change in done:
            if change.content is None and not row.deleted_at:
                return change
        newest = max(done, key=lambda change: change.began, default=None)
        if newest is None or any(ended >= newest.began for ended in self._endings(row)):
            return None
        return newest

    def _endings(self, row: Row) -> Iterator[int]:
        for change in self.changes.get((row.room, row.id), ()):
            if change.content == _value(row):
                yield change.ended or _NEVER

    def _touched(self, row: Row) -> bool:
        return (row.room, row.id) in self.changes

    def _values(self, row: Row) -> set[str | None]:
        changed = {change.content for change in self.changes[row.room, row.id]}
        return changed | {attempt.content for attempt in self.tries.get(key_of(row), ())}


def key_of(row: Row) -> Key:
    """Return which message this is."""
    return row.room, row.sender, row.client_id


def _value(row: Row) -> str | None:
    return None if row.deleted_at else row.content
