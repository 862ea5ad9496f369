"""From where a v1 connection continues in each of its rooms."""

from duologue.chat.cursors import Cursor, cursor, read_cursor
from duologue.chat.errors import invalid
from duologue.chat.frames import Hello, resync_frame
from duologue.chat.model import Standing
from duologue.chat.wire import read_id


class Resuming:
    """The cursors of a `hello`. Making one raises Problem for what is no cursor.

    `foreign`: there are some, and all are of another database.
    """

    def __init__(self, epoch: str, hello: Hello, room_id: int | None) -> None:
        self._epoch = epoch
        self._cursors = _of_all(hello) if room_id is None else _of_one(hello, room_id)
        self.foreign = bool(self._cursors) and all(each.epoch != epoch for each in self._cursors.values())

    def point(self, standing: Standing) -> tuple[int, int]:
        """Return (seq, change) of what the client has; where it cannot continue, the room's head."""
        mine = self._cursors.get(standing.room.id)
        if mine is None or self._why_not(mine, standing) is not None:
            return standing.seq, standing.change
        return mine.seq, mine.change

    def refusals(self, standing: Standing) -> list[bytes]:
        """Return the `resync` frame's JSON for a room where the client cannot continue, else nothing."""
        mine = self._cursors.get(standing.room.id)
        reason = None if mine is None else self._why_not(mine, standing)
        if reason is None:
            return []
        room_id = standing.room.id
        return [resync_frame(room_id, reason, cursor(self._epoch, room_id, standing.seq, standing.change))]

    def _why_not(self, mine: Cursor, standing: Standing) -> str | None:
        if mine.epoch != self._epoch:
            return "epoch_changed"
        if mine.seq > standing.seq or mine.change > standing.change:
            # we never gave it: this database has lost what it had
            return "cursor_ahead"
        return None


def _of_one(hello: Hello, room_id: int) -> dict[int, Cursor]:
    if hello.rooms is not None:
        raise invalid({"rooms": ["This is the socket of one room: send `since`."]})
    return {} if hello.since is None else {room_id: read_cursor(hello.since, room_id, "since")}


def _of_all(hello: Hello) -> dict[int, Cursor]:
    if hello.since is not None:
        raise invalid({"since": ["This is the socket of all rooms: send `rooms`."]})
    cursors: dict[int, Cursor] = {}
    for name, text in (hello.rooms or {}).items():
        room_id = _room_id(name)
        cursors[room_id] = read_cursor(text, room_id, f"rooms.{name}")
    return cursors


def _room_id(name: str) -> int:
    room_id = read_id(name)
    if room_id is None:
        raise invalid({"rooms": ["Each key is the id of a room."]})
    return room_id
