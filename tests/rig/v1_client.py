"""A small v1 client: it greets, keeps a copy of each room by `seq` and cursor, and checks every frame that comes.

Its copies outlive its connections: the next one continues from their cursors.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import websockets

from tests.rig.people import Person, bearer
from tests.rig.v1_state import RoomCopy

Frame = dict[str, Any]

WAIT_SECONDS = 15.0
PROTOCOL = websockets.Subprotocol("duologue.v1")
STATE = frozenset({"message", "edited", "deleted", "read", "sync"})
_numbers = itertools.count(1)


class V1Client:
    """One person's connection. Without `room` it is in all of theirs; `copies` are what earlier ones have kept."""

    def __init__(
        self, person: Person, room: int | None = None, copies: dict[int, RoomCopy] | None = None, *, port: int = 0
    ) -> None:
        self.person = person
        self.room = room
        self.copies = {} if copies is None else copies
        self.ready: Frame = {}
        self.close_code: int | None = None
        self._inbox: list[Frame] = []
        self._port = port or person.server.port
        self._socket: websockets.ClientConnection | None = None

    # A connection

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self, **hello: Any) -> None:
        """Open a socket, greet with every cursor there is, and wait for `ready`."""
        await self.open()
        await self.send(self.hello() | hello)
        self.ready = await self.expect("ready")

    async def open(self, *, token: str | None = None, subprotocol: bool = True) -> None:
        """Open a socket and say nothing; `token` goes into the header."""
        self._inbox.clear()
        path = "/ws/chat/" if self.room is None else f"/ws/chat/{self.room}/"
        self._socket = await websockets.connect(
            f"ws://127.0.0.1:{self._port}{path}",
            subprotocols=[PROTOCOL] if subprotocol else None,
            additional_headers=None if token is None else bearer(token),
            proxy=None,
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=2,
        )

    def hello(self) -> Frame:
        """Return the greeting for what there is."""
        hello: Frame = {"type": "hello", "token": self.person.token}
        known = {number: copy.cursor for number, copy in self.copies.items() if copy.cursor is not None}
        if self.room is None:
            return hello | {"rooms": {str(number): cursor for number, cursor in known.items()}}
        return hello | ({"since": known[self.room]} if self.room in known else {})

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None:
            await self._socket.close()
            self.gone()

    def cut(self) -> None:
        """Leave without a word."""
        self.socket.transport.abort()
        self.gone()

    def gone(self) -> None:
        """Note that nothing is heard any more."""
        for copy in self.copies.values():
            copy.lost_connection()

    @property
    def socket(self) -> websockets.ClientConnection:
        """What is beneath."""
        assert self._socket is not None
        return self._socket

    # Frames

    async def send(self, frame: Mapping[str, Any] | str) -> None:
        """Say anything."""
        await self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def next(self, wait: float = WAIT_SECONDS) -> Frame:
        """Return the next frame, after it was put into its place."""
        async with asyncio.timeout(wait):
            text = await self.socket.recv()
        frame: Frame = json.loads(text)
        self._take(frame)
        return frame

    async def expect(self, kind: str, wait: float = WAIT_SECONDS, **fields: Any) -> Frame:
        """Return the first frame of this type with these fields that nobody has asked for yet; others stay."""
        for position, frame in enumerate(self._inbox):
            if _fits(frame, kind, fields):
                return self._inbox.pop(position)
        async with asyncio.timeout(wait):
            while not _fits(frame := await self.next(wait), kind, fields):
                self._inbox.append(frame)
        return frame

    async def closed(self, wait: float = WAIT_SECONDS) -> int | None:
        """Read to the end; return the close code."""
        async with asyncio.timeout(wait):
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    self._inbox.append(await self.next(wait))
        self.gone()
        return self.socket.close_code

    def passed(self, kind: str) -> list[Frame]:
        """Return the frames of a type that came and that nobody has asked for."""
        return [frame for frame in self._inbox if frame["type"] == kind]

    async def silence(self, kind: str, seconds: float = 0.3, **fields: Any) -> None:
        """Hear nothing of this type; a sound server cannot fail this, however slow the machine is."""
        with contextlib.suppress(TimeoutError):
            unwanted = await self.expect(kind, seconds, **fields)
            raise AssertionError(unwanted)

    async def until(self, room: int, at: tuple[int, int]) -> RoomCopy:
        """Read until the copy of a room has come to this point."""
        async with asyncio.timeout(WAIT_SECONDS):
            while room not in self.copies or self.copies[room].at < at or not self.copies[room].live:
                self._inbox.append(await self.next())
        return self.copies[room]

    # What a person does

    async def say(self, content: str, client_id: str | None = None, **fields: Any) -> Frame:
        """Send a message and return its `ack`."""
        client_id = client_id or f"v1-{next(_numbers)}"
        await self.send({"type": "message", "message": content, "client_id": client_id, **fields})
        return await self.expect("ack", client_id=client_id)

    async def edit(self, message_id: int, content: str, **fields: Any) -> Frame:
        """Edit a message and return the `ack`."""
        client_id = f"edit-{next(_numbers)}"
        await self.send({"type": "edit", "id": message_id, "message": content, "client_id": client_id, **fields})
        return await self.expect("ack", client_id=client_id)

    async def delete(self, message_id: int, **fields: Any) -> Frame:
        """Delete a message and return the `ack`."""
        client_id = f"delete-{next(_numbers)}"
        await self.send({"type": "delete", "id": message_id, "client_id": client_id, **fields})
        return await self.expect("ack", client_id=client_id)

    async def refused(self, frame: Mapping[str, Any] | str) -> Frame:
        """Say something and return the error that answers it."""
        await self.send(frame)
        return await self.expect("error")

    # Inside

    def _take(self, frame: Frame) -> None:
        if frame["type"] in STATE:
            self.copies[frame["room"]].take(frame)
        elif frame["type"] == "resync":
            self.copies.setdefault(frame["room"], RoomCopy(frame["room"])).resync(frame)
        elif frame["type"] == "rooms":
            for state in frame["rooms"]:
                self._begin(state)
        elif frame["type"] == "ready" and self.room is not None:
            self._begin(frame)

    def _begin(self, state: Frame) -> None:
        self.copies.setdefault(state["room"], RoomCopy(state["room"])).begin(state)


def _fits(frame: Frame, kind: str, fields: Mapping[str, Any]) -> bool:
    return frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items())
