"""Reads in between: what was acknowledged must be shown to whoever asks after that."""

import asyncio
import random
import time
from typing import Any

import httpx

from duologue.verify.history import Sight, row_of
from duologue.verify.people import Person
from duologue.verify.scene import Room, Scene

_EVERY = 4
_MOST_WAITING = 8
_NEWEST = 200


class Probe:
    """Asks for a sample of what was acknowledged."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._rooms: dict[int, Room] = {room.id: room for room in scene.rooms}
        self._asked_for: asyncio.Queue[tuple[int, int, int | None]] = asyncio.Queue(_MOST_WAITING)
        self._seen = 0

    def acknowledged(self, room: int, message_id: int, seq: int | None) -> None:
        """Perhaps look for this one."""
        self._seen += 1
        if self._seen % _EVERY == 0 and not self._asked_for.full():
            self._asked_for.put_nowait((room, message_id, seq))

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            room, message_id, seq = await self._asked_for.get()
            person = random.choice(self._rooms[room].pair)  # noqa: S311 - no secret
            asked = time.monotonic_ns()
            try:
                answer = await _ask(person, room, seq)
            except httpx.HTTPError:
                continue
            if answer.status_code == httpx.codes.OK:
                self._note(person, room, message_id, seq, asked, answer.json())

    def _note(
        self, person: Person, room: int, message_id: int, seq: int | None, asked: int, page: list[dict[str, Any]]
    ) -> None:
        found = next((each for each in page if each["id"] == message_id), None)
        if found is None and seq is None and len(page) >= _NEWEST:
            # it may be older than the page
            return
        row = None if found is None else row_of(found, seq or 0)
        self._scene.counts["looked up"] += 1
        self._scene.history.sights.append(Sight(by=person.username, room=room, id=message_id, asked=asked, row=row))


async def _ask(person: Person, room: int, seq: int | None) -> httpx.Response:
    # an answer of REST has no seq: there the newest messages must show it
    params = {"limit": _NEWEST} if seq is None else {"around": seq, "limit": 1}
    return await person.ask("GET", f"/api/chat/rooms/{room}/messages/", params=params)
