"""Say up to where one has read."""

from duologue.chat.errors import outcome_unknown
from duologue.chat.model import Mark, Person, Room
from duologue.chat.service import Chat
from duologue.chat.store.api import OutcomeUnknownError


async def mark_read(chat: Chat, place: tuple[Room, Person], up_to_seq: int) -> Mark:
    """Move the caller's mark forward; a mark that is further already stays. Raise Problem `rate_limited`."""
    room, reader = place
    chat.sends.spend(reader.user_id)
    try:
        return await chat.store.mark_read(room, reader, up_to_seq)
    except OutcomeUnknownError:
        raise outcome_unknown() from None
