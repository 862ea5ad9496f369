"""Open the one room of two people."""

import time

from duologue.chat.actions.storing_people import storing_people
from duologue.chat.errors import invalid, not_a_participant
from duologue.chat.model import Caller, Room
from duologue.chat.service import Chat
from duologue.contract.claims import AccessClaims
from duologue.contract.usernames import fold, is_wellformed


async def open_room(chat: Chat, who: AccessClaims, token: str, a: str, b: str) -> tuple[Room, bool]:
    """Return the room of these two usernames and whether it is new; the caller must be one of them.

    Raises Problem: `validation_failed` names a participant whom auth does not know, `not_a_participant`,
    `auth_unavailable`, `rate_limited`, `outcome_unknown`.
    """
    names = {"participant_a": fold(a), "participant_b": fold(b)}
    malformed = {field: ["There is no such user."] for field, name in names.items() if not is_wellformed(name)}
    if malformed:
        raise invalid(malformed)
    if who.username not in names.values():
        raise not_a_participant()
    if names["participant_a"] == names["participant_b"]:
        raise invalid({"participant_b": ["A room needs two different people."]})
    chat.openings.spend(who.sub)
    field = "participant_b" if names["participant_a"] == who.username else "participant_a"
    there = await chat.store.pair(who.sub, names[field])
    if there is not None:
        # who was not told when it was opened, because the outcome of that was lost, hears of it now
        chat.hub.opened(there)
        return there, False
    other = await chat.auth.find_user(names[field], token)
    if other is None:
        raise invalid({field: ["There is no such user."]})
    me = Caller(who.sub, who.username)
    first, second = (me, other) if field == "participant_b" else (other, me)
    with storing_people():
        room, new = await chat.store.open_room(first, second, time.time_ns() // 1000)
    chat.rooms.keep(room)
    chat.hub.opened(room)
    return room, new
