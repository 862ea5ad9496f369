"""Which sockets listen to which room, in this process."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from duologue.chat.delivery.subscription import Subscription, Verdict
from duologue.chat.frames import event_frame
from duologue.chat.model import Done, Posted, Room
from duologue.chat.wire import message_frame
from duologue.kit.websocket.frames import text_frame

_log = structlog.get_logger(__name__)


class Listener(Protocol):
    """A socket in rooms."""

    @property
    def user_id(self) -> str:
        """Whose it is."""

    def deliver(self, frames: Sequence[bytes]) -> None:
        """Take ready frames; must not block."""

    def whisper(self, frame: bytes) -> bool:
        """Take a ready frame that may be left out, and tell whether it was taken; must not block."""

    def fell_behind(self, subscription: Subscription) -> None:
        """Something is missing between what this listener has and what comes now: read it."""

    def room_opened(self, room: Room) -> None:
        """The person is in a new room."""

    def cut(self) -> None:
        """End: this listener has missed a message."""


class _Audience:
    """Who listens to one room: in the plain dialect, and in v1 each with where it stands."""

    __slots__ = ("plain", "subscribed")

    def __init__(self) -> None:
        self.plain: list[Listener] = []
        self.subscribed: list[tuple[Subscription, Listener]] = []

    def look_again(self) -> None:
        """Let everybody read who could."""
        for subscription, listener in self.subscribed:
            if subscription.look_again():
                listener.fell_behind(subscription)

    def cut(self) -> None:
        """End everybody's connection: they come back and read what they missed."""
        for listener in [*self.plain, *(listener for _, listener in self.subscribed)]:
            listener.cut()


Heard = defaultdict[Listener, list[bytes]]


class Hub:
    """Rooms with their listeners, people with theirs, and the number of sockets that each user has."""

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._rooms: dict[int, _Audience] = {}
        self._everywhere: dict[str, list[Listener]] = {}
        self._sockets: Counter[str] = Counter()

    def join(self, room_id: int, listener: Listener) -> None:
        """Deliver the room's messages to this listener from now on, in the plain dialect."""
        self._rooms.setdefault(room_id, _Audience()).plain.append(listener)

    def leave(self, room_id: int, listener: Listener) -> None:
        """Stop delivering."""
        audience = self._rooms.get(room_id)
        if audience is not None and listener in audience.plain:
            audience.plain.remove(listener)
            self._tidy(room_id, audience)

    def subscribe(self, subscription: Subscription, listener: Listener) -> None:
        """Offer all that happens in the room to this subscription from now on."""
        self._rooms.setdefault(subscription.room_id, _Audience()).subscribed.append((subscription, listener))

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop that."""
        audience = self._rooms.get(subscription.room_id)
        if audience is not None:
            audience.subscribed = [entry for entry in audience.subscribed if entry[0] is not subscription]
            self._tidy(subscription.room_id, audience)

    def follow(self, user_id: str, listener: Listener) -> None:
        """Tell this listener of every room that the person gets into."""
        self._everywhere.setdefault(user_id, []).append(listener)

    def unfollow(self, user_id: str, listener: Listener) -> None:
        """Stop that."""
        listeners = self._everywhere.get(user_id, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._everywhere.pop(user_id, None)

    def opened(self, room: Room) -> None:
        """A room is there; who is in it already passes it over."""
        for person in room.participants:
            for listener in list(self._everywhere.get(person.user_id, ())):
                listener.room_opened(room)

    def deliver(self, events: Iterable[tuple[Room, Done]], answers: Iterable[tuple[Listener, bytes]] = ()) -> None:
        """Hand what was stored to every listener of its room, each encoded once, all of a listener's at once.

        `answers` are frames for one listener each; they leave with what it hears, behind it.
        """
        heard: Heard = defaultdict(list)
        for room, event in events:
            audience = self._rooms.get(room.id)
            if audience is not None:
                try:
                    self._hand_out(audience, room, event, heard)
                except Exception:  # noqa: BLE001 - logged in full; the other rooms must hear theirs
                    _log.exception("delivery_failed")
                    audience.cut()
        for listener, frame in answers:
            heard[listener].append(frame)
        for listener, frames in heard.items():
            try:
                listener.deliver(frames)
            except Exception:  # noqa: BLE001 - logged in full; one broken socket must not keep the rest from the others
                _log.exception("delivery_failed")
                listener.cut()

    def look_again(self, room_ids: Iterable[int]) -> None:
        """Something may have been stored in these rooms of which nobody was told: let everybody read who can."""
        for room_id in room_ids:
            audience = self._rooms.get(room_id)
            if audience is not None:
                try:
                    audience.look_again()
                except Exception:  # noqa: BLE001 - logged in full; the other rooms must hear theirs
                    _log.exception("delivery_failed")
                    audience.cut()

    def whisper(self, room_id: int, frame: bytes, *, besides: str) -> None:
        """Hand a frame that may be left out to the v1 listeners of a room, besides one person's own."""
        audience = self._rooms.get(room_id)
        for subscription, listener in audience.subscribed if audience is not None else ():
            if subscription.live and listener.user_id != besides:
                listener.whisper(frame)

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

    def _hand_out(self, audience: _Audience, room: Room, event: Done, heard: Heard) -> None:
        payload = None
        if audience.plain and isinstance(event, Posted):
            payload = message_frame(room, event.message)
            frame = text_frame(payload)
            for listener in audience.plain:
                heard[listener].append(frame)
        if audience.subscribed:
            frame = text_frame(event_frame(self._epoch, room, event, payload))
            for subscription, listener in audience.subscribed:
                verdict = subscription.offer(event, frame)
                if verdict is Verdict.PASS:
                    heard[listener].append(frame)
                elif verdict is Verdict.JUMP:
                    listener.fell_behind(subscription)

    def _tidy(self, room_id: int, audience: _Audience) -> None:
        if not audience.plain and not audience.subscribed:
            self._rooms.pop(room_id, None)
