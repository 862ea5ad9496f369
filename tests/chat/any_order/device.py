"""A device in a virtual world: it comes, speaks, goes in any way, comes back, and says again what has no answer."""

import asyncio
import itertools
import json
import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from duologue.verify.history import Attempt, Change, kept
from tests.rig.raw_socket import CLOSE, TEXT

if TYPE_CHECKING:
    from tests.chat.any_order.world import Member, World

Frame = dict[str, Any]
_SAID_AGAIN = {"overloaded", "outcome_unknown", "rate_limited"}


class Line:
    """One connection of a device's. `told`: what it can tell of that arrived. `online`: who is here, as it was told."""

    def __init__(self, device: "Device", room: int | None) -> None:
        world = device.world
        self.device = device
        self.lane = f"{device.name}, line {next(world.numbers)}"
        self.greeted = asyncio.Event()
        self.ended = asyncio.Event()
        self.online: dict[str, bool] = {}
        self.waiting: dict[str, Attempt | Change] = {}
        self.last: int | None = None
        self.authenticated = False
        self._world = world
        self.wire = world.connect(room, self)
        self.wire.open()

    def say(self, frame: Frame) -> None:
        """Send a frame."""
        if not self.wire.over:
            self.wire.say(TEXT, json.dumps(frame).encode())

    def heard(self, opcode: int, payload: bytes) -> None:
        self._world.note(self.lane, payload)
        if opcode == TEXT:
            frame = json.loads(payload)
            self._world.kinds[frame["code"] if frame["type"] == "error" else frame["type"]] += 1
            self.device.hear(self, frame)
        elif opcode == CLOSE:
            self._world.closes[int.from_bytes(payload[:2], "big")] += 1
            self.wire.say(CLOSE, payload[:2])

    def gone(self) -> None:
        self._world.note(self.lane, b"gone")
        self.ended.set()
        self.greeted.set()


class Device:
    """What one of a person's devices keeps. `outbox`: the frames that it said and has no answer to, by client_id."""

    def __init__(self, world: "World", who: "Member", name: str) -> None:
        self.world = world
        self.who = who
        self.name = name
        self.line: Line | None = None
        self.outbox: dict[str, Frame] = {}
        self._random = world.loop.random

    @abstractmethod
    async def come(self) -> Line:
        """Open a connection and come in."""

    @abstractmethod
    def hear(self, line: Line, frame: Frame) -> None:
        """Take a frame."""

    @abstractmethod
    def is_settled(self, heads: dict[int, tuple[int, int]]) -> bool:
        """Tell whether all was answered and heard."""

    @abstractmethod
    def say(self, line: Line, client_id: str) -> None:
        """Say what is in the outbox, for the first time or again."""

    async def live(self) -> None:
        """Come and go."""
        await asyncio.sleep(self._random.uniform(0, 1))
        for _ in range(self._random.randint(1, 3)):
            await self._visit()
            await asyncio.sleep(self._random.choice((0, 0.01, 0.2, 2)) * self._random.random())

    async def stay(self) -> None:
        """Come in and stay, as often as that takes; say a last word."""
        for last_words in itertools.chain([True], itertools.repeat(False)):
            line = await self._enter()
            line.wire.pace = self.world.fast
            if last_words:
                self.act(line)
            await line.ended.wait()

    async def _enter(self) -> Line:
        self.line = line = await self.come()
        await line.greeted.wait()
        for client_id in list(self.outbox):
            self.say(line, client_id)
        return line

    async def _visit(self) -> None:
        line = await self._enter()
        for _ in range(self._random.randint(0, 6)):
            if line.ended.is_set():
                return
            self.act(line)
            await asyncio.sleep(self._random.choice((0, 0.005, 0.05, 0.5)) * self._random.random())
        if self._random.random() < 0.5:
            line.wire.reset()
        else:
            line.wire.say(CLOSE, (1000).to_bytes(2, "big"))
        await line.ended.wait()

    def act(self, line: Line) -> None:
        """Say something, or a few things at once."""
        for _ in range(self._random.choice((1, 1, 2, 5))):
            self.new(line)

    def new(self, line: Line) -> None:
        """Say something new."""
        room = self._random.choice(self.rooms())
        self._tell(line, {"type": "message", "room": room, "message": "." * self._random.choice((1, 1, 1, 300))})

    def _tell(self, line: Line, frame: Frame) -> None:
        client_id = f"{self.name}-{next(self.world.numbers)}"
        words = {"message": f"{frame['message']} {client_id}"} if "message" in frame else {}
        self.outbox[client_id] = frame | words | {"client_id": client_id}
        self.say(line, client_id)

    def rooms(self) -> list[int]:
        """Return where it can speak."""
        return self.who.rooms

    def _note(self, line: Line, client_id: str) -> Frame:
        """Enter a try into the history and return the frame."""
        frame, now = self.outbox[client_id], time.monotonic_ns()
        common: Frame = {"lane": line.lane, "room": frame["room"], "sender": self.who.username, "client_id": client_id}
        if frame["type"] == "message":
            attempt = Attempt(**common, content=kept(frame["message"]), began=now)
            self.world.history.attempts.append(attempt)
            line.waiting[client_id] = attempt
        else:
            change = Change(**common, id=frame["id"], content=frame.get("message"), began=now)
            self.world.history.changes.append(change)
            line.waiting[client_id] = change
        return frame

    def _answered(self, line: Line, frame: Frame) -> None:
        waiting = line.waiting.pop(frame["client_id"], None)
        self.outbox.pop(frame["client_id"], None)
        if isinstance(waiting, Attempt):
            waiting.answered(frame["id"], frame["seq"])
            self.world.look_sometimes(self.who, waiting)
        elif waiting is not None:
            waiting.accepted()

    def _refused(self, line: Line, frame: Frame) -> None:
        client_id, code = frame.get("client_id", ""), frame["code"]
        waiting = line.waiting.pop(client_id, None)
        if waiting is not None and code != "outcome_unknown":
            waiting.refused()
        if code in _SAID_AGAIN:
            self.world.loop.call_later(self._random.uniform(0, 1.5), self._again, line, client_id)
        elif code == "message_deleted" and isinstance(waiting, Change):
            del self.outbox[client_id]
        else:
            self.world.complain(f"{line.lane} was told {frame}")

    def _again(self, line: Line, client_id: str) -> None:
        if line is self.line and not line.ended.is_set() and client_id in self.outbox:
            self.say(line, client_id)
