"""The one that writes: everything here runs in the writer's thread."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw
import structlog

from duologue.chat.model import Room, Write
from duologue.chat.store.api import Identity, IdentityConflictError, Outcome, OutcomeUnknownError
from duologue.chat.store.sqlite import people, rooms
from duologue.chat.store.sqlite.batch import Batch
from duologue.chat.store.sqlite.checkpoints import Checkpoints
from duologue.chat.store.sqlite.connection import open_writer

_log = structlog.get_logger(__name__)
_SECONDS_BETWEEN_COMPLAINTS = 1.0

Result = TypeVar("Result")


class Writer:
    """The writing connection and what is known by heart about its file; both are thrown away after any failure.

    After a failed commit the rows may be there or not, and the page cache may not match the file: what we believe
    about heads is void. A new connection reads the truth.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None
        self._complained_at = -_SECONDS_BETWEEN_COMPLAINTS
        self._open()
        self.healthy = True
        """Whether the last write went well."""

    def epoch(self) -> str:
        """Return the random id of this database."""
        with self._trusted() as connection:
            epoch: str = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").get
            return epoch

    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """Store a batch as store.api describes it. Raise OutcomeUnknownError."""
        with self._trusted():
            outcomes = self._batch.commit(writes)
        # these rows are durable whatever becomes of the checkpoint
        with contextlib.suppress(OutcomeUnknownError), self._trusted():
            self._checkpoints.run_if_due()
        return outcomes

    def open_pair(self, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
        """Return the one room of a pair and whether it is new. Raise OutcomeUnknownError, IdentityConflictError."""
        return self._about_people(rooms.open_pair, a, b, created_at)

    def hide_presence(self, who: Identity, hidden: bool) -> None:
        """Set somebody's switch. Raise OutcomeUnknownError, IdentityConflictError."""
        self._about_people(people.hide_presence, who, hidden)

    def _about_people(self, work: Callable[..., Result], *arguments: Any) -> Result:
        with self._trusted() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection, *arguments)
            except IdentityConflictError as error:
                # the disk is well: no reason for distrust
                connection.execute("ROLLBACK")
                conflict = error
            else:
                connection.execute("COMMIT")
                return result
        raise conflict

    def prove(self) -> None:
        """Commit a row that says nothing new. Raise OutcomeUnknownError while the disk is not well."""
        with self._trusted() as connection:
            connection.execute("UPDATE meta SET value = value WHERE key = 'epoch'")

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close(True)
            self._connection = None

    @contextlib.contextmanager
    def _trusted(self) -> Iterator[apsw.Connection]:
        try:
            if self._connection is None:
                self._open()
            assert self._connection is not None  # noqa: S101 - `_open` has set it
            yield self._connection
        except Exception as error:
            self._complain(error)
            # closing ends an open transaction too, whatever left it open
            self.close()
            self.healthy = False
            raise OutcomeUnknownError from error
        self.healthy = True

    def _open(self) -> None:
        self._connection = connection = open_writer(self._path)
        self._checkpoints = Checkpoints(connection)
        self._batch = Batch(connection)

    def _complain(self, error: Exception) -> None:
        # a full disk must not be filled by lines that say so
        now = time.monotonic()
        if now - self._complained_at >= _SECONDS_BETWEEN_COMPLAINTS:
            self._complained_at = now
            unforeseen = not isinstance(error, apsw.Error | RuntimeError)
            _log.error("write_failed", error=type(error).__name__, reason=str(error), exc_info=unforeseen)
