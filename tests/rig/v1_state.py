"""What a careful v1 client keeps of a room, without input or output. It believes nothing: each frame must be the next.

A frame that leaves something out, comes twice, or comes where it cannot, raises AssertionError.
"""

from collections.abc import Mapping
from typing import Any

Frame = Mapping[str, Any]
Point = tuple[int, int]

_KEPT = ("id", "room", "sender_id", "content", "timestamp", "client_id", "edited_at", "deleted_at")


def point(cursor: str) -> Point:
    """Return (seq, change) of a cursor. Only tests take one apart."""
    _, _, seq, change = cursor.split(".")
    return int(seq), int(change)


def row(message: Frame) -> dict[str, Any]:
    """Return what a message is, without what depends on who looks at it and when."""
    return {name: message[name] for name in _KEPT if message.get(name) is not None}


class RoomCopy:
    """One room as a client keeps it, over all its connections. `since`: the seq after which it has everything."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.cursor: str | None = None
        self.since = 0
        self.messages: dict[int, dict[str, Any]] = {}
        self.reads: dict[str, int] = {}
        self.live = False
        self.resyncs: list[str] = []
        self.frames = 0
        """How many frames told of something that happened."""

    @property
    def at(self) -> Point:
        """Up to where it has everything."""
        return (0, 0) if self.cursor is None else point(self.cursor)

    def begin(self, state: Frame) -> None:
        """A connection begins: `ready` or an entry of `rooms`."""
        assert state["room"] == self.room, state
        if self.cursor is None:
            self.since = point(state["cursor"])[0]
            self.cursor = state["cursor"]
        assert state["cursor"] == self.cursor, (state, self.cursor)
        head = state["head_seq"]
        assert (self.at[0] == head) or state["syncing"], state
        self.live = not state["syncing"]
        self._marks(state["reads"])

    def lost_connection(self) -> None:
        """Nothing is heard any more."""
        self.live = False

    def resync(self, frame: Frame) -> None:
        """Drop everything: the server does not know this cursor."""
        self.messages.clear()
        self.reads.clear()
        self.cursor, self.since = frame["cursor"], point(frame["cursor"])[0]
        self.resyncs.append(frame["reason"])

    def take(self, frame: Frame) -> None:
        """Take a frame that changes the room's state."""
        assert frame["room"] == self.room, frame
        assert self.cursor is not None, frame
        if frame["type"] == "sync":
            self._sync(frame)
        else:
            self.frames += 1
            assert self.live, ("a live frame before the last sync", frame)
            _TAKE[frame["type"]](self, frame)
        self.cursor = frame["cursor"]

    def shown(self) -> list[dict[str, Any]]:
        """Return the room as REST shows it: whether a message is read follows from the others' marks."""
        return [
            message | {"is_read": any(seq <= mark for who, mark in self.reads.items() if who != message["sender_id"])}
            for seq, message in sorted(self.messages.items())
        ]

    def _sync(self, frame: Frame) -> None:
        (seq, change), (next_seq, next_change) = self.at, point(frame["cursor"])
        assert next_seq >= seq, frame
        assert next_change >= change, frame
        numbers = [message["seq"] for message in frame["messages"]]
        older = [number for number in numbers if number <= seq]
        assert numbers == [*older, *range(seq + 1, next_seq + 1)], (self.at, frame)
        assert len(set(older)) == len(older) <= next_change - change, (self.at, frame)
        for message in frame["messages"]:
            if message["seq"] > self.since:
                self.messages[message["seq"]] = row(message)
        self._marks(frame["reads"])
        self.live = not frame["more"]
        self.frames += len(numbers)

    def _said(self, frame: Frame) -> None:
        seq, change = self.at
        assert frame["seq"] == seq + 1, (self.at, frame)
        assert point(frame["cursor"]) == (seq + 1, change), (self.at, frame)
        assert frame["message"] == frame["content"], frame
        assert frame["username"] == frame["sender_id"], frame
        self.messages[frame["seq"]] = row(frame)

    def _changed(self, frame: Frame) -> None:
        seq, change = self.at
        assert point(frame["cursor"]) == (seq, change + 1), (self.at, frame)

    def _rewritten(self, frame: Frame) -> None:
        self._changed(frame)
        assert frame["seq"] <= self.at[0], (self.at, frame)
        if frame["seq"] <= self.since:
            return
        message = self.messages[frame["seq"]]
        assert message["id"] == frame["id"], (message, frame)
        assert "deleted_at" not in message, (message, frame)
        assert frame["sender_id"] == frame["username"] == message["sender_id"], (message, frame)
        if frame["type"] == "deleted":
            message |= {"content": "", "deleted_at": frame["deleted_at"]}
        else:
            message |= {"content": frame["content"], "edited_at": frame["edited_at"]}
        self.messages[frame["seq"]] = message

    def _read(self, frame: Frame) -> None:
        self._changed(frame)
        assert frame["up_to_seq"] > self.reads.get(frame["username"], 0), frame
        self._marks([frame])

    def _marks(self, reads: list[Frame]) -> None:
        for read in reads:
            self.reads[read["username"]] = max(read["up_to_seq"], self.reads.get(read["username"], 0))


_TAKE = {
    "message": RoomCopy._said,
    "edited": RoomCopy._rewritten,
    "deleted": RoomCopy._rewritten,
    "read": RoomCopy._read,
}
