"""The store's asynchronous face: one thread that writes, a few that read."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw
import structlog

from duologue.chat.model import Draft, Page, Room
from duologue.chat.store.api import Identity, Outcome, OutcomeUnknownError
from duologue.chat.store.sqlite import history, rooms
from duologue.chat.store.sqlite.appender import Appender
from duologue.chat.store.sqlite.connection import WriterLock, open_reader, open_writer, require_sound_sqlite

_log = structlog.get_logger(__name__)
_READERS = 2

Result = TypeVar("Result")


class SqliteStore:
    """Rooms and messages in one file; see store.api for the promises."""

    def __init__(self, path: Path) -> None:
        require_sound_sqlite()
        self._path = path
        self._lock = WriterLock(path.with_name("chat.lock"))
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="chat-writer")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="chat-reader")
        self._readers = threading.local()
        self._opened: list[apsw.Connection] = []
        self._writer: apsw.Connection | None = open_writer(path)
        self._appender: Appender | None = Appender(self._writer)
        self._epoch: str = self._writer.execute("SELECT value FROM meta WHERE key = 'epoch'").get

    @property
    def epoch(self) -> str:
        """The random id of this database."""
        return self._epoch

    @property
    def healthy(self) -> bool:
        """Whether the last write went well."""
        return self._appender is not None

    async def open_room(self, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
        """Return the one room of this pair and whether it is new."""
        return await self._write(self._open_pair, a, b, created_at)

    async def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store all drafts in one commit; an outcome for each."""
        return await self._write(self._append, drafts)

    async def pair(self, user_id: str, username: str) -> Room | None:
        """Return the room of two people who have one."""
        return await self._read(rooms.find_pair, user_id, username)

    async def room(self, room_id: int) -> Room | None:
        """Return a room by its id."""
        return await self._read(rooms.find, room_id)

    async def page(self, room: Room, *, before: int | None, after: int | None, limit: int) -> Page:
        """Return a page of history, oldest first."""
        return await self._read(history.read_page, room, before, after, limit)

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
        await asyncio.to_thread(self._close)

    # In the writer's thread

    async def _write(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._writing, self._guarded, work, arguments)

    def _guarded(self, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        try:
            self._reopen_if_distrusted()
            return work(*arguments)
        except apsw.Error as error:
            _log.error("write_failed", error=type(error).__name__, reason=str(error))
            self._distrust()
            raise OutcomeUnknownError from error

    def _append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        assert self._appender is not None  # noqa: S101 - `_guarded` has opened it
        return self._appender.append(drafts)

    def _open_pair(self, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
        assert self._writer is not None  # noqa: S101 - `_guarded` has opened it
        self._writer.execute("BEGIN IMMEDIATE")
        opened = rooms.open_pair(self._writer, a, b, created_at)
        self._writer.execute("COMMIT")
        return opened

    def _reopen_if_distrusted(self) -> None:
        if self._appender is None:
            self._writer = open_writer(self._path)
            self._appender = Appender(self._writer)
            _log.info("writer_reopened")

    def _distrust(self) -> None:
        # After a failed commit the rows may be there or not, and the page cache may not match the file: what we
        # believe about heads is void. A new connection reads the truth.
        self._appender = None
        if self._writer is not None:
            self._writer.close(True)
            self._writer = None

    # In a reader's thread

    async def _read(self, query: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._query, query, arguments)

    def _query(self, query: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        connection: apsw.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = open_reader(self._path)
            self._opened.append(connection)
        return query(connection, *arguments)

    def _close(self) -> None:
        self._writing.shutdown()
        self._reading.shutdown()
        for connection in self._opened:
            connection.close()
        if self._writer is not None:
            self._writer.close()
        self._lock.release()
