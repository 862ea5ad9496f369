"""Connections to a model room: the real gate and the real frames without input or output.

What the server does between two waits is one method here, so that a test can put anything in between.
"""

import itertools
import json
from dataclasses import dataclass, field

import msgspec

from duologue.chat.delivery.subscription import Subscription, Verdict
from duologue.chat.frames import event_frame, room_state, sync_frame
from duologue.chat.model import Changes, Done, Person, Standing
from duologue.verify.history import Row, row_of
from tests.chat.delivery.model_room import EPOCH, ROOM, ModelRoom
from tests.rig.v1_state import RoomCopy


@dataclass
class Device:
    """What somebody's device keeps over all its connections. `outbox`: what it said and has no answer to."""

    who: Person
    copy: RoomCopy
    outbox: list[str] = field(default_factory=list)


class Connection:
    """One v1 connection: the gate, the page that is being read, and the device behind it.

    `since`: up to which `seq` the device had everything when it began; `heard`: the new messages that it was told.
    """

    numbers = itertools.count(1)

    def __init__(self, gate: Subscription, device: Device) -> None:
        self.lane = f"connection {next(self.numbers)}"
        self.gate = gate
        self.device = device
        self.client = device.copy
        self.kept = self.client.cursor
        self.greeted = False
        self.since = 0
        self.page: Changes | None = None
        self.heard: list[Row] = []

    def greet(self, standing: Standing) -> None:
        """Say where the room stands and go live where nothing was missed, as Places does."""
        self.greeted = True
        head = (standing.seq, standing.change)
        at = head if self.kept is None else self.client.at
        self.since = at[0]
        self.client.begin(msgspec.to_builtins(room_state(EPOCH, standing, 1, at, [])))
        if at == head:
            self._hear(self.gate.caught_up(*at, more=False))
        else:
            self.gate.stand_at(*at)

    def fetch(self, room: ModelRoom, limit: int) -> None:
        """Read a page; what happens before it is handed over comes in between."""
        self.page = room.changes(self.gate.seq, self.gate.change, limit)

    def hand_over(self) -> None:
        """Send the page, and what was held meanwhile."""
        assert self.page is not None
        page, self.page = self.page, None
        frames = [sync_frame(EPOCH, ROOM, page)]
        self._hear([*frames, *self.gate.caught_up(page.seq, page.change, more=page.more)])

    def offer(self, event: Done) -> None:
        """Something happened."""
        frame = event_frame(EPOCH, ROOM, event)
        if self.gate.offer(event, frame) is Verdict.PASS:
            self._hear([frame])

    def _hear(self, frames: list[bytes]) -> None:
        for frame in frames:
            said = json.loads(frame)
            if said["type"] == "message":
                self.heard.append(row_of(said))
            elif said["type"] == "sync":
                # also in the midst of a live connection that had missed something
                self.heard += [row_of(message) for message in said["messages"] if message["seq"] > self.client.at[0]]
            self.client.take(said)
