"""Let the others see that one is typing."""

from duologue.chat.errors import Problem
from duologue.chat.model import Person, Room
from duologue.chat.service import Chat


def signal_typing(chat: Chat, place: tuple[Room, Person], *, typing: bool) -> None:
    """Tell the others; too many signals are passed over in silence, nobody misses one."""
    room, who = place
    try:
        chat.signals.spend(who.user_id)
    except Problem:
        return
    if typing:
        chat.typing.start(room, who)
    else:
        chat.typing.stop(room, who)
