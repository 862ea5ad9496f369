"""See one's rooms at a glance."""

from duologue.chat.model import Summary
from duologue.chat.service import Chat
from duologue.contract.claims import AccessClaims

MOST = 1000


async def list_rooms(chat: Chat, who: AccessClaims, *, before: tuple[int, int] | None, limit: int) -> list[Summary]:
    """Return the caller's rooms, the liveliest first; `before` is (activity, room id) of the last one seen."""
    return await chat.store.rooms_of(who.sub, before=before, limit=limit)
