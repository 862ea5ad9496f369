"""Where stores under test keep their data. A new store joins the suite by a class here."""

import shutil
from pathlib import Path
from typing import Protocol

import apsw

from duologue.chat.migrations import migrate
from duologue.chat.model import Person, Room
from duologue.chat.store.api import Store
from duologue.chat.store.sqlite import SqliteStore

_WRITES = (
    ("INSERT", "messages"),
    ("UPDATE", "messages"),
    ("INSERT", "rooms"),
    ("UPDATE", "members"),
    ("UPDATE", "meta"),
)


class Place(Protocol):
    """Data that outlives the store that is open on it."""

    def open(self) -> Store:
        """Open a store on the data; one at a time."""

    def after_crash(self) -> "Place":
        """Return the data as a process finds it that starts after this one died on the spot."""

    def mark_read(self, room: Room, reader: Person, seq: int) -> None:
        """Say that somebody has read everything up to `seq`."""

    def break_writes(self) -> None:
        """From now on every write fails."""

    def mend_writes(self) -> None:
        """Writes go well again."""


class SqlitePlace:
    """A directory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "chat.sqlite3"
        self._crashes = 0
        migrate(self.file)

    def open(self) -> Store:
        return SqliteStore(self.file)

    def after_crash(self) -> "SqlitePlace":
        self._crashes += 1
        folder = self.file.parent / f"crash-{self._crashes}"
        folder.mkdir()
        for suffix in ("", "-wal"):
            source = self.file.with_name(f"{self.file.name}{suffix}")
            if source.exists():
                shutil.copy(source, folder / source.name)
        return SqlitePlace(folder)

    def mark_read(self, room: Room, reader: Person, seq: int) -> None:
        self._execute(
            f"UPDATE members SET last_read_seq = {seq} WHERE room_id = {room.id} AND person_id = {reader.number}"  # noqa: S608
        )

    def break_writes(self) -> None:
        for event, table in _WRITES:
            self._execute(
                f"CREATE TRIGGER broken_{event}_{table} BEFORE {event} ON {table} "
                "BEGIN SELECT RAISE(FAIL, 'broken'); END"
            )

    def mend_writes(self) -> None:
        for event, table in _WRITES:
            self._execute(f"DROP TRIGGER broken_{event}_{table}")

    def _execute(self, sql: str) -> None:
        connection = apsw.Connection(str(self.file))
        connection.set_busy_timeout(5000)
        connection.execute(sql)
        connection.close()
