"""What happens while a connection comes in is told, whatever it is and however long that takes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from duologue.chat.access.auth_service import AuthService
from duologue.chat.api.outcomes import Waiting
from duologue.chat.api.places import Places
from duologue.chat.delivery.subscription import Subscription
from duologue.chat.frames import Hello
from duologue.chat.model import Draft, Posted, Room
from duologue.chat.service import Chat, assemble
from duologue.chat.settings import ChatSettings
from duologue.contract.claims import AccessClaims
from duologue.kit.websocket import CloseCode
from tests.chat.people import ALICE, BOB, EVE, NOON, Known
from tests.chat.store.places import SqlitePlace

pytestmark = pytest.mark.anyio
_BOB = AccessClaims(sub=BOB.user_id, username=BOB.username, exp=int(time.time()) + 3600, iat=0, sid="s", jti="j")


class SlowReader:
    """Bob's socket, which reads when it is told to."""

    user_id = BOB.user_id

    def __init__(self) -> None:
        self.closing = False
        self.pending = 0
        self.send: Callable[[bytes], object] = lambda frame: self.heard.append(json.loads(frame[frame.index(b"{") :]))
        self.reads = asyncio.Event()
        self.asked = asyncio.Event()
        self.places: Places | None = None
        self.heard: list[dict[str, Any]] = []

    async def writable(self) -> None:
        self.asked.set()
        await self.reads.wait()

    def send_all(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self.send(frame)

    def deliver(self, frames: Sequence[bytes]) -> None:
        self.send_all(frames)

    def whisper(self, frame: bytes) -> bool:
        self.send(frame)
        return True

    def room_opened(self, room: Room) -> None:
        assert self.places is not None
        self.places.opened(room)

    def fell_behind(self, subscription: Subscription) -> None:
        assert self.places is not None
        self.places.bring_up(subscription)

    def close(self, code: CloseCode, reason: str = "") -> None:
        raise AssertionError(reason)

    def cut(self) -> None:
        raise AssertionError

    def failed(self) -> None:
        raise AssertionError

    def authenticate(self, token: str) -> None:
        raise AssertionError

    def become_v1(self, hello_text: str) -> None:
        raise AssertionError

    async def told(self, room: Room, least: int) -> list[str]:
        """Return what was said in a room, as this socket heard it, once so much has come and nothing more comes."""
        async with asyncio.timeout(10):
            while len(self._said(room)) < least:  # noqa: ASYNC110 - what is heard is under test
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        return self._said(room)

    def _said(self, room: Room) -> list[str]:
        said: dict[int, str] = {}
        for frame in self.heard:
            for message in frame.get("messages", [frame]):
                if message.get("room") == room.id and "content" in message:
                    assert message["seq"] not in said
                    said[message["seq"]] = message["content"]
        return [said[seq] for seq in sorted(said)]


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    place = SqlitePlace(tmp_path / "place")
    auth = AuthService("http://auth.invalid", 1.0, None)
    made = assemble(ChatSettings.model_validate({"data": tmp_path}), place.open(), auth)
    yield made
    await made.close()


async def opened(chat: Chat, a: Known, b: Known) -> Room:
    room, _ = await chat.store.open_room(a, b, NOON)
    chat.hub.opened(room)
    return room


async def say(chat: Chat, room: Room, words: str) -> None:
    waiting: Waiting[Posted] = Waiting()
    chat.writer.post(Draft(room, room.participant_a, words, NOON), waiting.settle)
    await waiting


async def test_a_room_that_is_opened_and_written_to_meanwhile_is_told_whole(chat: Chat) -> None:
    known = await opened(chat, ALICE, BOB)
    bob = SlowReader()
    bob.places = Places(chat, bob, None, Hello())
    joining = asyncio.create_task(bob.places.join(_BOB))
    await bob.asked.wait()
    new = await opened(chat, EVE, BOB)
    await say(chat, new, "first words")
    await say(chat, known, "meanwhile")
    bob.reads.set()
    await joining
    assert await bob.told(new, 1) == ["first words"]
    assert await bob.told(known, 1) == ["meanwhile"]
    await say(chat, new, "then live")
    assert await bob.told(new, 2) == ["first words", "then live"]
    kinds = [frame["type"] for frame in bob.heard]
    # what was held is told live; nothing about a room comes before `ready` and its `rooms`
    assert kinds.index("ready") < kinds.index("message")
    bob.places.leave()


async def test_a_slow_reader_is_told_who_is_here_now(chat: Chat) -> None:
    await opened(chat, ALICE, BOB)
    bob = SlowReader()
    bob.places = Places(chat, bob, None, Hello())
    joining = asyncio.create_task(bob.places.join(_BOB))
    await bob.asked.wait()
    await chat.presence.enter(ALICE.user_id, ALICE.username, chat.store.hides_presence(ALICE.user_id))
    bob.reads.set()
    await joining
    told = [frame["rooms"][0]["online"] for frame in bob.heard if frame["type"] == "rooms"]
    assert [sorted(online) for online in told] == [["alice", "bob"]]
    bob.places.leave()


async def test_a_room_of_two_others_is_not_told(chat: Chat) -> None:
    bob = SlowReader()
    bob.reads.set()
    bob.places = Places(chat, bob, None, Hello())
    await bob.places.join(_BOB)
    theirs = await opened(chat, ALICE, EVE)
    await say(chat, theirs, "not for him")
    assert await bob.told(theirs, 0) == []
    assert [frame["type"] for frame in bob.heard] == ["ready"]
    bob.places.leave()
