"""One gate for each connection and room: the next thing, never a gap, never a repeat. No input or output here."""

from enum import Enum

from duologue.chat.model import Done, Posted


class Verdict(Enum):
    """What becomes of an event at the gate."""

    PASS = "pass"  # noqa: S105 - no password
    """It is the next one: hand it over."""
    HOLD = "hold"
    """The connection is still reading what it missed: the event waits."""
    DROP = "drop"
    """The connection has it already."""
    JUMP = "jump"
    """Something in between is missing: from now on the connection is behind and must read."""


# an attribute of an enumeration takes longer to find than all else here
_PASS, _HOLD, _DROP, _JUMP = Verdict.PASS, Verdict.HOLD, Verdict.DROP, Verdict.JUMP


class Subscription:
    """Where one connection stands in one room.

    It begins behind: first it listens, then the past is read, then `caught_up` joins the two. `seq` and `change`: all
    that the connection has been told.
    """

    __slots__ = (
        "_held",
        "_held_bytes",
        "_most_held",
        "_most_held_bytes",
        "_read_again",
        "change",
        "live",
        "room_id",
        "seq",
    )

    def __init__(self, room_id: int, most_held: int, most_held_bytes: int) -> None:
        self.room_id = room_id
        self.seq = 0
        self.change = 0
        self.live = False
        self._most_held = most_held
        self._most_held_bytes = most_held_bytes
        self._held: list[tuple[Done, bytes]] | None = None
        self._held_bytes = 0
        self._read_again = False

    def offer(self, event: Done, frame: bytes) -> Verdict:
        """Take an event, with the frame that tells of it, in the order of the room's commits."""
        if not self.live:
            self._hold(event, frame)
            return _HOLD
        if self._continues(event):
            self._step(event)
            return _PASS
        if self._has(event):
            return _DROP
        self.live = False
        self._hold(event, frame)
        return _JUMP

    def look_again(self) -> bool:
        """Something may have been stored of which nobody is told; tell whether a live connection is behind now.

        One that is behind already will read once more.
        """
        if not self.live:
            # what it is handed now was perhaps read before that was stored
            self._read_again = True
            return False
        self.live = False
        return True

    def stand_at(self, seq: int, change: int) -> None:
        """Begin at a point: what the client says that it has, or where the room is now."""
        self.seq, self.change = seq, change

    def caught_up(self, seq: int, change: int, *, more: bool) -> list[bytes]:
        """The client has been told everything up to this point; return the frames to send at once.

        Unless there is `more` to read, or what was held does not fit, or it is to look again, the subscription is live
        afterwards.
        """
        self.seq, self.change = seq, change
        read_again, self._read_again = self._read_again, False
        if more:
            return []
        held, self._held, self._held_bytes = self._held or [], None, 0
        frames: list[bytes] = []
        for event, frame in held:
            if self._continues(event):
                self._step(event)
                frames.append(frame)
            elif not self._has(event):
                read_again = True
                break
        self.live = not read_again
        return frames

    def _hold(self, event: Done, frame: bytes) -> None:
        if self._held is None:
            self._held = []
        if len(self._held) >= self._most_held or self._held_bytes >= self._most_held_bytes:
            # it is in the database: reading again costs less than keeping everything for a slow one, and what is held
            # is sent at once in the end, more than may wait for one who reads
            self._held.clear()
            self._held_bytes = 0
            self._read_again = True
        self._held.append((event, frame))
        self._held_bytes += len(frame)

    def _step(self, event: Done) -> None:
        if isinstance(event, Posted):
            self.seq += 1
        else:
            self.change += 1

    def _continues(self, event: Done) -> bool:
        if isinstance(event, Posted):
            return event.message.seq == self.seq + 1 and event.change == self.change
        return event.change == self.change + 1 and event.seq == self.seq

    def _has(self, event: Done) -> bool:
        return event.seq <= self.seq and event.change <= self.change
