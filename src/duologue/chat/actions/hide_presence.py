"""Choose whether others see that one is here."""

from duologue.chat.actions.storing_people import storing_people
from duologue.chat.model import Caller
from duologue.chat.service import Chat
from duologue.contract.claims import AccessClaims


async def hides_presence(chat: Chat, who: AccessClaims) -> bool:
    """Return the switch."""
    return await chat.store.hides_presence(who.sub)


async def hide_presence(chat: Chat, who: AccessClaims, *, hidden: bool) -> None:
    """Set the switch, for this and every later connection. Raise Problem `rate_limited`, `outcome_unknown`."""
    chat.signals.spend(who.sub)
    with storing_people():
        await chat.store.hide_presence(Caller(who.sub, who.username), hidden)
    chat.presence.hide(who.sub, hidden)
