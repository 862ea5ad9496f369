"""New messages: all that wait go into one transaction, each room's `seq` is given from memory.

Runs in the writer's thread. Every statement takes the whole batch at once, because each step of a statement gives up
and takes back the interpreter lock, which costs more than the row when the event loop is busy.
"""

from collections.abc import Sequence

import apsw
import msgspec

from duologue.chat.model import Draft, Message, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError
from duologue.chat.store.sqlite.heads import Heads
from duologue.chat.store.sqlite.rewrites import digest

_OUTSIDERS = """
    SELECT draft.key FROM json_each(?) AS draft
    WHERE NOT EXISTS (
        SELECT 1 FROM members WHERE room_id = draft.value ->> 0 AND person_id = draft.value ->> 1
    )
"""

_KNOWN_IDS = """
    SELECT draft.key, m.first_content, m.id, m.room_id, m.seq, m.sender, coalesce(m.content, ''), m.created_at,
        m.client_id, 0, m.edited_at, m.deleted_at
    FROM json_each(?) AS draft
    JOIN messages AS m
      ON m.client_id = draft.value ->> 2 AND m.room_id = draft.value ->> 0 AND m.sender = draft.value ->> 1
"""

_INSERT = """
    INSERT INTO messages (id, room_id, seq, sender, content, created_at, client_id)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?)
"""

Settled = Posted | NotAMemberError | ClientIdReusedError
_Known = tuple[Message, bytes | None]
"""A stored message, and what an edited one keeps of its first words."""


class Appender:
    """Gives each message its id and its `seq`. After any exception this object and the heads must be thrown away."""

    def __init__(self, connection: apsw.Connection, heads: Heads) -> None:
        self._connection = connection
        self._heads = heads
        self._last_id: int = connection.execute("SELECT coalesce(max(id), 0) FROM messages").get

    def append(self, drafts: Sequence[Draft]) -> list[Settled]:
        """Insert a batch; the caller holds the transaction."""
        outcomes, fresh = self._settle(drafts)
        if fresh:
            self._connection.execute(_INSERT, (msgspec.json.encode(fresh).decode(),))
        return outcomes

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
