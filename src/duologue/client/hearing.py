"""Where each frame of the server's goes."""

from collections.abc import Callable

from duologue.client.core import frames
from duologue.client.core.connection import Connection
from duologue.client.core.rooms import Rooms
from duologue.client.events import ConnectionChanged, Presence, Typing
from duologue.client.inbox import Inbox
from duologue.client.sending import Sending


class Hearing:
    """Takes the frames of one connection after the other.

    `missed`: the inbox overflowed when something of a room came, and from then on everything of rooms was passed over.
    The cursors stay before it, so the next connection brings it again. `last_refusal` is the code of the last error
    that was not about a message: a close that follows has this reason.
    """

    def __init__(
        self,
        connection: Connection,
        rooms: Rooms,
        inbox: Inbox,
        sending: Sending,
        on_ready: Callable[[], None],
        on_token_expiring: Callable[[], None],
    ) -> None:
        self.missed = False
        self.last_refusal = ""
        self._connection = connection
        self._rooms = rooms
        self._inbox = inbox
        self._sending = sending
        self._on_ready = on_ready
        self._on_token_expiring = on_token_expiring

    def begin(self) -> None:
        """A connection begins."""
        self.missed = False
        self.last_refusal = ""

    def take(self, text: bytes, now: float) -> None:
        """Take a frame; raise msgspec.DecodeError for a broken one, GapError when one before it is missing."""
        frame = frames.decode(text)
        match frame:
            case None | frames.AuthFrame():
                pass
            case frames.AckFrame():
                self._sending.acknowledged(frame)
            case frames.ErrorFrame():
                self._refused(frame)
            case frames.ReadyFrame():
                self._ready(frame, now)
            case frames.TokenExpiringFrame():
                self._on_token_expiring()
            case frames.TypingFrame() | frames.PresenceFrame():
                self._inbox.mention(_passing(frame))
            case _:
                self._changed(frame)

    def _refused(self, frame: frames.ErrorFrame) -> None:
        if frame.client_id is None:
            self.last_refusal = frame.code
        else:
            self._sending.refused(frame)

    def _ready(self, frame: frames.ReadyFrame, now: float) -> None:
        self._connection.ready(now)
        self._sending.limits = frame.limits
        if not self.missed:
            self._rooms.ready(frame.user, frame.limits)
        self._inbox.tell(ConnectionChanged("live"))
        self._on_ready()

    def _changed(self, frame: frames.RoomFrame) -> None:
        # nothing of a room may be taken after something of it was left out: the cursors must not pass it
        self.missed = self.missed or self._inbox.overflows
        if not self.missed:
            for step in self._rooms.take(frame):
                self._inbox.put(step)


def _passing(frame: frames.TypingFrame | frames.PresenceFrame) -> Typing | Presence:
    if isinstance(frame, frames.PresenceFrame):
        return Presence(frame.username, frame.online)
    return Typing(frame.room, frame.username, frame.state == "start", frame.expires_in_ms / 1000)
