"""Clients of people on a real server, somebody who listens, and a wire that breaks on demand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from duologue.client import Client, ConnectionChanged, Event, MessageReceived
from duologue.client.core.backoff import LONGEST_SECONDS
from tests.rig.people import Person

Kind = TypeVar("Kind", bound=Event)
WAIT_SECONDS = 2 * LONGEST_SECONDS + 15.0
"""Bounds what must come: a server that is back may be met after one longest pause and let us in after another."""


def client_of(person: Person, url: str | None = None, **options: Any) -> Client:
    """Return a client that logs in with the password."""
    return Client(url or person.server.url, username=person.username, password=person.password, **options)


class Ear:
    """Reads a client's events into a list. `error` is what ended the reading."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.events: list[Event] = []
        self.error: Exception | None = None
        self._more = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._listen())

    @classmethod
    async def at(cls, client: Client) -> "Ear":
        """Return an ear of a client that is live."""
        ear = cls(client)
        await ear.live()
        return ear

    async def live(self) -> None:
        """Wait until the socket is live."""
        await self.until(lambda: any(event.state == "live" for event in self.of(ConnectionChanged)))

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    def texts(self) -> list[str]:
        """Return what was said."""
        return [event.message.text for event in self.of(MessageReceived)]

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for what the events make true."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not ready():
                self._more.clear()
                await self._more.wait()

    async def stop(self) -> None:
        """Read no more."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _listen(self) -> None:
        try:
            async for event in self.client.events():
                self.events.append(event)
                self._more.set()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
            self._more.set()


class Wire:
    """A TCP proxy. `cut_after` bytes from the server each new connection ends, in the midst of whatever it is."""

    def __init__(self, port: int) -> None:
        self.cut_after: list[int] = []
        self.connections = 0
        self.port = 0
        self._behind = port
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        left = self.cut_after.pop(0) if self.cut_after else None
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            out = asyncio.create_task(_pass_on(reader, there_writer, None))
            back = asyncio.create_task(_pass_on(there_reader, writer, left))
            await asyncio.wait({out, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in (out, back):
                pump.cancel()
            await asyncio.gather(out, back, return_exceptions=True)
            for end in (writer, there_writer):
                end.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int | None) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536 if left is None else min(left, 65536)):
            writer.write(data)
            await writer.drain()
            if left is not None:
                left -= len(data)
                if left <= 0:
                    return
