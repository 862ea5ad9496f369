"""The SQLite store and its file: settings that keep the promise, one writer, nothing left open, a bounded WAL."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import apsw
import pytest

from duologue.chat.migrations import ensure, migrate
from duologue.chat.store.api import OutcomeUnknownError
from duologue.chat.store.sqlite import SqliteStore
from duologue.chat.store.sqlite.connection import (
    UnfitStoreError,
    WriterLock,
    open_reader,
    open_writer,
    require_sound_sqlite,
)
from tests.chat.people import ALICE, BOB, NOON, draft

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A migrated database."""
    path = tmp_path / "chat" / "chat.sqlite3"
    migrate(path)
    return path


def test_the_writer_syncs_every_commit(file: Path) -> None:
    writer = open_writer(file)
    assert (writer.pragma("journal_mode"), writer.pragma("synchronous")) == ("wal", 2)
    writer.close()


def test_a_weaker_setting_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Weaker(apsw.Connection):
        def pragma(self, name: str, *_: Any, **__: Any) -> Any:
            return {"journal_mode": "wal", "synchronous": 1}[name]

    monkeypatch.setattr(apsw, "Connection", Weaker)
    with pytest.raises(UnfitStoreError, match="synchronous=1"):
        open_writer(file)


def test_a_sqlite_with_the_wal_reset_bug_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "SQLITE_VERSION_NUMBER", 3_051_002)
    with pytest.raises(UnfitStoreError, match=r"3\.51\.3"):
        require_sound_sqlite()


def test_a_reader_cannot_write(file: Path) -> None:
    open_writer(file).close()
    keep = open_writer(file)
    reader = open_reader(file)
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM meta")
    reader.close()
    keep.close()


async def test_what_a_crash_left_in_the_wal_is_settled_before_it_counts(tmp_path: Path, file: Path) -> None:
    """The database file alone, as if the WAL had never reached the disk, has every row that a new process relies on."""
    store = SqliteStore(file)
    room, _ = await store.open_room(ALICE, BOB, NOON)
    await store.commit([draft(room, ALICE, client_id="id-1")])
    found = tmp_path / "found"
    found.mkdir()
    for name in (file.name, f"{file.name}-wal"):
        shutil.copy(file.with_name(name), found / name)
    await store.close()

    revived = SqliteStore(found / file.name)
    alone = tmp_path / "alone.sqlite3"
    shutil.copy(found / file.name, alone)
    await revived.close()
    rows = apsw.Connection(str(alone), flags=apsw.SQLITE_OPEN_READONLY)
    assert rows.execute("SELECT client_id FROM messages").fetchall() == [("id-1",)]
    rows.close()


def test_one_process_writes(file: Path) -> None:
    store = SqliteStore(file)
    with pytest.raises(UnfitStoreError, match="another process"):
        SqliteStore(file)
    asyncio.run(store.close())
    asyncio.run(SqliteStore(file).close())


def test_who_waits_for_the_lock_gets_it_when_it_is_free(tmp_path: Path) -> None:
    first = WriterLock(tmp_path / "lock")
    threading.Timer(0.2, first.release).start()
    WriterLock(tmp_path / "lock", patience=5.0).release()


def test_migrating_twice_changes_nothing(file: Path) -> None:
    before = file.read_bytes()
    migrate(file)
    ensure(file)
    assert file.read_bytes() == before


