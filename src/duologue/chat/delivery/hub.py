"""Which sockets listen to which room, in this process."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from duologue.chat.model import Message, Room
from duologue.chat.wire import message_frame
from duologue.kit.websocket.frames import text_frame

_log = structlog.get_logger(__name__)


class Listener(Protocol):
    """A socket in a room."""

    def deliver(self, frames: Sequence[bytes]) -> None:
        """Take ready frames; must not block."""

    def cut(self) -> None:
        """End: this listener has missed a message."""


class Hub:
    """Rooms with their listeners, and the number of sockets that each user has."""

    def __init__(self) -> None:
        self._rooms: dict[int, list[Listener]] = {}
        self._sockets: Counter[str] = Counter()

    def join(self, room_id: int, listener: Listener) -> None:
        """Deliver the room's messages to this listener from now on."""
        self._rooms.setdefault(room_id, []).append(listener)

    def leave(self, room_id: int, listener: Listener) -> None:
        """Stop delivering."""
        listeners = self._rooms.get(room_id, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._rooms.pop(room_id, None)

    def deliver(self, batch: Iterable[tuple[Room, Message]]) -> None:
        """Hand stored messages to every listener of their rooms, each encoded once, all of a listener's at once."""
        heard: dict[Listener, list[bytes]] = {}
        for room, message in batch:
            listeners = self._rooms.get(message.room_id)
            if listeners:
                frame = text_frame(message_frame(room, message))
                for listener in listeners:
                    heard.setdefault(listener, []).append(frame)
        for listener, frames in heard.items():
            _hand_over(listener, frames)

    def count_in(self, user_id: str, most: int) -> bool:
        """Count one more socket of a user; False when that would be more than `most`."""
        if self._sockets[user_id] >= most:
            return False
        self._sockets[user_id] += 1
        return True

    def count_out(self, user_id: str) -> None:
        """Count one socket less."""
        self._sockets[user_id] -= 1
        if self._sockets[user_id] <= 0:
            del self._sockets[user_id]


def _hand_over(listener: Listener, frames: Sequence[bytes]) -> None:
    try:
        listener.deliver(frames)
    except Exception:  # noqa: BLE001 - logged in full; one broken socket must not keep the messages from the others
        _log.exception("delivery_failed")
        listener.cut()
