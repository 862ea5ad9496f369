"""Devices of each dialect."""

import time
from typing import TYPE_CHECKING

from duologue.verify.history import Mark, row_of
from duologue.verify.stream import Stream
from tests.chat.any_order.device import Device, Frame, Line

if TYPE_CHECKING:
    from tests.chat.any_order.world import Member, World


class V1Device(Device):
    """Speaks v1, in one room or in all, and goes on from its cursors."""

    def __init__(self, world: "World", who: "Member", name: str, room: int | None) -> None:
        super().__init__(world, who, name)
        self.room = room
        self.stream = Stream(world.scene, name, {each: world.beginning(each) for each in self.rooms()})

    def rooms(self) -> list[int]:
        return self.who.rooms if self.room is None else [self.room]

    async def come(self) -> Line:
        line = Line(self, self.room)
        hello: Frame = {"type": "hello", "token": self.who.token}
        if self.room is None:
            hello["rooms"] = {str(room): cursor for room, cursor in self.stream.cursors.items()}
        else:
            hello["since"] = self.stream.cursors[self.room]
        line.say(hello)
        return line

    def say(self, line: Line, client_id: str) -> None:
        line.say(self._note(line, client_id))

    def act(self, line: Line) -> None:
        what = self._random.random()
        room = self._random.choice(self.rooms())
        mine = [row for row in self.stream.folds[room].rows.values() if row.sender == self.who.username]
        if what < 0.5:
            super().act(line)
        elif what < 0.65 and mine:
            self._rewrite(line, room, self._random.choice(mine).id)
        elif what < 0.8:
            self._read(line, room)
        else:
            line.say({"type": "typing", "room": room, "state": self._random.choice(("start", "start", "stop"))})

    def hear(self, line: Line, frame: Frame) -> None:
        kind = frame["type"]
        if line is not self.line:
            self.world.complain(f"{line.lane} hears after its end")
        elif kind == "ack":
            self._answered(line, frame)
        elif kind == "error":
            self._refused(line, frame)
        elif kind == "presence":
            line.online[frame["username"]] = frame["online"]
        elif kind == "typing":
            self._typing(line, frame)
        elif kind in ("ready", "rooms"):
            self._greeting(line, frame)
        elif not self.stream.take(frame):
            self.world.complain(f"{line.lane} was told {frame}")

    def is_settled(self, heads: dict[int, tuple[int, int]]) -> bool:
        at = {room: tuple(map(int, cursor.split(".")[2:])) for room, cursor in self.stream.cursors.items()}
        return not self.outbox and all(heads[room] == point for room, point in at.items())

    def _greeting(self, line: Line, frame: Frame) -> None:
        for state in frame.get("rooms", [frame] if "room" in frame else []):
            if state["cursor"] != self.stream.cursors[state["room"]]:
                self.world.complain(f"{line.lane} has {self.stream.cursors[state['room']]} and is greeted with {state}")
            for name in (state["participant_a"], state["participant_b"]):
                line.online[name] = name in state["online"]
        if frame["type"] == "ready":
            line.greeted.set()

    def _typing(self, line: Line, frame: Frame) -> None:
        if frame["username"] not in self.world.others(self.who, frame["room"]):
            self.world.complain(f"{line.lane} hears {frame}")

    def _rewrite(self, line: Line, room: int, message_id: int) -> None:
        how = {"type": "delete"} if self._random.random() < 0.3 else {"type": "edit", "message": "edited"}
        self._tell(line, how | {"room": room, "id": message_id})

    def _read(self, line: Line, room: int) -> None:
        up_to = self._random.randint(0, self.stream.last[room])
        mark = Mark(lane=line.lane, room=room, username=self.who.username, up_to_seq=up_to, began=time.monotonic_ns())
        self.world.history.marks.append(mark)
        line.say({"type": "read", "room": room, "up_to_seq": up_to})


class PlainDevice(Device):
    """Speaks the plain dialect in one room: what is said while it is away it never hears."""

    def __init__(self, world: "World", who: "Member", name: str, room: int) -> None:
        super().__init__(world, who, name)
        self.room = room

    def rooms(self) -> list[int]:
        return [self.room]

    async def come(self) -> Line:
        line = Line(self, self.room)
        # the token comes with a message
        self._tell(line, {"type": "message", "room": self.room, "message": "first"})
        return line

    def say(self, line: Line, client_id: str) -> None:
        if client_id not in line.waiting:
            first = {} if line.authenticated else {"token": self.who.token}
            line.authenticated = True
            frame = self._note(line, client_id)
            line.say(first | {"message": frame["message"], "client_id": client_id})

    def hear(self, line: Line, frame: Frame) -> None:
        line.greeted.set()
        if frame["type"] == "error":
            self._refused(line, frame)
            return
        again = self._is_said_again(line, frame)
        if frame["sender_id"] == self.who.username and frame.get("client_id") in line.waiting:
            self._answered(line, frame)
        # whoever asks again for what the room knows is answered alone; and a lost outcome is never told to this dialect
        if not again and not self.world.loses:
            line.last = frame["seq"]
            self.world.history.heard[line.lane].append(self.world.history.shared(row_of(frame)))

    def is_settled(self, heads: dict[int, tuple[int, int]]) -> bool:
        return not self.outbox

    def _is_said_again(self, line: Line, frame: Frame) -> bool:
        if line.last is not None and frame["seq"] == line.last + 1:
            return False
        name = (self.who.username, frame.get("client_id"))
        return sum((each.sender, each.client_id) == name for each in self.world.history.attempts) > 1
