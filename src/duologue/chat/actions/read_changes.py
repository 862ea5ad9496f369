"""Ask what happened in a room since one was last there."""

from duologue.chat.cursors import read_cursor
from duologue.chat.errors import resync_required
from duologue.chat.model import Changes, Room
from duologue.chat.service import Chat

MOST = 300


async def read_changes(chat: Chat, room: Room, since: str | None, limit: int) -> Changes:
    """Return what came after a cursor; without one, after the beginning.

    Raises Problem: `validation_failed` for a cursor that is none of this room's, `resync_required`.
    """
    seq = change = 0
    if since is not None:
        point = read_cursor(since, room.id, "since")
        if point.epoch != chat.store.epoch:
            raise resync_required()
        seq, change = point.seq, point.change
    changes = await chat.store.changes(room, seq, change, limit)
    if changes is None:
        # we never gave it: this database has lost what it had
        raise resync_required()
    return changes
