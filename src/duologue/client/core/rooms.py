"""All rooms of a person on one connection: what `hello` says, where each frame goes, which room must catch up."""

from collections.abc import Mapping
from typing import NamedTuple

from duologue.client.core import frames
from duologue.client.core.conversation import Conversation, GapError
from duologue.client.core.frames import (
    DeletedFrame,
    EditedFrame,
    MessageFrame,
    ReadFrame,
    ResyncFrame,
    RoomEntry,
    RoomFrame,
    RoomsFrame,
    SyncFrame,
)
from duologue.client.events import Event, Resynced, RoomOpened
from duologue.client.model import Changes, Limits

# the largest frame that a server with usual settings takes
_FRAME_BYTES = 32 * 1024
_AROUND_THE_CURSORS = len('{"type":"hello","token":"","rooms":{}}')
_AROUND_A_CURSOR = len('"":"",')


class Step(NamedTuple):
    """What a frame brought: events, and the place to keep for the room once the last of them has been dealt with."""

    events: list[Event]
    room: int
    place: str | None


class Rooms:
    """The state of all rooms.

    `places` are what `Conversation.place` was at the last run; None begins now, and a room that is missing in it was
    opened since and is heard from its beginning.
    """

    def __init__(self, places: Mapping[int, str] | None = None, keep: int = 200) -> None:
        self.me = ""
        self.conversations: dict[int, Conversation] = {}
        self.catching_up: dict[int, bool] = {}
        """Rooms that are read over REST until they are level; True when a live frame passed by meanwhile."""
        self._keep = keep
        self._live: set[int] = set()
        self._told: set[int] = set()
        self._begun = places is not None
        self._frame_bytes = _FRAME_BYTES
        self._start_anew: set[int] = set()
        """Rooms whose past was dropped: they are not new, and begin where the server says."""
        for room, place in (places or {}).items():
            self.conversations[room] = Conversation(room, keep, place)

    @property
    def begun(self) -> bool:
        """Whether every room has a place: one that has none is new. Before the first `ready` nobody knows."""
        return self._begun

    def hello(self, token: str) -> bytes:
        """Return the first frame, with as many cursors as it holds; the other rooms catch up over REST."""
        cursors: dict[int, str] = {}
        left = self._frame_bytes - _AROUND_THE_CURSORS - len(token)
        for room, conversation in reversed(self.conversations.items()):
            if conversation.cursor is None:
                continue
            left -= len(str(room)) + len(conversation.cursor) + _AROUND_A_CURSOR
            if left < 0:
                break
            cursors[room] = conversation.cursor
        self._told = set(cursors)
        return frames.hello(token, cursors)

    def ready(self, me: str, limits: Limits) -> None:
        """Every room has been told: one that comes from now on is new."""
        self.me = me
        self._frame_bytes = limits.frame_bytes or self._frame_bytes
        self._begun = True
        self._start_anew.clear()

    def disconnected(self) -> None:
        """No room is live any more."""
        self._live.clear()
        self.catching_up.clear()

    def another_epoch(self) -> list[Step]:
        """Drop every cursor of the epoch that ended; a room that was told where it stands now goes on from there."""
        dropped = [room for room in self.conversations if room not in self._start_anew]
        return [self._dropped(room) for room in dropped]

    def refused_cursor(self, room: int) -> Step:
        """Drop one room, whose cursor the server refused over REST. The next connection begins at its head."""
        return self._dropped(room)

    def left(self, room: int) -> None:
        """Stop to catch up with a room that the person is not in."""
        self.catching_up.pop(room, None)

    def take(self, frame: RoomFrame) -> list[Step]:
        """Take a frame; raise GapError when the connection must be made anew to fetch what is missing."""
        if isinstance(frame, RoomsFrame):
            return [self._entered(entry) for entry in frame.rooms]
        if isinstance(frame, ResyncFrame):
            return [self._resynced(frame)]
        conversation = self.conversations.get(frame.room)
        if conversation is None:
            raise GapError
        if frame.room in self.catching_up:
            # the page that is on its way may hold it or not: one more page after it tells
            self.catching_up[frame.room] = True
            return []
        return [Step(self._applied(conversation, frame), frame.room, conversation.place)]

    def fetching(self, room: int) -> str | None:
        """Return from which cursor to read over REST (None: the beginning), and watch what passes by meanwhile."""
        self.catching_up[room] = False
        return self.conversations[room].cursor

    def fetched(self, room: int, page: Changes) -> Step:
        """Take a page that was read over REST; the room is live when nothing more can be missing."""
        conversation = self.conversations[room]
        events = conversation.page(page, self.me)
        if not page.more and not self.catching_up[room]:
            del self.catching_up[room]
            self._live.add(room)
        return Step(events, room, conversation.place)

    def _applied(
        self, conversation: Conversation, frame: SyncFrame | MessageFrame | EditedFrame | DeletedFrame | ReadFrame
    ) -> list[Event]:
        match frame:
            case SyncFrame():
                return conversation.page(frame, self.me)
            case MessageFrame():
                return conversation.heard(frame, self.me)
            case EditedFrame():
                return conversation.edited(frame)
            case DeletedFrame():
                return conversation.deleted(frame, self.me)
            case ReadFrame():
                return conversation.read(frame, self.me)

    def _entered(self, entry: RoomEntry) -> Step:
        conversation = self.conversations.get(entry.room)
        is_new = conversation is None
        if conversation is None:
            conversation = self.conversations[entry.room] = Conversation(entry.room, self._keep)
        if entry.room not in self._live and entry.room not in self.catching_up:
            self._place(conversation, entry)
        conversation.describe(entry, behind=entry.syncing or entry.room in self.catching_up)
        opened = is_new and self._begun and entry.room not in self._start_anew
        # without a cursor there is nothing to keep: after a restart the room is new again
        assert conversation.info is not None  # noqa: S101 - describe has just set it
        return Step([RoomOpened(conversation.info)] if opened else [], entry.room, conversation.place)

    def _place(self, conversation: Conversation, entry: RoomEntry) -> None:
        from_the_beginning = conversation.cursor is None and self._begun and entry.room not in self._start_anew
        left_out = conversation.cursor not in (None, entry.cursor) and entry.room not in self._told
        if left_out or (from_the_beginning and entry.head_seq > 0):
            conversation.last = 0 if conversation.cursor is None else conversation.last
            self.catching_up[entry.room] = False
            return
        if not entry.syncing:
            conversation.begin(entry.cursor, entry.head_seq)
        self._live.add(entry.room)

    def _resynced(self, frame: ResyncFrame) -> Step:
        old = self.conversations.get(frame.room)
        fresh = self.conversations[frame.room] = Conversation(frame.room, self._keep)
        fresh.info = old.info if old else None
        fresh.begin(frame.cursor, None)
        self.catching_up.pop(frame.room, None)
        # its entry in `rooms` follows and tells the place
        self._live.discard(frame.room)
        self._start_anew.add(frame.room)
        return Step([Resynced(frame.room, frame.reason)], frame.room, fresh.place)

    def _dropped(self, room: int) -> Step:
        dropped = self.conversations.pop(room, None)
        self.catching_up.pop(room, None)
        self._live.discard(room)
        self._start_anew.add(room)
        # the old place is kept until there is another one: a restart in between is told the same again, whereas a
        # room without a place would be heard from its beginning
        return Step([Resynced(room, "epoch_changed")], room, dropped.place if dropped else None)
