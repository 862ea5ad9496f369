"""What a store can do. The SQLite store is one process's; its siblings keep the same promises for many."""

from collections.abc import Sequence
from typing import Protocol

from duologue.chat.model import Draft, Mark, Page, Person, Posted, Room, Summary


class OutcomeUnknownError(RuntimeError):
    """The commit failed in a way that does not tell whether the rows are there. The callers must ask again."""


class NotAMemberError(Exception):
    """The sender of a draft is not (or no longer) in the room."""


class ClientIdReusedError(Exception):
    """The draft's client_id belongs to a message with other content."""


class IdentityConflictError(RuntimeError):
    """Auth knows somebody under another id or name than this store: their data do not belong together."""


Outcome = Posted | NotAMemberError | ClientIdReusedError


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

    async def mark_read(self, room: Room, reader: Person, up_to_seq: int) -> Mark:
        """Move a member's mark forward, never back and never past the last message. Durable when it returns."""

    async def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store all drafts in one commit and return an outcome for each, in order.

        Assigns each room's next `seq`, checks membership and `client_id` in the same transaction. Everything is
        durable when it returns. Raises OutcomeUnknownError when the commit failed.
        """

    async def page(self, room: Room, *, before: int | None, after: int | None, limit: int) -> Page:
        """Return up to `limit` messages, oldest first.

        With `after`: the first ones with a greater `seq`; else the last ones, with a smaller `seq` than `before` when
        that is given.
        """

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
