"""Connections that keep the promise: WAL, `synchronous=FULL`, a sound SQLite, one writing process."""

from pathlib import Path

import apsw

from duologue.kit.file_lock import FileLock, TakenError

# https://sqlite.org/wal.html: before 3.51.3 two connections that write and checkpoint at once could corrupt the file
_FIRST_SOUND_VERSION = 3_051_003

SCHEMA_VERSION = "0003"
"""The newest migration; the server refuses to run on another schema."""


class UnfitStoreError(RuntimeError):
    """This file or this SQLite cannot keep the promise; the message says what to do."""


def require_sound_sqlite() -> None:
    """Raise UnfitStoreError when the linked SQLite has the WAL-reset bug."""
    if apsw.SQLITE_VERSION_NUMBER < _FIRST_SOUND_VERSION:
        raise UnfitStoreError(f"SQLite {apsw.sqlite_lib_version()} may corrupt a WAL file; 3.51.3 or newer is needed")


def open_writer(path: Path) -> apsw.Connection:
    """Open the one connection that writes and check what it runs on."""
    connection = open_file(path, apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: NORMAL loses acknowledged rows at a power cut, because it does not sync the WAL at a commit
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # a statement over a whole batch keeps a journal so that it could be undone alone: in memory, not in a file
        connection.execute("PRAGMA temp_store = MEMORY")
        _check(connection)
        _settle(connection)
    except (apsw.Error, UnfitStoreError):
        connection.close(True)
        raise
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """Open a connection that can only read."""
    connection = open_file(path, apsw.SQLITE_OPEN_READONLY)
    connection.execute("PRAGMA query_only = ON")
    return connection


def open_file(path: Path, access: int) -> apsw.Connection:
    """Open a database; raise UnfitStoreError when it is none, or is not ours to open."""
    try:
        # NOMUTEX: each connection is used by one thread at a time
        connection = apsw.Connection(str(path), flags=access | apsw.SQLITE_OPEN_NOMUTEX)
        connection.set_busy_timeout(5000)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cache_size = -16000")
        # the first look into the file: what is no database shows itself here
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except apsw.Error as error:
        raise UnfitStoreError(f"{path} cannot be used as a database: {error}") from error
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
    if schema_is_behind(connection):
        raise UnfitStoreError("the database has an older schema: run `duologue migrate`")


def _settle(connection: apsw.Connection) -> None:
    """Put everything from the WAL into the database file and sync that.

    What a new connection finds in the WAL may never have reached the disk: the last process died between writing and
    syncing, or a sync failed and the kernel calls those pages clean. Without this a client that sends again would
    hear "you have said that already" of a row that a power cut still takes.
    """
    [(_, in_wal, settled)] = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
    if in_wal != settled:
        raise UnfitStoreError("the database is held by another program that reads it; stop that first")


def schema_is_behind(connection: apsw.Connection) -> bool:
    """Tell whether migrations are to be run; raise UnfitStoreError when only a newer version knows this schema."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").get
    version = None if known is None else connection.execute("SELECT version_num FROM alembic_version").get
    if version is not None and version > SCHEMA_VERSION:
        raise UnfitStoreError(
            f"the database has schema {version}, this version knows {SCHEMA_VERSION}: it was made by a newer Duologue"
        )
    return bool(version != SCHEMA_VERSION)


class WriterLock(FileLock):
    """Keeps a second process from writing the same file: seq is given from the memory of one.

    `patience`: seconds to wait for the other process to end. Raises UnfitStoreError.
    """

    def __init__(self, path: Path, patience: float = 0.0) -> None:
        try:
            super().__init__(path, patience)
        except TakenError as error:
            raise UnfitStoreError(str(error)) from None
