"""Read what was said."""

from duologue.chat.model import Page, Room
from duologue.chat.service import Chat

MOST = 1000


async def read_history(chat: Chat, room: Room, *, before: int | None, after: int | None, limit: int) -> Page:
    """Return a page of a room, oldest first: the newest messages unless `before` or `after` (a seq) is given."""
    return await chat.store.page(room, before=before, after=after, limit=limit)


async def read_history_around(chat: Chat, room: Room, seq: int, limit: int) -> Page:
    """Return up to `limit` messages with this one in their middle."""
    return await chat.store.page_around(room, seq, limit)
