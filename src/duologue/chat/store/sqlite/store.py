"""The store's asynchronous face: one thread that writes, a few that read."""

import asyncio
import contextlib
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw
import structlog

from duologue.chat.model import Changes, Page, Room, Standing, Summary, Write
from duologue.chat.store.api import Identity, Outcome, OutcomeUnknownError
from duologue.chat.store.sqlite import changes, history, people, rooms, summaries
from duologue.chat.store.sqlite.connection import WriterLock, open_reader, require_sound_sqlite
from duologue.chat.store.sqlite.writer import Writer

_log = structlog.get_logger(__name__)
_READERS = 2
_SECONDS_BETWEEN_PROOFS = 1.0

Result = TypeVar("Result")


class SqliteStore:
    """Rooms and messages in one file; see store.api for the promises."""

    def __init__(self, path: Path) -> None:
        require_sound_sqlite()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="chat-writer")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="chat-reader")
        self._recovery: asyncio.Task[None] | None = None
        with contextlib.ExitStack() as undo:
            self._lock = WriterLock(path.with_name("chat.lock"))
            undo.callback(self._lock.release)
            self._writer = Writer(path)
            undo.callback(self._writer.close)
            self._epoch = self._writer.epoch()
            # opened now: on a full disk it would be too late, and while a reader holds the file, a writer that closes
            # after a failure does not checkpoint what it could not store
            self._idle_readers: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
            for _ in range(_READERS):
                self._idle_readers.put(open_reader(path))
            undo.pop_all()

    @property
    def epoch(self) -> str:
        """The random id of this database."""
        return self._epoch

    @property
    def healthy(self) -> bool:
        """Whether the last write went well."""
        return self._writer.healthy

    async def open_room(self, a: Identity, b: Identity, created_at: int) -> tuple[Room, bool]:
        """Return the one room of this pair and whether it is new."""
        return await self._write(self._writer.open_pair, a, b, created_at)

    async def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """Store all writes in one commit; an outcome for each."""
        return await self._write(self._writer.commit, writes)

    async def pair(self, user_id: str, username: str) -> Room | None:
        """Return the room of two people who have one."""
        return await self._read(rooms.find_pair, user_id, username)

    async def room(self, room_id: int) -> Room | None:
        """Return a room by its id."""
        return await self._read(rooms.find, room_id)

    async def rooms_of(self, user_id: str, *, before: tuple[int, int] | None, limit: int) -> list[Summary]:
        """Return a user's rooms, the liveliest first."""
        return await self._read(summaries.read_summaries, user_id, before, limit)

    async def rooms_with(self, user_id: str) -> list[int]:
        """Return the ids of a user's rooms."""
        return await self._read(summaries.read_rooms_with, user_id)

    async def standings(self, user_id: str, room_ids: Sequence[int]) -> list[Standing]:
        """Return where rooms stand as a user sees them."""
        return await self._read(summaries.read_standings, user_id, room_ids)

    async def page(self, room: Room, *, before: int | None, after: int | None, limit: int) -> Page:
        """Return a page of history, oldest first."""
        return await self._read(history.read_page, room, before, after, limit)

    async def page_around(self, room: Room, seq: int, limit: int) -> Page:
        """Return a page of history around a message."""
        return await self._read(history.read_page_around, room, seq, limit)

    async def changes(self, room: Room, seq: int, change: int, limit: int) -> Changes | None:
        """Return what happened after a point."""
        return await self._read(changes.read_changes, room, seq, change, limit)

    async def hides_presence(self, user_id: str) -> bool:
        """Tell whether a user does not want to be seen."""
        return await self._read(people.hides_presence, user_id)

    async def hide_presence(self, who: Identity, hidden: bool) -> None:
        """Set that switch."""
        await self._write(self._writer.hide_presence, who, hidden)

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.wait([self._recovery])
        await asyncio.to_thread(self._close)

    async def _write(self, work: Callable[..., Result], *arguments: Any) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writing, partial(work, *arguments))
        finally:
            if not self.healthy and (self._recovery is None or self._recovery.done()):
                self._recovery = asyncio.get_running_loop().create_task(self._recover(), name="store-recovery")

    async def _recover(self) -> None:
        # a process that is taken out of service gets no more writes that could show that the disk is well again
        while not self.healthy:
            await asyncio.sleep(_SECONDS_BETWEEN_PROOFS)
            with contextlib.suppress(OutcomeUnknownError):
                await asyncio.get_running_loop().run_in_executor(self._writing, self._writer.prove)
        _log.info("writer_recovered")

    async def _read(self, query: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._query, query, arguments)

    def _query(self, query: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        # as many threads as connections: there is always an idle one
        connection = self._idle_readers.get_nowait()
        try:
            return query(connection, *arguments)
        finally:
            self._idle_readers.put(connection)

    def _close(self) -> None:
        self._writing.shutdown()
        self._reading.shutdown()
        for _ in range(_READERS):
            self._idle_readers.get_nowait().close(True)
        # last: the last connection that closes tidies the WAL away, and readers may not
        self._writer.close()
        self._lock.release()
