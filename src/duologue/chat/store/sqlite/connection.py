"""Connections that keep the promise: WAL, `synchronous=FULL`, a sound SQLite, one writing process."""

import fcntl
import os
from pathlib import Path

import apsw

# https://sqlite.org/wal.html: before 3.51.3 two connections that write and checkpoint at once could corrupt the file
_FIRST_SOUND_VERSION = 3_051_003

SCHEMA_VERSION = "0001"
"""The newest migration; the server refuses to run on another schema."""


class UnfitStoreError(RuntimeError):
    """This file or this SQLite cannot keep the promise; the message says what to do."""


def require_sound_sqlite() -> None:
    """Raise UnfitStoreError when the linked SQLite has the WAL-reset bug."""
    if apsw.SQLITE_VERSION_NUMBER < _FIRST_SOUND_VERSION:
        raise UnfitStoreError(f"SQLite {apsw.sqlite_lib_version()} may corrupt a WAL file; 3.51.3 or newer is needed")


def open_writer(path: Path) -> apsw.Connection:
    """Open the one connection that writes and check what it runs on."""
    connection = _open(path, apsw.SQLITE_OPEN_READWRITE)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: NORMAL loses acknowledged rows at a power cut, because it does not sync the WAL at a commit
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    _check(connection)
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open a connection that can only read."""
    connection = _open(path, apsw.SQLITE_OPEN_READONLY)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _open(path: Path, access: int) -> apsw.Connection:
    # NOMUTEX: each connection is used by one thread at a time
    connection = apsw.Connection(str(path), flags=access | apsw.SQLITE_OPEN_NOMUTEX)
    connection.set_busy_timeout(5000)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cache_size = -16000")
    return connection


def _check(connection: apsw.Connection) -> None:
    journal, synchronous = (
        connection.pragma("journal_mode"),
        connection.pragma("synchronous"),
    )
    if (journal, synchronous) != ("wal", 2):
        raise UnfitStoreError(
            f"the database runs with journal_mode={journal}, synchronous={synchronous}: acknowledged messages could be "
            "lost; put it on a local file system that supports WAL"
        )
    version = schema_version(connection)
    if version != SCHEMA_VERSION:
        raise UnfitStoreError(
            f"the database has schema {version}, this version needs {SCHEMA_VERSION}: run `duologue migrate`"
        )


def schema_version(connection: apsw.Connection) -> str | None:
    """Return the migration that the file is at, or None for an empty file."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").get
    if known is None:
        return None
    version: str | None = connection.execute("SELECT version_num FROM alembic_version").get
    return version


class WriterLock:
    """Keeps a second process from writing the same file: seq is given from the memory of one."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise UnfitStoreError(f"another process runs on {path.parent}; stop it first") from None

    def release(self) -> None:
        """Let another process write."""
        os.close(self._handle)
