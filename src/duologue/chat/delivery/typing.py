"""Who is typing. Never stored, ends by itself, the first to be left out under load."""

import asyncio

from duologue.chat.delivery.hub import Hub
from duologue.chat.frames import typing_frame
from duologue.chat.model import Person, Room
from duologue.kit.websocket.frames import text_frame

EXPIRES_SECONDS = 6.0
_TELL_AGAIN_AFTER = 2.0


class Typing:
    """Tells the others of a room that somebody types, and that this has ended."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._typing: dict[tuple[int, int], tuple[asyncio.TimerHandle, float]] = {}

    def start(self, room: Room, who: Person) -> None:
        """Somebody types; say it again every few seconds."""
        key = (room.id, who.number)
        now = self._loop.time()
        timer, told_at = self._typing.pop(key, (None, -_TELL_AGAIN_AFTER))
        if timer is not None:
            timer.cancel()
        if now - told_at >= _TELL_AGAIN_AFTER:
            told_at = now
            self._tell(room, who, "start")
        self._typing[key] = (self._loop.call_later(EXPIRES_SECONDS, self.stop, room, who), told_at)

    def stop(self, room: Room, who: Person) -> None:
        """Somebody types no longer."""
        timer, _ = self._typing.pop((room.id, who.number), (None, 0.0))
        if timer is not None:
            timer.cancel()
            self._tell(room, who, "stop")

    def _tell(self, room: Room, who: Person, state: str) -> None:
        frame = text_frame(typing_frame(room.id, who.username, state, round(EXPIRES_SECONDS * 1000)))
        self._hub.whisper(room.id, frame, besides=who.user_id)
