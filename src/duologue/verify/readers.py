"""Those who listen: v1 readers with a cursor, plain ones without."""

import random
from collections.abc import Mapping
from typing import Any

import httpx

from duologue.verify.history import Mark
from duologue.verify.line import EXCUSED, Line
from duologue.verify.people import Person
from duologue.verify.scene import Scene
from duologue.verify.stream import Stream
from duologue.verify.websocket import LostError, Socket

_EXPECTED = frozenset({"auth", "presence", "typing"})


class PlainReader(Line):
    """Hears one room. Without a cursor each connection is a stream of its own."""

    v1 = False

    def begin(self, socket: Socket) -> None:
        """Nothing: the token was in the handshake."""
        self.has_joined()

    def take(self, frame: dict[str, Any]) -> None:
        """Note a message."""
        if frame["type"] == "message":
            self.scene.counts["delivered"] += 1
            self.scene.history.hear(self.lane, frame)
        elif not frame.get("retryable") and frame.get("code") not in EXCUSED:
            self.scene.complain(f"{self.lane} was told {frame.get('code')} and had said nothing")


class Reader(Line):
    """Speaks v1: continues after each lost connection from its last cursor; moves its person's read marks."""

    v1 = True

    def __init__(
        self,
        scene: Scene,
        person: Person,
        name: str,
        room: int | None,
        cursors: Mapping[int, str],
        *,
        slow: bool = False,
    ) -> None:
        super().__init__(scene, person, name, room, slow=slow)
        self.stream = Stream(scene, name, cursors)
        self._marking: list[Mark] = []

    def begin(self, socket: Socket) -> None:
        """Greet, with all that we have."""
        hello: dict[str, Any] = {"type": "hello"}
        if self.room is None:
            hello["token"] = self.person.token
            hello["rooms"] = {str(room): cursor for room, cursor in self.stream.cursors.items()}
        else:
            hello["since"] = self.stream.cursors[self.room]
        socket.send(hello)

    def take(self, frame: dict[str, Any]) -> None:
        """Take a frame."""
        kind = frame["type"]
        if self.stream.take(frame):
            if kind == "read":
                self._mark_moved(frame)
        elif kind == "ready":
            self.scene.learn(frame["limits"])
            self.has_joined()
        elif kind == "token_expiring":
            self.scene.counts["tokens that were about to end"] += 1
        elif kind == "error":
            self.refused(frame)
        elif kind == "ack":
            self.acknowledged(frame)
        elif kind == "auth":
            self.scene.counts["tokens renewed"] += 1

    def acknowledged(self, frame: Mapping[str, Any]) -> None:
        """Nothing was asked here that is acknowledged."""
        self.scene.complain(f"{self.lane} heard an acknowledgement of {frame.get('client_id')} and had not sent it")

    def refused(self, frame: Mapping[str, Any]) -> None:
        """What may be tried again is tried again by itself: a later mark includes an earlier one."""
        if not frame.get("retryable") and frame.get("code") not in EXCUSED:
            self.scene.complain(f"{self.lane} was told {frame.get('code')}: {frame.get('detail')}")

    def mark_read(self) -> None:
        """Say up to where it has read, in one of its rooms."""
        room = random.choice(list(self.stream.last))  # noqa: S311 - any of them
        up_to_seq = self.stream.last[room]
        if self.socket is None or not self.joined.is_set() or up_to_seq == 0:
            return
        mark = Mark(lane=self.lane, room=room, username=self.person.username, up_to_seq=up_to_seq)
        self.scene.history.marks.append(mark)
        # only those of this connection can still be confirmed, and one that moved nothing never is
        self._marking = [each for each in self._marking[-20:] if each.lane == self.lane]
        self._marking.append(mark)
        self.socket.send({"type": "read", "up_to_seq": up_to_seq, **({} if self.room else {"room": room})})

    async def mark_read_over_rest(self) -> None:
        """The same over REST, where the answer says where the mark is."""
        room = random.choice(list(self.stream.last))  # noqa: S311 - any of them
        mark = Mark(
            lane=f"{self.name}/rest", room=room, username=self.person.username, up_to_seq=self.stream.last[room]
        )
        self.scene.history.marks.append(mark)
        try:
            answer = await self.person.ask("POST", f"/api/chat/rooms/{room}/read/", json={"up_to_seq": mark.up_to_seq})
        except httpx.HTTPError:
            return
        if answer.status_code == httpx.codes.OK:
            mark.told = answer.json()["last_read_seq"]
            mark.accepted()

    async def renew(self) -> None:
        """Fetch a fresh token and show it in-band."""
        try:
            fresh = await self.person.refresh(self.person.token)
            if self.socket is not None and self.joined.is_set():
                self.socket.send({"type": "auth", "token": fresh})
        except (httpx.HTTPError, LostError):
            return

    def _mark_moved(self, frame: Mapping[str, Any]) -> None:
        if frame["username"] != self.person.username:
            return
        for mark in self._marking:
            if mark.outcome == "unknown" and mark.room == frame["room"] and mark.up_to_seq <= frame["up_to_seq"]:
                mark.accepted()
