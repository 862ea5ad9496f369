"""A process in which many stores live, and to the writer of each the disk fails another call.

`python -m tests.durability.failing_lives FOLDER CALL FAILING n ...` runs under strace, which fails the call number
FAILING of each thread. Every store has a writer's thread of its own, which makes so many calls on another file before
that its n-th call on the store's file is the one that fails.

WEAKENED=deaf: a commit that failed is taken for a good one. WEAKENED=trusting: after a failure the writer goes on with
its connection and with what it knows by heart.
"""

import asyncio
import itertools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import msgspec

from duologue.chat.model import Draft, Posted, Room
from duologue.chat.store.api import OutcomeUnknownError
from duologue.chat.store.sqlite import SqliteStore, checkpoints, writer
from duologue.chat.store.sqlite.connection import open_writer
from tests.chat.people import ALICE, BOB, NOON, draft

BALLAST = "ballast"
COMMITS, COMMITS_AFTERWARDS, TRIES = 90, 4, 3
# so that checkpoints come, and the WAL begins anew and is cut off, every few commits
_STEP_PAGES, _WAL_BYTES = 6, 4096

_SAME_CALL: dict[str, Callable[[int], object]] = {
    "fdatasync": os.fdatasync,
    "pwrite64": lambda handle: os.pwrite(handle, b"", 0),
    "ftruncate": lambda handle: os.ftruncate(handle, 0),
}


class Life(msgspec.Struct):
    """What one store promised. `acknowledged`: id and seq by client_id; `refused`: what was unknown to the end.

    `failures`: how often something was refused or the store was not healthy after it had stored something.
    """

    n: int
    commits: int = 0
    acknowledged: dict[str, tuple[int, int]] = {}
    refused: list[str] = []
    failures: int = 0
    healthy_when_it_refused: bool = False
    healthy: bool = False


def database_of(folder: Path, n: int) -> Path:
    """Return the database of the store whose n-th call fails."""
    return folder / f"life-{n}" / "chat.sqlite3"


def drafts(room: Room, commit: int) -> list[Draft]:
    """Return what is said in a store's commit of this number."""
    sender = BOB if commit % 2 else ALICE
    return [
        draft(room, sender, f"{commit}.{n} " + "x" * (commit * 7 % 400), f"id-{commit}-{n}")
        for n in range(1 + commit % 3)
    ]


async def _live(life: Life, path: Path, calls_before: Callable[[], None]) -> None:
    store = SqliteStore(path)
    store._writing.submit(calls_before).result()
    room = await _open_room(life, store)
    afterwards = itertools.count(1)
    while room is not None and life.commits < COMMITS:
        await _say(life, store, drafts(room, life.commits))
        life.commits += 1
        if life.failures and next(afterwards) > COMMITS_AFTERWARDS:
            break
    life.healthy = store.healthy


async def _open_room(life: Life, store: SqliteStore) -> Room | None:
    for _ in range(TRIES):
        try:
            room, _ = await store.open_room(ALICE, BOB, NOON)
        except OutcomeUnknownError:
            _note_refusal(life, store)
        else:
            return room
    return None


async def _say(life: Life, store: SqliteStore, said: list[Draft]) -> None:
    for _ in range(TRIES):
        try:
            outcomes = await store.commit(said)
        except OutcomeUnknownError:
            _note_refusal(life, store)
            continue
        for outcome in outcomes:
            assert isinstance(outcome, Posted)
            life.acknowledged[str(outcome.message.client_id)] = outcome.message.id, outcome.message.seq
        # it is stored and acknowledged; the checkpoint after it may have failed
        life.failures += not store.healthy
        return
    life.refused += [str(each.client_id) for each in said]


def _note_refusal(life: Life, store: SqliteStore) -> None:
    life.failures += 1
    life.healthy_when_it_refused |= store.healthy


class _Deaf(apsw.Connection):
    def execute(self, statements: str, *arguments: Any, **options: Any) -> apsw.Cursor:
        try:
            return super().execute(statements, *arguments, **options)
        except (apsw.IOError, apsw.FullError):
            if statements != "COMMIT":
                raise
            return self.cursor()


def _go_on(self: writer.Writer) -> None:
    if self._connection is not None and self._connection.in_transaction:
        self._connection.execute("ROLLBACK")


def _open_with_a_short_wal(path: Path) -> apsw.Connection:
    connection = open_writer(path)
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
    return connection


def _prepare() -> None:
    vars(checkpoints)["_STEP_PAGES"] = _STEP_PAGES
    vars(writer)["open_writer"] = _open_with_a_short_wal
    if os.environ.get("WEAKENED") == "deaf":
        vars(apsw)["Connection"] = _Deaf
    if os.environ.get("WEAKENED") == "trusting":
        writer.Writer.close = _go_on  # type: ignore[method-assign]


def main(folder: Path, call: str, failing: int, numbers: list[int]) -> None:
    """Let all live, one after the other, and say what each promised."""
    _prepare()
    ballast = os.open(folder / BALLAST, os.O_RDWR | os.O_CREAT)

    def live(life: Life) -> None:
        def calls_before() -> None:
            for _ in range(failing - life.n):
                _SAME_CALL[call](ballast)

        asyncio.run(_live(life, database_of(folder, life.n), calls_before))

    for n in numbers:
        life = Life(n)
        # a thread of its own opens each store, too: none of them comes to the call that fails
        thread = threading.Thread(target=live, args=(life,))
        thread.start()
        thread.join()
        os.write(sys.stdout.fileno(), msgspec.json.encode(life) + b"\n")
    # no farewell: closing would put everything into its place
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), [int(n) for n in sys.argv[4:]])
