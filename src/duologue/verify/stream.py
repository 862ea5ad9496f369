"""One logical reader's view of its rooms, put together from frames over however many connections."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from duologue.verify.history import Row, State, kept, row_of
from duologue.verify.scene import Scene

Frame = Mapping[str, Any]


class Stream:
    """Keeps the last cursor of each room. `name` is its lane in the history: one for all connections.

    `cursors`: those of rooms as they were opened, with nothing in them.
    """

    def __init__(self, scene: Scene, name: str, cursors: Mapping[int, str]) -> None:
        self._scene = scene
        self.name = name
        self.cursors = dict(cursors)
        self.folds = {room: State() for room in cursors}
        self.last = dict.fromkeys(cursors, 0)
        scene.history.folds[name] = self.folds
        scene.history.since[name] = dict(self.last)

    def take(self, frame: Frame) -> bool:
        """Take a frame that changes a room's state; False for any other one."""
        take = _TAKES.get(frame["type"])
        if take is None:
            return False
        if frame["room"] in self.folds:
            take(self, frame)
            self.cursors[frame["room"]] = frame["cursor"]
        else:
            self._scene.complain(f"{self.name} heard of room {frame['room']}, where it is not")
        return True

    def _message(self, frame: Frame) -> None:
        self._new(row_of(frame))

    def _sync(self, frame: Frame) -> None:
        for message in frame["messages"]:
            row = row_of(message)
            changed = row.edited_at or row.deleted_at
            if row.seq <= self.last[row.room] and changed:
                self.folds[row.room].rows[row.seq] = self._scene.history.shared(row)
            else:
                self._new(row)
        for read in frame["reads"]:
            self._mark(frame["room"], read["username"], read["up_to_seq"])

    def _edited(self, frame: Frame) -> None:
        row = self._known(frame)
        if row is not None:
            self._put(msgspec.structs.replace(row, content=kept(frame["content"]), edited_at=frame["edited_at"]))

    def _deleted(self, frame: Frame) -> None:
        row = self._known(frame)
        if row is not None:
            self._put(msgspec.structs.replace(row, content="", deleted_at=frame["deleted_at"]))

    def _read(self, frame: Frame) -> None:
        self._mark(frame["room"], frame["username"], frame["up_to_seq"])

    def _resync(self, frame: Frame) -> None:
        self._scene.complain(f"{self.name} was asked to drop room {frame['room']}: {frame['reason']}")

    def _new(self, row: Row) -> None:
        self._scene.counts["delivered"] += 1
        row = self._scene.history.shared(row)
        self._scene.history.heard[self.name].append(row)
        # what is told twice must not undo an edit that came in between
        self.folds[row.room].rows.setdefault(row.seq, row)
        self.last[row.room] = max(self.last[row.room], row.seq)

    def _known(self, frame: Frame) -> Row | None:
        row = self.folds[frame["room"]].rows.get(frame["seq"])
        if row is None or row.id != frame["id"]:
            what = f"a change of message {frame['id']} at seq {frame['seq']} of room {frame['room']}"
            self._scene.complain(f"{self.name} heard {what} and has {row}")
            return None
        return row

    def _put(self, row: Row) -> None:
        self.folds[row.room].rows[row.seq] = self._scene.history.shared(row)

    def _mark(self, room: int, username: str, up_to_seq: int) -> None:
        reads = self.folds[room].reads
        if up_to_seq < reads.get(username, 0):
            self._scene.complain(f"{self.name} heard {username}'s mark in room {room} go back to {up_to_seq}")
        reads[username] = up_to_seq


_TAKES: Mapping[str, Callable[[Stream, Frame], None]] = MappingProxyType(
    {
        "message": Stream._message,
        "sync": Stream._sync,
        "edited": Stream._edited,
        "deleted": Stream._deleted,
        "read": Stream._read,
        "resync": Stream._resync,
    }
)
