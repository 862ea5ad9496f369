"""Let the others see that one is typing."""

from duologue.chat.model import Person, Room
from duologue.chat.service import Chat


def signal_typing(chat: Chat, place: tuple[Room, Person], *, typing: bool) -> None:
    """Tell the others. Raise Problem `rate_limited`."""
    room, who = place
    chat.signals.spend(who.user_id)
    if typing:
        chat.typing.start(room, who)
    else:
        chat.typing.stop(room, who)
