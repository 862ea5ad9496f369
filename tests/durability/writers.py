"""People who talk without a break, over sockets and REST, and note in a history what they sent and heard."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

import httpx
import websockets

from duologue.verify.history import Attempt, History, Row, row_of
from tests.rig.contract_check import async_hooks
from tests.rig.people import Person, bearer

_WINDOW = 12


class Writer:
    """Somebody in a room. What has no answer when the server dies is said again, with the same client_id."""

    def __init__(self, person: Person, room: int, name: str, history: History) -> None:
        self.person = person
        self.room = room
        self.name = name
        self.history = history
        self.unsure: dict[str, str] = {}
        self.closes: list[int | None] = []
        self._count = itertools.count(1)
        self._sessions = itertools.count(1)

    async def talk(self, enough: asyncio.Event) -> None:
        """Talk until `enough` is set and everything is answered, or the server is gone."""
        raise NotImplementedError

    def next_words(self) -> tuple[str, str]:
        """Return a client_id and a text that nobody has used."""
        number = next(self._count)
        return f"{self.name}-{number}", f"{self.name} says {number}"

    def begin(self, lane: str, client_id: str, content: str) -> Attempt:
        """Note that a message is about to leave."""
        self.unsure[client_id] = content
        return self.history.begin(lane, self.room, self.person.username, client_id, content)

    def answered(self, attempt: Attempt, message: dict[str, Any]) -> None:
        """Note that it was acknowledged."""
        attempt.answered(message["id"], message.get("seq"))
        self.unsure.pop(attempt.client_id, None)


class SocketWriter(Writer):
    """Keeps a window of frames under way on one socket; its own echo is the acknowledgement."""

    async def talk(self, enough: asyncio.Event) -> None:
        with contextlib.suppress(OSError, websockets.WebSocketException):
            async with _socket(self.person, self.room) as socket:
                await _Session(self, socket, f"{self.name}#{next(self._sessions)}").run(enough)


class _Session:
    """One socket's life."""

    def __init__(self, writer: SocketWriter, socket: websockets.ClientConnection, lane: str) -> None:
        self._writer = writer
        self._socket = socket
        self._lane = lane
        self._pending: dict[str, Attempt] = {}
        self._again = dict(writer.unsure)
        self._moved = asyncio.Event()

    async def run(self, enough: asyncio.Event) -> None:
        hearing = asyncio.create_task(self._hear())
        with contextlib.suppress(websockets.ConnectionClosed):
            for client_id, content in list(self._again.items()):
                await self._say(client_id, content)
            while not hearing.done() and not (enough.is_set() and not self._pending):
                if len(self._pending) < _WINDOW and not enough.is_set():
                    await self._say(*self._writer.next_words())
                    continue
                self._moved.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), 0.1)
        await self._socket.close()
        await hearing
        self._writer.closes.append(self._socket.close_code)

    async def _say(self, client_id: str, content: str) -> None:
        self._pending[client_id] = self._writer.begin(self._lane, client_id, content)
        await self._socket.send(json.dumps({"message": content, "client_id": client_id}))

    async def _hear(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for text in self._socket:
                self._take(json.loads(text))

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "error":
            assert frame["retryable"], frame
            return
        # while earlier messages are said again, their first places come back between the live ones
        if not self._again:
            self._writer.history.hear(self._lane, frame)
        client_id = frame["client_id"]
        if frame["sender_id"] == self._writer.person.username and client_id in self._pending:
            self._writer.answered(self._pending.pop(client_id), frame)
            self._again.pop(client_id, None)
            self._moved.set()


class RestWriter(Writer):
    """Posts over a few connections, one request after the other on each."""

    connections = 3

    async def talk(self, enough: asyncio.Event) -> None:
        session = next(self._sessions)
        again = list(self.unsure.items())
        async with httpx.AsyncClient(
            base_url=self.person.server.url,
            headers=bearer(self.person.token),
            event_hooks=async_hooks(),
            trust_env=False,
            timeout=10,
        ) as http:
            lanes = [f"{self.name}#{session}/{n}" for n in range(self.connections)]
            await asyncio.gather(*(self._post_on(http, lane, again, enough) for lane in lanes))

    async def _post_on(
        self, http: httpx.AsyncClient, lane: str, again: list[tuple[str, str]], enough: asyncio.Event
    ) -> None:
        while again or not enough.is_set():
            attempt = self.begin(lane, *(again.pop() if again else self.next_words()))
            body = {"content": attempt.content, "client_id": attempt.client_id}
            try:
                answer = await http.post(f"/api/chat/rooms/{self.room}/messages/", json=body)
            except httpx.HTTPError:
                return
            if answer.status_code in (200, 201):
                self.answered(attempt, answer.json())
            else:
                assert answer.json()["code"] in ("outcome_unknown", "overloaded"), answer.text


async def listen(person: Person, room: int, name: str, history: History) -> None:
    """Hear a room until the server is gone, without a word."""
    with contextlib.suppress(OSError, websockets.WebSocketException):
        async with _socket(person, room) as socket:
            async for text in socket:
                history.hear(name, json.loads(text))


def _socket(person: Person, room: int) -> websockets.connect:
    url = f"{person.server.ws_url}/ws/chat/{room}/"
    return websockets.connect(url, additional_headers=bearer(person.token), proxy=None, compression=None)


def final(people: Sequence[tuple[Person, int]]) -> dict[int, list[Row]]:
    """Return each room's history as one of its members reads it, each message with its `seq`."""
    rooms: dict[int, list[Row]] = {}
    for person, room in people:
        rows = person.whole_history(room)
        if len(rows) > 1:
            newest = person.http.get(
                f"/api/chat/rooms/{room}/messages/", params={"limit": 1}, headers=person.headers
            ).headers["link"]
            # the place in the list is the seq only if the newest message's own seq says so too
            assert f"before={len(rows)}&" in newest, newest
        rooms[room] = [row_of(row, seq) for seq, row in enumerate(rows, start=1)]
    return rooms
