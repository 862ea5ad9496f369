"""What was to be sent and is not yet acknowledged."""

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from duologue.client.core import frames
from duologue.client.core.backoff import full_jitter
from duologue.client.errors import OutboxFull

Kind = Literal["message", "edit", "delete"]
Key = tuple[int, str]

# a refusal of the token says nothing about the message: it is sent again after the next login
_ABOUT_THE_LOGIN = frozenset({"token_missing", "token_invalid", "token_expired", "session_ended"})


class Unsent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to send. `client_id` is the same in every try; `id` is the message that is edited or deleted."""

    kind: Kind
    room: int
    client_id: str
    text: str = ""
    id: int = 0

    @property
    def key(self) -> Key:
        """What answers name it by."""
        return self.room, self.client_id

    def frame(self) -> bytes:
        """Return what goes over the socket, the same bytes in every try."""
        if self.kind == "message":
            return frames.message(self.room, self.client_id, self.text)
        if self.kind == "edit":
            return frames.edit(self.room, self.client_id, self.id, self.text)
        return frames.delete(self.room, self.client_id, self.id)


class Outbox:
    """Keeps each thing until it is acknowledged or refused for good, and sends the things of a room in their order.

    One thing of a room is on its way at a time: a second one could overtake a first one that is refused for the moment.
    At most `in_flight` are on their way over all rooms, at most `limit` are kept. A refusal for the moment holds
    everything back, since the server's allowance is the person's. Times are seconds of any monotonic clock.
    """

    def __init__(self, random: Callable[[], float], *, in_flight: int = 16, limit: int = 1000) -> None:
        self._random = random
        self._most_in_flight = in_flight
        self._limit = limit
        self._lines: dict[int, deque[Unsent]] = {}
        self._known: dict[Key, Unsent] = {}
        self._flying: dict[Key, float] = {}
        self._attempt = 0
        self._not_before = float("-inf")

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    @property
    def oldest_flight(self) -> float | None:
        """When the one that is on its way for longest was sent; None when none is."""
        return min(self._flying.values(), default=None)

    @property
    def held_until(self) -> float:
        """Nothing is sent before this time."""
        return self._not_before

    def add(self, unsent: Unsent) -> None:
        """Put something at the end of its room's line; raise OutboxFull, or ValueError for an id that is in use.

        The same thing under the same id is there once.
        """
        known = self._known.get(unsent.key)
        if known is not None:
            if known != unsent:
                raise ValueError(f"{unsent.client_id!r} already names something else that waits in this room")
            return
        if len(self._known) >= self._limit:
            raise OutboxFull(f"{self._limit} things wait for their acknowledgement")
        self._known[unsent.key] = unsent
        self._lines.setdefault(unsent.room, deque()).append(unsent)

    def due(self, now: float) -> Iterator[Unsent]:
        """Yield what is to be sent now; each counts as on its way.

        Whatever leaves the outbox in place of being sent makes way for the one behind it, which is yielded next.
        """
        if now < self._not_before:
            return
        for line in list(self._lines.values()):
            while line and line[0].key not in self._flying:
                if len(self._flying) >= self._most_in_flight:
                    return
                self._flying[line[0].key] = now
                yield line[0]

    def acknowledged(self, room: int, client_id: str) -> Unsent | None:
        """Forget what is stored; None when it was not waited for (any more)."""
        self._attempt = 0
        return self._forget((room, client_id))

    def refused(
        self, room: int | None, client_id: str, code: str, *, retryable: bool, wait: float | None, now: float
    ) -> Unsent | None:
        """Return what was refused for good, which is then forgotten; None for what stays and is sent again.

        `wait` are the seconds that the server asked for; without them the pauses grow.
        """
        key = self._key(room, client_id)
        if key is None:
            return None
        if not retryable and code not in _ABOUT_THE_LOGIN:
            return self._forget(key)
        self._flying.pop(key, None)
        pause = full_jitter(self._attempt, self._random) if wait is None else wait
        self._attempt += 1
        self._not_before = max(self._not_before, now + pause)
        return None

    def disconnected(self) -> None:
        """Nobody knows what arrived: all of it is sent again."""
        self._flying.clear()

    def snapshot(self) -> bytes:
        """Return everything that is not acknowledged, as JSON to keep over a restart."""
        return msgspec.json.encode([unsent for line in self._lines.values() for unsent in line])

    def restore(self, snapshot: bytes) -> None:
        """Take back what a snapshot holds; raise msgspec.DecodeError when it is none."""
        for unsent in msgspec.json.decode(snapshot, type=list[Unsent]):
            self.add(unsent)

    def _key(self, room: int | None, client_id: str) -> Key | None:
        if room is not None:
            return (room, client_id) if (room, client_id) in self._known else None
        # an error that names no room is about something on its way
        return next((key for key in self._flying if key[1] == client_id), None)

    def _forget(self, key: Key) -> Unsent | None:
        unsent = self._known.pop(key, None)
        if unsent is None:
            return None
        self._flying.pop(key, None)
        line = self._lines[unsent.room]
        line.remove(unsent)
        # whoever was served goes to the end, so that one busy room does not keep the others waiting
        del self._lines[unsent.room]
        if line:
            self._lines[unsent.room] = line
        return unsent


def new_client_id() -> str:
    """Return an id that nobody else makes."""
    return str(uuid.uuid4())
