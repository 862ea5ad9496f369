"""A sound history, to do wrong to."""

from typing import Any

import msgspec
from msgspec.structs import replace

from duologue.verify.history import Attempt, Change, History, Mark, Row, Sight, State

SIZE = 12
EDITED, DELETED = 4, 6


def sound() -> History:
    """Two people talk in room 1 over a connection each; every fourth send is tried twice.

    Later the fourth message is edited, the sixth is edited and deleted, and bob's mark moves to 9. `alice's` and
    `bob's` heard it all, `late` the newest messages, each over any number of connections.
    """
    history = History()
    rows = [_said(history, seq) for seq in range(1, SIZE + 1)]
    for lane, heard in (("alice's", rows), ("bob's", rows), ("late", rows[5:])):
        history.heard[lane] = list(heard)
    history.since = {"alice's": {1: 0}, "bob's": {1: 0}}
    clock = 1000
    for seq, content in ((EDITED, "better"), (DELETED, "soon gone"), (DELETED, None)):
        row = rows[seq - 1]
        change = Change(
            lane="alice's",
            room=1,
            id=row.id,
            sender=row.sender,
            client_id=f"change-{clock}",
            content=content,
            began=clock,
        )
        change.outcome, change.ended = "ok", clock + 5
        history.changes.append(change)
        rows[seq - 1] = changed(row, content)
        _look(history, rows[seq - 1], clock + 6)
        clock += 10
    history.marks += [_mark(5, "ok", clock), _mark(9, "ok", clock + 10), _mark(9, "unknown", clock + 20)]
    history.final[1] = rows
    history.marks_at_last[1] = {"bob": 9}
    for lane in ("alice's", "bob's"):
        history.folds[lane] = {1: State({row.seq: row for row in rows}, {"bob": 9})}
    refused = Attempt(lane="alice's", room=1, sender="alice", client_id="refused", content="never", began=clock)
    refused.outcome, refused.ended = "fail", clock + 1
    unheard = Attempt(lane="alice's", room=1, sender="alice", client_id="unheard", content="perhaps", began=clock)
    history.attempts += [refused, unheard]
    return history


def changed(row: Row, content: str | None) -> Row:
    """Return a row after an edit, or without `content` after a deletion."""
    if content is None:
        return msgspec.structs.replace(row, content="", deleted_at="T99")
    return msgspec.structs.replace(row, content=content, edited_at="T98")


def _said(history: History, seq: int) -> Row:
    sender, name, words, clock = ("alice", "bob")[seq % 2], f"id-{seq}", f"text {seq}", seq * 10
    row = Row(id=100 + seq, seq=seq, room=1, sender=sender, client_id=name, content=words, timestamp=f"T{seq}")
    for again in range(2 if seq % 4 == 0 else 1):
        attempt = Attempt(
            lane=f"{sender}'s", room=1, sender=sender, client_id=name, content=words, began=clock + 2 * again
        )
        history.attempts.append(attempt)
    attempt.outcome, attempt.ended, attempt.id, attempt.seq = "ok", clock + 5, row.id, seq
    _look(history, row, clock + 6)
    return row


def _look(history: History, row: Row, asked: int) -> None:
    history.sights.append(Sight(by="bob", room=1, id=row.id, asked=asked, row=row))


def _mark(up_to_seq: int, outcome: str, began: int) -> Mark:
    mark = Mark(lane="bob's", room=1, username="bob", up_to_seq=up_to_seq, began=began)
    if outcome == "ok":
        mark.outcome, mark.ended, mark.told = "ok", began + 5, up_to_seq
    return mark


def alter(history: History, seq: int, /, **fields: Any) -> None:
    """Let the room hold something else at a place."""
    history.final[1][seq - 1] = replace(history.final[1][seq - 1], **fields)


def stranger(**fields: Any) -> Row:
    """Return a message that nobody has said."""
    known: dict[str, Any] = {"id": 999, "seq": SIZE + 1, "room": 1, "sender": "alice", "timestamp": "T"}
    return Row(**known | fields)
