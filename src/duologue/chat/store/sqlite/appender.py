"""New messages: all that wait go into one transaction, each room's `seq` is given from memory.

Runs in the writer's thread. Every statement takes many rows at once, because each step of a statement gives up and
takes back the interpreter lock, which costs more than the row when the event loop is busy.

Nearly every batch is all new and by members: it is written as if it were, in statements that leave out whatever is
not. Only when a row is missing then, it is all undone and each draft is looked up.
"""

from collections.abc import Sequence

import apsw
import msgspec

from duologue.chat.model import Draft, Message, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError
from duologue.chat.store.sqlite.columns import message_columns
from duologue.chat.store.sqlite.heads import Heads
from duologue.chat.store.sqlite.order import Order
from duologue.chat.store.sqlite.rewrites import digest

_OUTSIDERS = """
    SELECT draft.key FROM json_each(?) AS draft
    WHERE NOT EXISTS (
        SELECT 1 FROM members WHERE room_id = draft.value ->> 0 AND person_id = draft.value ->> 1
    )
"""

_KNOWN_IDS = f"""
    SELECT draft.key, m.first_content, {message_columns("m")}
    FROM json_each(?) AS draft
    JOIN messages AS m
      ON m.client_id = draft.value ->> 2 AND m.room_id = draft.value ->> 0 AND m.sender = draft.value ->> 1
"""  # noqa: S608 - constants only

_INSERT = """
    INSERT INTO messages (id, room_id, seq, sender, content, created_at, client_id)
    SELECT * FROM (VALUES {rows})
    WHERE EXISTS (SELECT 1 FROM members WHERE room_id = column2 AND person_id = column4)
    ON CONFLICT DO NOTHING
"""

# the rows of one statement: a batch is cut into these, so that there are few statements and each stays prepared
_SLICES = (32, 16, 8, 4, 2, 1)
_INSERTS = {rows: _INSERT.format(rows=", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * rows)) for rows in _SLICES}

Settled = Posted | NotAMemberError | ClientIdReusedError
_Known = tuple[Message, bytes | None]
"""A stored message, and what an edited one keeps of its first words."""


class Appender:
    """Gives each message its id and its `seq`. After any exception this object and the heads must be thrown away."""

    def __init__(self, connection: apsw.Connection, heads: Heads) -> None:
        self._connection = connection
        self._heads = heads
        self._order = Order(connection)
        self._last_id: int = connection.execute("SELECT coalesce(max(id), 0) FROM messages").get

    def append(self, drafts: Sequence[Draft]) -> Sequence[Settled]:
        """Insert a batch. The caller holds a transaction in which nothing else has happened yet."""
        last_id = self._last_id
        outcomes = [self._number(draft) for draft in drafts]
        if self._insert([posted.message for posted in outcomes]):
            self._order.add(last_id, len(outcomes))
            return outcomes
        self._connection.execute("ROLLBACK")
        self._take_back(outcomes)
        self._connection.execute("BEGIN IMMEDIATE")
        settled, fresh = self._settle(drafts)
        if not self._insert(fresh):
            raise RuntimeError("a message that is new and a member's was not stored")
        self._order.add(last_id, len(fresh))
        return settled

    def _insert(self, messages: Sequence[Message]) -> bool:
        """Insert what is new and by members; tell whether that was all."""
        before = self._connection.total_changes()
        at = 0
        for size in _SLICES:
            while len(messages) - at >= size:
                values: list[int | str | None] = []
                for m in messages[at : at + size]:
                    values += (m.id, m.room_id, m.seq, m.sender, m.content, m.created_at, m.client_id)
                self._connection.execute(_INSERTS[size], values)
                at += size
        return self._connection.total_changes() - before == len(messages)

    def _take_back(self, posted: Sequence[Posted]) -> None:
        for each in posted:
            self._heads.of(each.message.room_id).seq -= 1
        self._last_id -= len(posted)

    def _settle(self, drafts: Sequence[Draft]) -> tuple[list[Settled], list[Message]]:
        keys = msgspec.json.encode([(d.room.id, d.sender.number, d.client_id) for d in drafts]).decode()
        outsiders = {position for (position,) in self._connection.execute(_OUTSIDERS, (keys,))}
        known = self._known(keys) if any(draft.client_id is not None for draft in drafts) else {}
        in_batch: dict[tuple[int, int, str], _Known] = {}
        outcomes: list[Settled] = []
        fresh: list[Message] = []
        for position, draft in enumerate(drafts):
            if position in outsiders:
                outcomes.append(NotAMemberError())
                continue
            stored = known.get(position)
            if stored is None and draft.client_id is not None:
                stored = in_batch.get((draft.room.id, draft.sender.number, draft.client_id))
            if stored is not None:
                outcomes.append(_again(draft, stored))
                continue
            posted = self._number(draft)
            message = posted.message
            if draft.client_id is not None:
                in_batch[message.room_id, message.sender, draft.client_id] = (message, None)
            fresh.append(message)
            outcomes.append(posted)
        return outcomes, fresh

    def _known(self, keys: str) -> dict[int, _Known]:
        return {
            position: (msgspec.convert(columns, Message, strict=False), first_content)
            for position, first_content, *columns in self._connection.execute(_KNOWN_IDS, (keys,))
        }

    def _number(self, draft: Draft) -> Posted:
        room_id = draft.room.id
        head = self._heads.of(room_id)
        head.seq += 1
        self._last_id += 1
        message = Message(
            self._last_id, room_id, head.seq, draft.sender.number, draft.content, draft.created_at, draft.client_id
        )
        return Posted(message, False, head.change)


def _again(draft: Draft, known: _Known) -> Settled:
    message, first_content = known
    if message.deleted_at is not None:
        # nothing is left to compare with; the id has had its message
        same = True
    elif first_content is not None:
        same = digest(draft.content) == first_content
    else:
        same = message.content == draft.content
    return Posted(message, duplicate=True) if same else ClientIdReusedError()
