"""Group commit: all that waits goes into one transaction, each room's `seq` is given from memory.

Runs in the writer's thread. Every statement takes the whole batch at once, because each step of a statement gives up
and takes back the interpreter lock, which costs more than the row when the event loop is busy.
"""

from collections import OrderedDict
from collections.abc import Sequence

import apsw
import msgspec

from duologue.chat.model import Draft, Message, Posted
from duologue.chat.store.api import ClientIdReusedError, NotAMemberError, Outcome

_OUTSIDERS = """
    SELECT draft.key FROM json_each(?) AS draft
    WHERE NOT EXISTS (
        SELECT 1 FROM members WHERE room_id = draft.value ->> 0 AND person_id = draft.value ->> 1
    )
"""

_KNOWN_IDS = """
    SELECT draft.key, m.id, m.room_id, m.seq, m.sender, m.content, m.created_at, m.client_id
    FROM json_each(?) AS draft
    JOIN messages AS m
      ON m.client_id = draft.value ->> 2 AND m.room_id = draft.value ->> 0 AND m.sender = draft.value ->> 1
"""

_INSERT = """
    INSERT INTO messages (id, room_id, seq, sender, content, created_at, client_id)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?)
"""

_HEADS_KEPT = 100_000


class Appender:
    """The state of the one writer: the last message id, and the last `seq` of the rooms used lately."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._heads: OrderedDict[int, int] = OrderedDict()
        self._last_id: int = connection.execute("SELECT coalesce(max(id), 0) FROM messages").get

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store a batch in one durable commit. After any exception this object must be thrown away."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        outcomes, fresh = self._settle(drafts)
        if fresh:
            connection.execute(_INSERT, (msgspec.json.encode(fresh).decode(),))
        connection.execute("COMMIT")
        return outcomes

    def _settle(self, drafts: Sequence[Draft]) -> tuple[list[Outcome], list[Message]]:
        keys = msgspec.json.encode([(d.room.id, d.sender.number, d.client_id) for d in drafts]).decode()
        outsiders = {position for (position,) in self._connection.execute(_OUTSIDERS, (keys,))}
        known = self._known(keys) if any(draft.client_id is not None for draft in drafts) else {}
        in_batch: dict[tuple[int, int, str], Message] = {}
        outcomes: list[Outcome] = []
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
            message = self._number(draft)
            if draft.client_id is not None:
                in_batch[message.room_id, message.sender, draft.client_id] = message
            fresh.append(message)
            outcomes.append(Posted(message, duplicate=False))
        return outcomes, fresh

    def _known(self, keys: str) -> dict[int, Message]:
        return {position: Message(*columns) for position, *columns in self._connection.execute(_KNOWN_IDS, (keys,))}

    def _number(self, draft: Draft) -> Message:
        room_id = draft.room.id
        seq = self._head(room_id) + 1
        self._heads[room_id] = seq
        self._last_id += 1
        return Message(
            self._last_id, room_id, seq, draft.sender.number, draft.content, draft.created_at, draft.client_id
        )

    def _head(self, room_id: int) -> int:
        head = self._heads.get(room_id)
        if head is not None:
            self._heads.move_to_end(room_id)
            return head
        if len(self._heads) >= _HEADS_KEPT:
            self._heads.popitem(last=False)
        newest = "SELECT coalesce(max(seq), 0) FROM messages WHERE room_id = ?"
        loaded: int = self._connection.execute(newest, (room_id,)).get
        return loaded


def _again(draft: Draft, stored: Message) -> Outcome:
    if stored.content != draft.content:
        return ClientIdReusedError()
    return Posted(stored, duplicate=True)
