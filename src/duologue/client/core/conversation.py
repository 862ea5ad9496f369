"""One room as far as it was heard: messages by `seq`, marks, unread, and the cursor that says how far that is."""

import re

import msgspec

from duologue.client.core.frames import DeletedFrame, EditedFrame, MessageFrame, ReadFrame, RoomEntry, SyncFrame
from duologue.client.events import Event, MessageDeleted, MessageEdited, MessageReceived, ReadMoved
from duologue.client.model import Changes, Mark, Message, Room

# a server counts what is unread among so many of the newest messages
_COUNTED = 1000
_PLACE = re.compile(r"(\d{1,18})/(.+)", re.ASCII | re.DOTALL)


class GapError(Exception):
    """A live message is not the next one: something between was lost on the way, and the cursor must fetch it."""


class Conversation:
    """The state of one room. It keeps the newest `keep` messages; older ones are a matter of the history.

    `last` is the `seq` up to which every message was heard, None while that is not known. `cursor` is the server's word
    for the same place, None for "from the beginning". `unread` counts the other one's messages after one's own mark,
    without those that were taken back.
    """

    def __init__(self, room: int, keep: int = 200, place: str | None = None) -> None:
        self.room = room
        self.info: Room | None = None
        self.messages: dict[int, Message] = {}
        self.marks: dict[str, int] = {}
        self.unread = 0
        self.cursor: str | None = None
        self.last: int | None = None
        self._keep = keep
        self._counted_to = 0
        """Up to which `seq` the server has counted `unread`."""
        self._behind = False
        """Whether the server has counted more than was heard: what it tells next of that is in its count already."""
        self._taken_back: set[int] = set()
        """Messages out of sight that were taken back after the server counted."""
        if place is not None:
            known = _PLACE.fullmatch(place)
            self.cursor = known[2] if known else place
            self.last = int(known[1]) if known else None

    @property
    def place(self) -> str | None:
        """What to keep over a restart: the cursor, and `last`, which a cursor does not tell a client."""
        return self.cursor if self.last is None or self.cursor is None else f"{self.last}/{self.cursor}"

    def is_read(self, message: Message) -> bool:
        """Whether the other one's mark is at or past a message."""
        return any(up_to >= message.seq for who, up_to in self.marks.items() if who != message.sender)

    def describe(self, entry: RoomEntry, *, behind: bool) -> None:
        """Take what a `rooms` frame says beside the place: names, marks, how much is unread up to its head.

        `behind`: pages of what was missed follow.
        """
        self.info = Room(
            id=entry.room,
            participant_a=entry.participant_a,
            participant_b=entry.participant_b,
            created_at=entry.created_at,
        )
        for mark in entry.reads:
            self._move(mark.username, mark.up_to_seq)
        self.unread = entry.unread
        self._counted_to = entry.head_seq
        self._behind = behind
        self._taken_back.clear()

    def begin(self, cursor: str, last: int | None) -> None:
        """Be live from a place on."""
        self.cursor, self.last = cursor, last

    def heard(self, frame: MessageFrame, me: str) -> list[Event]:
        """Take a live message; raise GapError when one before it is missing."""
        if self.last is not None and frame.seq > self.last + 1:
            raise GapError
        events = self._next(_as_message(frame), me)
        self.cursor = frame.cursor
        return events

    def edited(self, frame: EditedFrame) -> list[Event]:
        """Take other words for a message."""
        self.cursor = frame.cursor
        known = self.messages.get(frame.seq)
        if known is not None:
            self.messages[frame.seq] = msgspec.structs.replace(known, text=frame.text, edited_at=frame.edited_at)
        return [MessageEdited(frame.room, frame.id, frame.seq, frame.sender, frame.text, frame.edited_at)]

    def deleted(self, frame: DeletedFrame, me: str) -> list[Event]:
        """Take the word that a message was taken back: its place stays, empty."""
        self.cursor = frame.cursor
        self._not_unread(frame.seq, frame.sender, me)
        known = self.messages.get(frame.seq)
        if known is not None:
            self.messages[frame.seq] = msgspec.structs.replace(known, text="", deleted_at=frame.deleted_at)
        return [MessageDeleted(frame.room, frame.id, frame.seq, frame.deleted_at)]

    def read(self, frame: ReadFrame, me: str) -> list[Event]:
        """Take a mark that moved; one that is behind is nothing new."""
        self.cursor = frame.cursor
        return self._marked(frame.username, frame.up_to_seq, me)

    def page(self, page: SyncFrame | Changes, me: str) -> list[Event]:
        """Take a page of what was missed: old messages that changed, then new ones."""
        events: list[Event] = []
        for message in page.messages:
            events += self._next(message, me) if self._is_new(message) else self._again(message, me)
        for mark in page.reads:
            # `describe` may know the mark already, but nobody was told that it moved
            events += self._marked(mark.username, mark.up_to_seq, me) or _moved(self.room, mark)
        self.cursor = page.cursor
        self._behind = self._behind and page.more
        if self._in_sight(me) and self.last is not None and self.last >= self._counted_to:
            # the page may be younger than the server's count, and what was taken back in between is not in it
            self.unread = self._unread_in_sight(me)
        return events

    def _is_new(self, message: Message) -> bool:
        if self.last is not None:
            return message.seq > self.last
        # a bare cursor does not tell which messages are behind it: a changed one is taken for an old one
        return message.edited_at is None and message.deleted_at is None

    def _next(self, message: Message, me: str) -> list[Event]:
        if self.last is not None and message.seq <= self.last:
            return []
        self.last = message.seq
        self.messages[message.seq] = message
        if len(self.messages) > self._keep:
            del self.messages[min(self.messages)]
        if message.seq > self._counted_to and self._is_unread(message, me):
            self.unread += 1
        if message.deleted_at is not None:
            return [MessageDeleted(message.room, message.id, message.seq, message.deleted_at)]
        return [MessageReceived(message, message.sender == me)]

    def _again(self, message: Message, me: str) -> list[Event]:
        if message.deleted_at is not None:
            self._not_unread(message.seq, message.sender, me)
        known = self.messages.get(message.seq)
        if known is not None:
            if (known.edited_at, known.deleted_at) == (message.edited_at, message.deleted_at):
                return []
            self.messages[message.seq] = message
        if message.deleted_at is not None:
            return [MessageDeleted(message.room, message.id, message.seq, message.deleted_at)]
        if message.edited_at is not None:
            return [
                MessageEdited(message.room, message.id, message.seq, message.sender, message.text, message.edited_at)
            ]
        return []

    def _marked(self, username: str, up_to_seq: int, me: str) -> list[Event]:
        if not self._move(username, up_to_seq):
            return []
        if username == me:
            self._count(me, up_to_seq)
            self._taken_back = {seq for seq in self._taken_back if seq > up_to_seq}
        return [ReadMoved(self.room, username, up_to_seq)]

    def _move(self, username: str, up_to_seq: int) -> bool:
        if up_to_seq <= self.marks.get(username, -1):
            return False
        self.marks[username] = up_to_seq
        return True

    def _count(self, me: str, up_to_seq: int) -> None:
        after = self._unread_in_sight(me)
        # with older unread messages out of sight the server's own count, taken at the next beginning, mends this one
        self.unread = after if self._in_sight(me) else max(after, min(self.unread, (self.last or 0) - up_to_seq))

    def _in_sight(self, me: str) -> bool:
        """Tell whether every message after one's own mark that was heard is kept."""
        mark = self.marks.get(me, 0)
        reaches_back = bool(self.messages) and min(self.messages) <= mark + 1
        return reaches_back or (self.last is not None and mark >= self.last)

    def _unread_in_sight(self, me: str) -> int:
        return sum(1 for message in self.messages.values() if self._is_unread(message, me))

    def _is_unread(self, message: Message, me: str) -> bool:
        return message.sender != me and message.deleted_at is None and message.seq > self.marks.get(me, 0)

    def _not_unread(self, seq: int, sender: str, me: str) -> None:
        """Take a message off that is taken back, when it is counted: before it is put into its place."""
        if sender == me or seq <= self.marks.get(me, 0) or (self._behind and seq <= self._counted_to):
            return
        known = self.messages.get(seq)
        if known is not None:
            counted = known.deleted_at is None
        else:
            counted = seq > self._counted_to - _COUNTED and seq not in self._taken_back
            self._taken_back.add(seq)
        if counted:
            self.unread = max(0, self.unread - 1)


def _moved(room: int, mark: Mark) -> list[Event]:
    return [ReadMoved(room, mark.username, mark.up_to_seq)] if mark.up_to_seq else []


def _as_message(frame: MessageFrame) -> Message:
    return Message(**{name: getattr(frame, name) for name in Message.__struct_fields__})
