"""The product's chat, from the socket's frames to SQLite, in a world where a seed decides what happens when.

All parts are the product's own. Stand-ins are what is around them: the clock, the threads and the network, auth's
answers, the people.
"""

import asyncio
import itertools
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from duologue.chat.access.auth_service import AuthService
from duologue.chat.api.socket import endpoint
from duologue.chat.cursors import cursor
from duologue.chat.delivery import catch_up, group_commit
from duologue.chat.frames.states import message_state
from duologue.chat.migrations import migrate
from duologue.chat.model import Room
from duologue.chat.service import assemble
from duologue.chat.settings import ChatSettings
from duologue.chat.store.api import OutcomeUnknownError
from duologue.chat.store.sqlite import SqliteStore
from duologue.kit.websocket import Handshake
from duologue.verify.address import address_of
from duologue.verify.history import Attempt, History, Row, Sight, row_of
from duologue.verify.oracle import verdict
from duologue.verify.scene import Scene
from tests.chat.any_order.device import Device, Line
from tests.chat.any_order.dialects import PlainDevice, V1Device
from tests.chat.people import ALICE, BOB, EVE, NOON, Known
from tests.rig.issuer import Issuer
from tests.rig.virtual_loop import VirtualLoop, has_one_thread, virtual_clock
from tests.rig.virtual_wire import Pace, VirtualWire

_PAIRS = ((ALICE, BOB), (BOB, EVE))
_ISSUER = Issuer()
_MOST_SECONDS_TO_SETTLE = 120
_SECONDS_UNTIL_ALL_IS_TOLD = 15


def template(folder: Path) -> Path:
    """Return an empty database, the same each time."""
    file = folder / "chat.sqlite3"
    migrate(file)
    connection = apsw.Connection(str(file))
    connection.execute("UPDATE meta SET value = 'virtual' WHERE key = 'epoch'")
    connection.close()
    return file


@dataclass
class Member:
    """A person with a token, and the rooms where they are."""

    known: Known
    rooms: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.username = self.known.username
        self.token = _TOKENS[self.known.user_id]


def _token(who: Known) -> str:
    return _ISSUER.token(who.username, sub=who.user_id, jti=who.user_id, sid=who.user_id, iat=0, exp=4_000_000_000)


_TOKENS = {who.user_id: _token(who) for who in (ALICE, BOB, EVE)}


