"""A line: one client's socket that is opened again whenever it is lost."""

import asyncio
import contextlib
import random
from typing import Any, ClassVar

import httpx

from duologue.verify.people import Person
from duologue.verify.scene import Scene
from duologue.verify.websocket import LostError, RefusedError, Socket

_OPENING_SECONDS = 15.0
_LONGEST_PAUSE_SECONDS = 1.5
_UNAUTHENTICATED = 4401
# "stop and report, a defect of the client", another database, not in the room: never deserved here
_NEVER_DESERVED = frozenset({1002, 1003, 1007, 1008, 1009, 4403, 4410})
EXCUSED = frozenset({"token_expired", "auth_timeout"})
"""Refusals for good that only say that time has passed."""
_TOO_MUCH = frozenset({1013, 4429})


class Line:
    """Subclass it and fill in `begin` and `take`. `room`: the one of its socket; None is the socket of all rooms."""

    v1: ClassVar[bool]

    def __init__(self, scene: Scene, person: Person, name: str, room: int | None, *, slow: bool = False) -> None:
        self.scene = scene
        self.person = person
        self.name = name
        self.room = room
        self.slow = slow
        self.socket: Socket | None = None
        self.joined = asyncio.Event()
        self._connections = 0
        self._failures = 0

    @property
    def lane(self) -> str:
        """The connection of now."""
        return f"{self.name}#{self._connections}"

    def begin(self, socket: Socket) -> None:
        """Say what comes first on a new connection."""
        raise NotImplementedError

    def take(self, frame: dict[str, Any]) -> None:
        """Take a frame."""
        raise NotImplementedError

    def lost(self) -> None:
        """The connection is gone."""

    async def run(self) -> None:
        """Be connected, until cancelled."""
        try:
            while True:
                try:
                    await self._live()
                except LostError as end:
                    await self._ended(end)
                except RefusedError as refusal:
                    await self._turned_away(refusal.status)
                except (OSError, TimeoutError):
                    pass
                self._failures += 1
                most = min(_LONGEST_PAUSE_SECONDS, 0.02 * 2**self._failures)
                await asyncio.sleep(random.uniform(0, most))  # noqa: S311 - jitter
        finally:
            if self.socket is not None:
                self.socket.close()

    def has_joined(self) -> None:
        """The server takes us in: what went wrong before is over."""
        self._failures = 0
        self.joined.set()

    def cut(self) -> None:
        """End the connection with a RST, as the network would."""
        if self.socket is not None:
            self.socket.cut()

    def cut_sending(self) -> None:
        """The same in the middle of a frame; nobody has a record of its words, so nobody may ever hear them."""
        if self.socket is not None:
            half = {"type": "message", "room": self.room, "client_id": f"{self.lane}-half", "message": "half " * 100}
            self.socket.cut_while_sending(half)

    async def _live(self) -> None:
        path = "/ws/chat/" if self.room is None else f"/ws/chat/{self.room}/"
        # a one-room socket shows its token in the handshake, the other one in its greeting
        token = None if self.room is None else self.person.token
        async with asyncio.timeout(_OPENING_SECONDS):
            socket = await Socket.open(self.scene.address, path, token, v1=self.v1, slow=self.slow)
        self.socket = socket
        self._connections += 1
        late = asyncio.get_running_loop().call_later(_OPENING_SECONDS, self._still_outside, socket)
        try:
            self.begin(socket)
            while True:
                frame = await socket.receive()
                try:
                    self.take(frame)
                except (KeyError, TypeError, AttributeError, ValueError) as error:
                    self.scene.complain(f"{self.lane} heard a broken frame ({error!r}): {str(frame)[:200]}")
        finally:
            late.cancel()
            self.socket = None
            self.joined.clear()
            self.lost()
            socket.close()

    def _still_outside(self, socket: Socket) -> None:
        if self.socket is socket and not self.joined.is_set():
            socket.cut()

    async def _ended(self, end: LostError) -> None:
        self.scene.counts["reconnects"] += 1
        self.scene.closes[end.code] += 1
        if end.code in _NEVER_DESERVED:
            self.scene.complain(f"{self.lane} was closed with {end.code} {end.reason}")
            await asyncio.sleep(_LONGEST_PAUSE_SECONDS)
        elif end.code == _UNAUTHENTICATED:
            await self._refresh()
        elif end.code in _TOO_MUCH:
            await asyncio.sleep(random.uniform(0, 0.5))  # noqa: S311 - jitter

    async def _turned_away(self, status: int) -> None:
        if status == httpx.codes.UNAUTHORIZED:
            await self._refresh()
        elif status < 500 and status != httpx.codes.TOO_MANY_REQUESTS:
            self.scene.complain(f"{self.name} may not open its socket: {status}")
        await asyncio.sleep(0.3)

    async def _refresh(self) -> None:
        with contextlib.suppress(httpx.HTTPError):
            await self.person.refresh(self.person.token)
