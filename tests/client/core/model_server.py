"""A server as docs/protocol.md describes it, as far as the state of rooms goes: lists, no network, no clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from duologue.client.core import frames
from duologue.client.model import Changes, Mark, Message

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ME, OTHER = "alice", "bob"


def cursor(room: int, seq: int, change: int) -> str:
    """Return what a client is to send back."""
    return f"e.{room}.{seq}.{change}"


@dataclass
class ModelRoom:
    """One room: messages, and in which change each was rewritten or each mark moved."""

    room: int
    messages: list[Message] = field(default_factory=list)
    change: int = 0
    rewritten: dict[int, int] = field(default_factory=dict)
    marks: dict[str, tuple[int, int]] = field(default_factory=lambda: {ME: (0, 0), OTHER: (0, 0)})

    @property
    def head(self) -> str:
        return cursor(self.room, len(self.messages), self.change)

    @property
    def reads(self) -> list[Mark]:
        return [Mark(who, up_to) for who, (up_to, _) in self.marks.items()]

    def say(self, sender: str, text: str) -> frames.RoomFrame:
        seq = len(self.messages) + 1
        said = Message(id=1000 * self.room + seq, room=self.room, seq=seq, sender=sender, text=text, timestamp=NOON)
        self.messages.append(said)
        fields = {name: getattr(said, name) for name in Message.__struct_fields__}
        return frames.MessageFrame(**fields, cursor=self.head)

    def rewrite(self, seq: int, text: str | None) -> frames.RoomFrame | None:
        """Edit, or with None delete; what is deleted stays so."""
        old = self.messages[seq - 1]
        if old.deleted_at is not None:
            return None
        self.change += 1
        self.rewritten[seq] = self.change
        fields = {name: getattr(old, name) for name in Message.__struct_fields__}
        # the change makes the time: two edits are two times
        at = NOON.replace(microsecond=self.change)
        if text is None:
            self.messages[seq - 1] = Message(**fields | {"text": "", "deleted_at": at})
            return frames.DeletedFrame(
                room=self.room, id=old.id, seq=seq, sender=old.sender, deleted_at=at, cursor=self.head
            )
        self.messages[seq - 1] = Message(**fields | {"text": text, "edited_at": at})
        return frames.EditedFrame(
            room=self.room, id=old.id, seq=seq, sender=old.sender, text=text, edited_at=at, cursor=self.head
        )

    def read(self, who: str, up_to: int) -> frames.RoomFrame | None:
        if up_to <= self.marks[who][0]:
            return None
        self.change += 1
        self.marks[who] = (up_to, self.change)
        return frames.ReadFrame(self.room, who, up_to, self.head)

    def changes(self, since: str | None, size: int = 3) -> Changes:
        """Return a page: what was changed, then new ones."""
        seq, change = (0, 0) if since is None else (int(part) for part in since.split(".")[2:])
        old = [self.messages[at - 1] for at, when in sorted(self.rewritten.items()) if at <= seq and when > change]
        new = self.messages[seq : seq + size]
        reads = [Mark(who, up_to) for who, (up_to, when) in self.marks.items() if when > change]
        upto = seq + len(new)
        return Changes(
            messages=old + new,
            reads=reads,
            cursor=cursor(self.room, upto, self.change),
            more=upto < len(self.messages),
        )

    def entry(self, since: str | None) -> frames.RoomEntry:
        mine = self.marks[ME][0]
        return frames.RoomEntry(
            room=self.room,
            participant_a=ME,
            participant_b=OTHER,
            created_at=NOON,
            cursor=since or self.head,
            syncing=since not in (None, self.head),
            head_seq=len(self.messages),
            last_read_seq=mine,
            unread=sum(1 for each in self.messages[mine:] if each.sender != ME and each.deleted_at is None),
            reads=tuple(self.reads),
        )

    def syncs(self, since: str | None) -> list[frames.RoomFrame]:
        """Return the `sync` frames that follow on an entry."""
        found: list[frames.RoomFrame] = []
        while since not in (None, self.head):
            page = self.changes(since)
            found.append(frames.SyncFrame(self.room, page.messages, page.cursor, page.reads, page.more))
            since = page.cursor
        return found