class World:
    """One run. `loses`: the outcome of a commit may be lost, although it is durable. `trace`: all that was heard."""

    def __init__(self, loop: VirtualLoop, folder: Path) -> None:
        self.loop = loop
        self.numbers = itertools.count(1)
        self.history = History()
        self.closes: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.trace: list[str] = []
        self.fast = Pace(0.001, 4000, 1_000_000)
        self.loses = loop.random.random() < 0.5
        self._lines: list[Line] = []
        self._looking: list[asyncio.Task[None]] = []
        self._store = SqliteStore(folder / "chat.sqlite3")
        self._settings = self._chosen(folder)
        self._auth = AuthService("http://auth.invalid", 1.0, httpx.MockTransport(_nothing_new))
        self._rooms: dict[int, Room] = {}

    def _chosen(self, folder: Path) -> ChatSettings:
        pick = self.loop.random.choice
        chosen = {
            "held_events": 16, "queued_frames": pick((4, 16, 64)), "queued_bytes": 65_536, "stalled_seconds": 2,
            "writer_queue": pick((3, 10, 1000)), "sends_per_second": 100_000, "sends_burst": 100_000,
            "signals_per_second": 100_000, "signals_burst": 100_000, "revocation_interval": 60,
            "sockets_per_user": 100, "waiting_sockets": 100,
        }  # fmt: skip
        return ChatSettings.model_validate({"data": folder} | chosen)

    async def run(self) -> None:
        """Let everybody live, then see what it has come to."""
        self.scene = Scene(address_of("http://virtual"), 0, self.history)
        self.chat = assemble(self._settings, self._store, self._auth)
        self.chat.keys.known = _ISSUER.keys()
        self._open_socket = endpoint(self.chat)
        members = await self._people()
        devices = self._devices(members)
        self.loop.loses_answers = self._lost
        await asyncio.gather(*(device.live() for device in devices))
        staying = [asyncio.create_task(device.stay()) for device in devices]
        await self._settle(devices)
        await self._judge_presence()
        for task in staying:
            task.cancel()
        await asyncio.wait([*staying, *self._looking])
        await self._look_at_last()
        await self.chat.close()

    # What devices use

    def connect(self, room: int | None, line: Line) -> VirtualWire:
        """Open a socket."""
        path = "/ws/chat/" if room is None else f"/ws/chat/{room}/"
        accepted = self._open_socket(Handshake(path=path, query="", headers={}, client="192.0.2.1"))
        pick = self.loop.random.choice
        pace = Pace(pick((0.001, 0.01, 0.2)), pick((200, 1000, 5000)), pick((500, 2000, 65_536)))
        self._lines.append(line)
        return VirtualWire(self.loop, accepted.socket, line, pace)

    def beginning(self, room: int) -> str:
        """Return the cursor of a room with nothing in it."""
        return cursor(self.chat.store.epoch, room, 0, 0)

    def others(self, who: Member, room: int) -> list[str]:
        """Return who else is in a room."""
        return [each.username for each in self._rooms[room].participants if each.username != who.username]

    def note(self, lane: str, payload: bytes) -> None:
        """Keep what was heard, and when."""
        self.trace.append(f"{self.loop.time():.6f} {lane}: {payload!r}")

    def complain(self, text: str) -> None:
        """Note what nobody may be told."""
        self.scene.complain(text)

    def look_sometimes(self, who: Member, attempt: Attempt) -> None:
        """Ask for a message that was acknowledged."""
        if self.loop.random.random() < 0.3:
            self._looking.append(self.loop.create_task(self._look(who, attempt)))

    # Inside

    def _lost(self, executor: Executor | None) -> BaseException | None:
        return (
            OutcomeUnknownError()
            if has_one_thread(executor) and self.loses and self.loop.random.random() < 0.2
            else None
        )

    async def _people(self) -> dict[str, Member]:
        members = {who.user_id: Member(who) for who in (ALICE, BOB, EVE)}
        for pair in _PAIRS:
            room, _ = await self.chat.store.open_room(*pair, NOON)
            self._rooms[room.id] = room
            for who in pair:
                members[who.user_id].rooms.append(room.id)
        return members

    def _devices(self, members: dict[str, Member]) -> list[Device]:
        devices: list[Device] = []
        for who in members.values():
            for number in range(self.loop.random.randint(1, 2)):
                where = self.loop.random.choice([None, *who.rooms])
                devices.append(V1Device(self, who, f"{who.username}-{number}", where))
            if self.loop.random.random() < 0.6:
                room = self.loop.random.choice(who.rooms)
                devices.append(PlainDevice(self, who, f"{who.username}-plain", room))
        return devices

    async def _settle(self, devices: list[Device]) -> None:
        until = self.loop.time() + _MOST_SECONDS_TO_SETTLE
        while True:
            heads = await self._heads()
            if all(device.is_settled(heads) for device in devices):
                return
            if self.loop.time() > until:
                self.complain(f"nothing comes to rest: {[each.name for each in devices if not each.is_settled(heads)]}")
                return
            await asyncio.sleep(0.5)

    async def _heads(self) -> dict[int, tuple[int, int]]:
        standings = await self.chat.store.standings(BOB.user_id, list(self._rooms))
        return {each.room.id: (each.seq, each.change) for each in standings}

    async def _judge_presence(self) -> None:
        await asyncio.sleep(_SECONDS_UNTIL_ALL_IS_TOLD)
        lines = [each for each in self._lines if not each.ended.is_set() and isinstance(each.device, V1Device)]
        here = {line.device.who.username for line in lines}
        for line in lines:
            told = {name for name, online in line.online.items() if online}
            right = {name for name in line.online if name in here}
            if told != right:
                self.complain(f"{line.lane} believes that {told} are here, and {right} are")

    async def _look(self, who: Member, attempt: Attempt) -> None:
        room, asked = self._rooms[attempt.room], time.monotonic_ns()
        assert attempt.id is not None
        assert attempt.seq is not None
        page = await self.chat.store.page(room, before=None, after=attempt.seq - 1, limit=1)
        shown = next((_row(room, message) for message in page.messages), None)
        sight = Sight(by=who.username, room=room.id, id=attempt.id, asked=asked, row=shown)
        self.history.sights.append(sight)

    async def _look_at_last(self) -> None:
        for room in self._rooms.values():
            page = await self.chat.store.page(room, before=None, after=None, limit=100_000)
            self.history.final[room.id] = [_row(room, message) for message in page.messages]
        for standing in await self.chat.store.standings(BOB.user_id, list(self._rooms)):
            marks = {standing.room.username_of(each.person): each.last_read_seq for each in standing.reads}
            self.history.marks_at_last[standing.room.id] = marks


@dataclass
class Run:
    """What a seed led to. `violations`: what judge and clients found; `kinds`: of frames, and codes of errors."""

    seed: int
    violations: list[str]
    trace: list[str]
    kinds: Counter[str]
    closes: Counter[int]


def run(seed: int, empty: Path, folder: Path) -> Run:
    """Let a world run on a copy of an empty database."""
    shutil.copy(empty, folder / "chat.sqlite3")
    loop = VirtualLoop(seed)
    with (
        _bounds(loop),
        virtual_clock(loop),
        capture_logs() as logs,
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        world = World(loop, folder)
        runner.run(world.run())
    complaints = [str(entry) for entry in logs if entry["log_level"] in ("error", "critical")] + loop.errors
    violations = verdict(world.history) + [f"C12 {each}" for each in complaints]
    return Run(seed, violations, world.trace, world.kinds, world.closes)


@contextmanager
def _bounds(loop: VirtualLoop) -> Iterator[None]:
    """Small ones, so that pages have seams and batches are cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catch_up, "_PAGE", loop.random.choice((1, 3, 300)))
        patch.setattr(group_commit, "_BATCH", loop.random.choice((2, 5, 1024)))
        yield


def _row(room: Room, message: Any) -> Row:
    return row_of(msgspec.to_builtins(message_state(room, message)))


def _nothing_new(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"ended": [], "next": "a.1", "more": False, "keep": 60})
