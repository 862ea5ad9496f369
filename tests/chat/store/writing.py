"""Short names for what the tests of the store say again and again."""

from duologue.chat.model import MarkMove, MarkMoved, Message, Posted, Rewrite, Rewritten, Room, Write
from duologue.chat.store.api import Outcome, Store
from tests.chat.people import NOON, Known, draft

LATER = NOON + 60_000_000


def edit(room: Room, who: Known, message_id: int, content: str | None, *, written_since: int = 0) -> Rewrite:
    """Return an edit; without content a deletion."""
    author = room.member(who.user_id)
    assert author is not None
    return Rewrite(room, author, message_id, content, LATER, written_since)


def delete(room: Room, who: Known, message_id: int) -> Rewrite:
    """Return a deletion."""
    return edit(room, who, message_id, None)


def read(room: Room, who: Known, up_to_seq: int) -> MarkMove:
    """Return a move of a read mark."""
    reader = room.member(who.user_id)
    assert reader is not None
    return MarkMove(room, reader, up_to_seq)


async def one(store: Store, write: Write) -> Outcome:
    """Store one write."""
    [outcome] = await store.commit([write])
    return outcome


async def said(store: Store, room: Room, who: Known, content: str = "hello", client_id: str | None = None) -> Message:
    """Store one message and return it."""
    return posted(await one(store, draft(room, who, content, client_id))).message


def posted(outcome: Outcome) -> Posted:
    """Return what must be a message."""
    assert isinstance(outcome, Posted), outcome
    return outcome


def rewritten(outcome: Outcome) -> Rewritten:
    """Return what must be an edit or a deletion."""
    assert isinstance(outcome, Rewritten), outcome
    return outcome


def moved(outcome: Outcome) -> MarkMoved:
    """Return what must be a read mark."""
    assert isinstance(outcome, MarkMoved), outcome
    return outcome


async def history(store: Store, room: Room) -> list[Message]:
    """Return a room of up to 1,000 messages."""
    return (await store.page(room, before=None, after=None, limit=1000)).messages
