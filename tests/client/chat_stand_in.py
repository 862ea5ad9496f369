"""A chat service of a few lines on a real socket: it greets whoever has the newest token, and closes with 4401 else."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.client.auth_stand_in import AuthStandIn

_WAIT_SECONDS = 20.0


class ChatStandIn:
    """`tokens` are those that it was greeted with, `heard` are all further frames of whoever was let in."""

    def __init__(self, auth: AuthStandIn) -> None:
        self.url = ""
        self.tokens: list[str] = []
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.refuses_all = False
        self._auth = auth
        self._guests: set[ServerConnection] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ChatStandIn"]:
        async with serve(self._speak, "127.0.0.1", 0, ping_interval=None) as server:
            self.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            yield self

    async def tell(self, **frame: Any) -> None:
        """Send a frame to everybody who was let in."""
        for guest in self._guests:
            await guest.send(json.dumps(frame))

    async def expire(self) -> None:
        """The token that is out is too old from now on, and so are its sockets."""
        self._auth.expire()
        await self.close(4401)

    async def close(self, code: int) -> None:
        """Close the sockets of everybody who was let in."""
        for guest in list(self._guests):
            await guest.close(code)

    async def next_frame(self) -> dict[str, Any]:
        """Return what a guest says next."""
        return await asyncio.wait_for(self.heard.get(), _WAIT_SECONDS)

    async def _speak(self, guest: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            hello = json.loads(await guest.recv())
            self.tokens.append(hello["token"])
            if self.refuses_all or hello["token"] != self._auth.newest:
                await guest.close(4401)
                return
            self._guests.add(guest)
            await guest.send(json.dumps({"type": "ready", "user": "alice", "limits": {"message_characters": 4000}}))
            async for text in guest:
                self.heard.put_nowait(json.loads(text))
        self._guests.discard(guest)
