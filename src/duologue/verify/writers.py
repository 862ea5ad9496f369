"""Those who speak: over v1 sockets, plain sockets and REST. What has no answer is said again, with its client_id."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from duologue.verify.author import Author, Item
from duologue.verify.line import EXCUSED, Line
from duologue.verify.people import code_of
from duologue.verify.readers import Reader
from duologue.verify.websocket import LostError, Socket

_WINDOW = 60
_MOST_AT_ONCE = 12
_ABANDONED_EVERY = 15
_PATIENCE_SECONDS = 15.0
_MOST_PER_SECOND = 40.0
_SHARE_OF_ALLOWANCE = 0.9


class Writer(Protocol):
    """Any of them."""

    author: Author

    async def run(self) -> None:
        """Speak, until cancelled."""


class Pace:
    """How fast a writer speaks; `writers` share one person's allowance."""

    def __init__(self, author: Author, writers: int) -> None:
        self._author = author
        self._writers = writers

    async def turn(self, frames: int) -> None:
        """Wait until so many more may be said."""
        allowed = self._author.scene.limits.sends_per_second * _SHARE_OF_ALLOWANCE / self._writers
        await asyncio.sleep(frames / min(_MOST_PER_SECOND, allowed) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter


class _Pipeline:
    """What is under way on a writer's socket."""

    def __init__(self, line: Line, author: Author, pace: Pace) -> None:
        self._line = line
        self._author = author
        self._pace = pace
        self._flying: dict[str, Item] = {}
        self._speaking: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._flying.clear()
        self._speaking = asyncio.create_task(self._speak(self._line.lane))

    def stop(self) -> None:
        if self._speaking is not None:
            self._speaking.cancel()

    def answered(self, client_id: str, message_id: int, seq: int) -> bool:
        item = self._flying.pop(client_id, None)
        return item is not None and self._author.answered(item, self._line.lane, message_id, seq)

    def refused(self, frame: Mapping[str, Any]) -> None:
        line, author = self._line, self._author
        item = self._flying.pop(frame.get("client_id", ""), None)
        if item is not None and frame.get("retryable"):
            author.refused(item, line.lane, frame["code"])
            wait = frame.get("retry_after_ms", 100) / 1000
            asyncio.get_running_loop().call_later(wait, self._say_again, line.lane, item)
        elif item is not None:
            author.give_up(item, line.lane, f"{frame.get('code')}: {frame.get('detail')}")
        elif not frame.get("retryable") and frame.get("code") not in EXCUSED:
            line.scene.complain(f"{line.lane} was told {frame.get('code')}: {frame.get('detail')}")

    async def _speak(self, lane: str) -> None:
        try:
            self._say(*self._author.outbox.values())
            while True:
                frames = random.randint(1, _MOST_AT_ONCE)  # noqa: S311 - bursts of any size
                await self._pace.turn(frames)
                # asked after the wait: the rooms are fetched soon after it is enough, and must not change any more
                if self._author.scene.enough.is_set():
                    return
                if len(self._author.outbox) < _WINDOW and lane == self._line.lane:
                    items = [self._author.next() for _ in range(frames)]
                    self._say(*items)
                    await asyncio.gather(
                        *(post(self._author, item) for item in items if self._author.wants_repeat(item))
                    )
        except LostError:
            return

    def _say_again(self, lane: str, item: Item) -> None:
        if lane == self._line.lane and item.client_id in self._author.outbox:
            try:
                self._say(item)
            except LostError:
                return

    def _say(self, *items: Item) -> None:
        socket = self._line.socket
        fresh = [item for item in items if item.client_id not in self._flying]
        if socket is None or not fresh:
            return
        for item in fresh:
            self._flying[item.client_id] = item
            self._author.leaving(item, self._line.lane)
        socket.send(*(self._frame(item) for item in fresh))

    def _frame(self, item: Item) -> dict[str, Any]:
        frame: dict[str, Any] = {"client_id": item.client_id}
        if item.kind != "delete":
            frame["message"] = item.content
        if self._line.v1:
            frame["type"] = item.kind
        if item.kind != "message":
            frame["id"] = item.id
        if self._line.room is None:
            frame["room"] = self._author.room
        return frame


class SocketWriter(Reader):
    """Speaks v1, and hears its rooms on the same socket."""

    def __init__(self, author: Author, room: int | None, cursors: Mapping[int, str], writers: int) -> None:
        super().__init__(author.scene, author.person, author.name, room, cursors)
        self.author = author
        self._pipeline = _Pipeline(self, author, Pace(author, writers))

    def has_joined(self) -> None:
        """Say what is unanswered, then go on."""
        super().has_joined()
        self._pipeline.start()

    def lost(self) -> None:
        """Stop speaking."""
        self._pipeline.stop()

    def acknowledged(self, frame: Mapping[str, Any]) -> None:
        """Note it."""
        if not self._pipeline.answered(frame.get("client_id", ""), frame["id"], frame["seq"]):
            super().acknowledged(frame)

    def refused(self, frame: Mapping[str, Any]) -> None:
        """Say it again later, if that makes sense."""
        self._pipeline.refused(frame)


class PlainWriter(Line):
    """Speaks the plain dialect: its own message coming back is the acknowledgement."""

    v1 = False

    def __init__(self, author: Author, writers: int) -> None:
        super().__init__(author.scene, author.person, author.name, author.room)
        self.author = author
        self._pipeline = _Pipeline(self, author, Pace(author, writers))

    def begin(self, socket: Socket) -> None:
        """Say what is unanswered, then go on."""
        self.has_joined()
        self._pipeline.start()

    def lost(self) -> None:
        """Stop speaking."""
        self._pipeline.stop()

    def take(self, frame: dict[str, Any]) -> None:
        """Note an acknowledgement."""
        if frame["type"] == "error":
            self._pipeline.refused(frame)
        elif frame["type"] == "message" and frame["sender_id"] == self.person.username:
            # its own words over another path come back too: they answer nothing here
            self._pipeline.answered(frame.get("client_id", ""), frame["id"], frame["seq"])


class RestWriter:
    """Posts, edits and deletes, one request after the other; drops a few requests before the answer."""

    def __init__(self, author: Author, writers: int) -> None:
        self.author = author
        self._pace = Pace(author, writers)

    async def run(self) -> None:
        """Speak, until cancelled."""
        author = self.author
        while True:
            await self._pace.turn(1)
            # asked after the wait, as above
            item = next(iter(author.outbox.values()), None)
            if item is None and author.scene.enough.is_set():
                continue
            item = item or author.next()
            if not await post(author, item, abandon=random.randrange(_ABANDONED_EVERY) == 0):  # noqa: S311 - any of them
                await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311 - jitter


async def post(author: Author, item: Item, *, abandon: bool = False) -> bool:
    """Say something over REST; False when it is to be said again. `abandon`: hang up before the answer can be here."""
    lane = f"{author.name}/rest"
    if lane in item.tries:
        lane = f"{lane}+{len(item.tries)}"
    author.leaving(item, lane)
    patience = _PATIENCE_SECONDS
    if abandon:
        author.scene.faults["requests abandoned"] += 1
        patience = random.uniform(0.0001, 0.01)  # noqa: S311 - any moment
    try:
        answer = await _request(author, item, patience)
    except httpx.HTTPError:
        return False
    if answer.status_code in (httpx.codes.OK, httpx.codes.CREATED):
        author.answered(item, lane, answer.json()["id"], None)
        return True
    if answer.status_code in (429, 500, 502, 503, 504):
        author.refused(item, lane, code_of(answer))
    else:
        author.give_up(item, lane, f"{answer.status_code} {code_of(answer)}")
    return False


async def _request(author: Author, item: Item, patience: float) -> httpx.Response:
    path = f"/api/chat/rooms/{author.room}/messages/"
    words = {"content": item.content}
    if item.kind == "message":
        key = {"idempotency-key": f'"{item.client_id}"'}
        return await author.person.ask("POST", path, json=words, headers=key, patience=patience)
    if item.kind == "edit":
        return await author.person.ask("PATCH", f"{path}{item.id}/", json=words, patience=patience)
    return await author.person.ask("DELETE", f"{path}{item.id}/", patience=patience)