def test_only_its_owner_can_read_the_database(file: Path) -> None:
    asyncio.run(SqliteStore(file).close())
    store = SqliteStore(file)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    modes = {each.name: each.stat().st_mode & 0o777 for each in file.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    asyncio.run(store.close())


@pytest.mark.parametrize("use", [SqliteStore, ensure, migrate])
def test_a_newer_schema_is_left_alone(file: Path, use: type[SqliteStore]) -> None:
    changing = apsw.Connection(str(file))
    changing.execute("UPDATE alembic_version SET version_num = '9999'")
    changing.close()
    with pytest.raises(UnfitStoreError, match="newer Duologue"):
        use(file)


@pytest.mark.parametrize("use", [SqliteStore, ensure, migrate])
def test_a_file_that_is_no_database_is_named(file: Path, use: type[SqliteStore]) -> None:
    file.write_bytes(b"this is a text file, and a long one" * 200)
    with pytest.raises(UnfitStoreError, match=f"{file.name} cannot be used as a database"):
        use(file)


def test_a_migration_that_fails_in_the_child_says_why(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.unlink()
    file.mkdir()
    with pytest.raises(UnfitStoreError, match=r"chat\.sqlite3"):
        ensure(file)


def open_files() -> list[str]:
    return sorted(
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")
    )


def test_no_file_stays_open(file: Path) -> None:
    before = [name for name in open_files() if str(file.parent) in name]
    assert before == []

    async def live() -> None:
        store = SqliteStore(file)
        room, _ = await store.open_room(ALICE, BOB, NOON)
        for _ in range(5):
            with pytest.raises(OutcomeUnknownError):
                await store.commit([draft(room, ALICE, "\ud800")])
        await store.commit([draft(room, ALICE)])
        # the file, its WAL and its index for the writer and two readers, and the lock
        assert len([name for name in open_files() if str(file.parent) in name]) <= 3 * 3 + 1
        await store.close()

    asyncio.run(live())
    assert [name for name in open_files() if str(file.parent) in name] == []


def test_a_store_that_cannot_open_leaves_nothing_open(file: Path) -> None:
    changing = apsw.Connection(str(file))
    changing.execute("UPDATE alembic_version SET version_num = '9999'")
    changing.close()
    for _ in range(3):
        with pytest.raises(UnfitStoreError):
            SqliteStore(file)
    assert [name for name in open_files() if str(file.parent) in name] == []


async def test_the_wal_begins_anew_while_readers_never_rest(file: Path) -> None:
    store = SqliteStore(file)
    room, _ = await store.open_room(ALICE, BOB, NOON)
    done = False

    async def read() -> None:
        while not done:
            await store.page(room, before=None, after=None, limit=100)

    readers = [asyncio.create_task(read()) for _ in range(4)]
    # how often the WAL began anew, not how long it was: that depends on who gets the processor when
    fresh_starts = 0
    pages = 0
    for _ in range(400):
        await store.commit([draft(room, ALICE, "x" * 4000) for _ in range(256)])
        before, pages = pages, store._writer._checkpoints._pages
        fresh_starts += pages < before
        if fresh_starts == 2:
            break
    done = True
    await asyncio.gather(*readers)
    await store.close()
    assert fresh_starts == 2


async def test_the_wal_shrinks_after_a_reader_that_held_a_snapshot_for_long(file: Path) -> None:
    store = SqliteStore(file)
    room, _ = await store.open_room(ALICE, BOB, NOON)
    outside = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    outside.execute("BEGIN")
    outside.execute("SELECT count(*) FROM messages").fetchall()
    wal = file.with_name(f"{file.name}-wal")
    for _ in range(70):
        await store.commit([draft(room, ALICE, "x" * 4000) for _ in range(256)])
    held = wal.stat().st_size
    outside.execute("COMMIT")
    outside.close()
    for _ in range(20):
        await store.commit([draft(room, ALICE, "x" * 4000) for _ in range(256)])
    assert held > 70_000_000
    assert wal.stat().st_size <= 67_108_864
    await store.close()


def test_a_child_that_is_killed_in_a_migration_leaves_what_can_be_migrated(tmp_path: Path) -> None:
    """Killed after a growing time, each time on the same file; then once to the end."""
    file = tmp_path / "chat" / "chat.sqlite3"
    command = [sys.executable, "-m", "duologue.chat.migrations", str(file)]
    for attempt in range(8):
        child = subprocess.Popen(command)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.05 + attempt * 0.08)
        child.kill()
        child.wait()
    ensure(file)
    asyncio.run(SqliteStore(file).close())
