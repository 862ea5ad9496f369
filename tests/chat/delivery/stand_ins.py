"""A store and a listener that do what a test tells them."""

import asyncio
from collections.abc import Sequence

import msgspec

from duologue.chat.delivery.subscription import Subscription
from duologue.chat.model import Changes, Draft, Message, Page, Posted, Room, Standing, Summary, Write
from duologue.chat.store.api import Identity, Outcome


class ScriptedStore:
    """Numbers messages from one; `gate` holds every batch back, `script` says what becomes of the next ones.

    `begun`: the first batch has come.
    """

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.script: list[Outcome | Exception] = []
        self._seq = 0

    epoch = "scripted"
    healthy = True

    async def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        drafts = [write for write in writes if isinstance(write, Draft)]
        self.batches.append([draft.content for draft in drafts])
        self.begun.set()
        await self.gate.wait()
        return [self._outcome(draft) for draft in drafts]

    def _outcome(self, draft: Draft) -> Outcome:
        told = self.script.pop(0) if self.script else None
        if isinstance(told, Exception) and not isinstance(told, Outcome):
            raise told
        self._seq += 1
        message = Message(
            self._seq, draft.room.id, self._seq, draft.sender.number, draft.content, draft.created_at, draft.client_id
        )
        return told or Posted(message, duplicate=False)

    async def open_room(self, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
        raise NotImplementedError

    async def pair(self, user_id: str, username: str) -> Room | None:
        raise NotImplementedError

    async def room(self, room_id: int) -> Room | None:
        raise NotImplementedError

    async def rooms_of(self, user_id: str, *, before: tuple[int, int] | None, limit: int) -> list[Summary]:
        raise NotImplementedError

    async def page_around(self, room: Room, seq: int, limit: int) -> Page:
        raise NotImplementedError

    async def changes(self, room: Room, seq: int, change: int, limit: int) -> Changes | None:
        raise NotImplementedError

    async def rooms_with(self, user_id: str) -> list[int]:
        raise NotImplementedError

    async def standings(self, user_id: str, room_ids: Sequence[int]) -> list[Standing]:
        raise NotImplementedError

    async def hides_presence(self, user_id: str) -> bool:
        raise NotImplementedError

    async def hide_presence(self, who: Identity, hidden: bool) -> None:
        raise NotImplementedError

    async def page(self, room: Room, *, before: int | None, after: int | None, limit: int) -> Page:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to let go of."""


class Ear:
    """A listener that keeps what it hears; `broken` makes it raise."""

    def __init__(self, *, broken: bool = False) -> None:
        self.heard: list[int] = []
        self.frames: list[bytes] = []
        self.broken = broken
        self.was_cut = False
        self.whispered: list[bytes] = []
        self.behind: list[Subscription] = []
        self.opened: list[Room] = []

    user_id = "1"

    def whisper(self, frame: bytes) -> bool:
        self.whispered.append(frame)
        return True

    def fell_behind(self, subscription: Subscription) -> None:
        self.behind.append(subscription)

    def room_opened(self, room: Room) -> None:
        self.opened.append(room)

    def deliver(self, frames: Sequence[bytes]) -> None:
        if self.broken:
            raise ConnectionError
        self.heard += [msgspec.json.decode(frame[frame.index(b"{") :])["seq"] for frame in frames]
        self.frames += frames

    def cut(self) -> None:
        self.was_cut = True
