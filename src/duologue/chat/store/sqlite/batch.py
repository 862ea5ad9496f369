"""Group commit: all that waits goes into one transaction. Runs in the writer's thread."""

from collections.abc import Sequence

import apsw

from duologue.chat.model import Draft, MarkMove, Rewrite, Write
from duologue.chat.store.api import NotAMemberError, Outcome
from duologue.chat.store.sqlite.appender import Appender
from duologue.chat.store.sqlite.heads import Heads
from duologue.chat.store.sqlite.marks import move
from duologue.chat.store.sqlite.rewrites import rewrite

_IS_MEMBER = "SELECT 1 FROM members WHERE room_id = ? AND person_id = ?"


class Batch:
    """The one writer with what it knows by heart. After any exception this object must be thrown away."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._heads = Heads(connection)
        self._appender = Appender(connection, self._heads)

    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """Store a batch in one durable commit, as store.api describes it."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        drafts = [write for write in writes if isinstance(write, Draft)]
        posted = iter(self._appender.append(drafts) if drafts else ())
        # all messages before all changes: so every message frame of a batch has the same `change`
        outcomes: list[Outcome] = [
            next(posted) if isinstance(write, Draft) else self._change(write) for write in writes
        ]
        connection.execute("COMMIT")
        return outcomes

    def _change(self, write: Rewrite | MarkMove) -> Outcome:
        who = write.author if isinstance(write, Rewrite) else write.reader
        if self._connection.execute(_IS_MEMBER, (write.room.id, who.number)).get is None:
            return NotAMemberError()
        if isinstance(write, Rewrite):
            return rewrite(self._connection, self._heads, write)
        return move(self._connection, self._heads, write)
