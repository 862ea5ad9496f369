"""What a store can do. The SQLite store is one process's; its siblings keep the same promises for many."""

from collections.abc import Sequence
from typing import Protocol

from duologue.chat.model import Changes, Done, Page, Room, Standing, Summary, Write


class OutcomeUnknownError(RuntimeError):
    """The commit failed in a way that does not tell whether the rows are there. The callers must ask again."""


class NotAMemberError(Exception):
    """The author of a write is not (or no longer) in the room."""


class ClientIdReusedError(Exception):
    """The draft's client_id belongs to a message with other content."""


class NoSuchMessageError(Exception):
    """The room has no message with this id."""


class NotTheAuthorError(Exception):
    """The message is somebody else's."""


class MessageDeletedError(Exception):
    """A deleted message takes no new words."""


class TooLateError(Exception):
    """The message is too old to be changed."""


class IdentityConflictError(RuntimeError):
    """Auth knows somebody under another id or name than this store: their data do not belong together."""


Refused = (
    NotAMemberError | ClientIdReusedError | NoSuchMessageError | NotTheAuthorError | MessageDeletedError | TooLateError
)
Outcome = Done | Refused


class Identity(Protocol):
    """Somebody whom auth knows."""

    @property
    def user_id(self) -> str:
        """The immutable id."""

    @property
    def username(self) -> str:
        """The handle."""


class Store(Protocol):
    """Durable rooms and messages."""

    @property
    def epoch(self) -> str:
        """The random id of this database; another one after a restore or an import."""

    @property
    def healthy(self) -> bool:
        """Whether the last write went well."""

    async def open_room(self, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
        """Return the one room of this pair, in either order, and whether it is new. Durable when it returns.

        Raises OutcomeUnknownError when the commit failed, IdentityConflictError when nothing was stored.
        """

    async def pair(self, user_id: str, username: str) -> Room | None:
        """Return the room of two people who have one: one by user id, the other by username."""

    async def room(self, room_id: int) -> Room | None:
        """Return a room by its id."""

    async def rooms_of(self, user_id: str, *, before: tuple[int, int] | None, limit: int) -> list[Summary]:
        """Return a user's rooms, the liveliest first, in a constant number of reads.

        `before`: only those after this (activity, room id) in the list.
        """

    async def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """Store all writes in one commit and return an outcome for each, in order.

        New messages get their room's next `seq`; after all of them edits, deletions and marks that move get its next
        change number. Membership and `client_id` are checked in the same transaction. A mark never goes back and never
        past the last message. Everything is durable when it returns. Raises OutcomeUnknownError when the commit failed.
        """

    async def page(self, room: Room, *, before: int | None, after: int | None, limit: int) -> Page:
        """Return up to `limit` messages, oldest first.

        With `after`: the first ones with a greater `seq`; else the last ones, with a smaller `seq` than `before` when
        that is given.
        """

    async def page_around(self, room: Room, seq: int, limit: int) -> Page:
        """Return up to `limit` messages with `seq` in their middle, oldest first."""

    async def changes(self, room: Room, seq: int, change: int, limit: int) -> Changes | None:
        """Return what happened after a point, about `limit` messages of it; None when the point is yet to come."""

    async def rooms_with(self, user_id: str) -> list[int]:
        """Return the ids of all rooms that a user is in."""

    async def standings(self, user_id: str, room_ids: Sequence[int]) -> list[Standing]:
        """Return where rooms stand as this user sees them, all at one moment; those the user is not in are left out."""

    async def hides_presence(self, user_id: str) -> bool:
        """Tell whether a user does not want to be seen."""

    async def hide_presence(self, who: Identity, hidden: bool) -> None:
        """Set that switch. Raises OutcomeUnknownError, IdentityConflictError."""

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
