"""Each of the first forty calls to the disk fails, once or for good: nothing acknowledged is lost, nothing is twice."""

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import apsw
import msgspec
import pytest

from duologue.chat.model import Message, Posted, Room
from duologue.chat.store.sqlite import SqliteStore
from tests.chat.people import ALICE, BOB, NOON
from tests.durability.failing_lives import BALLAST, Life, database_of, drafts
from tests.rig import strace
from tests.rig.tiers import amount

pytestmark = pytest.mark.slow

CALLS = 40
SAMPLE = 8
# each thread's call of this number is the one that fails
FAILING = CALLS + 1
ROOT = Path(__file__).parents[2]

File = Literal["the WAL", "the database"]
HowLong = Literal["once", "for good"]
EVERY_CALL = [(call, file) for call in ("fdatasync", "pwrite64", "ftruncate") for file in ("the WAL", "the database")]


class Sweep:
    """Stores in one process, to each of which the disk fails another call."""

    def __init__(self, folder: Path, empty: Path, numbers: Sequence[int]) -> None:
        self.folder = folder
        self.lives: list[Life] = []
        self.failures: Counter[int] = Counter()
        """How often the disk failed a thread."""
        self._numbers = numbers
        for n in numbers:
            shutil.copytree(empty, database_of(folder, n).parent)

    def run(self, call: str, file: File, error: str, how_long: HowLong, weakened: str = "") -> None:
        """Let all of them live and die."""
        trace = self.folder / "trace"
        suffix = "-wal" if file == "the WAL" else ""
        paths = [self.folder / BALLAST, *(f"{database_of(self.folder, n)}{suffix}" for n in self._numbers)]
        when = f"{FAILING}+" if how_long == "for good" else str(FAILING)
        command = [
            strace.program("it makes system calls fail"), "-f", "-o", str(trace), "--seccomp-bpf",
            *(argument for path in paths for argument in ("-P", str(path))),
            "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}",
            sys.executable, "-m", "tests.durability.failing_lives", str(self.folder), call, str(FAILING),
            *map(str, self._numbers),
        ]  # fmt: skip
        env = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "WEAKENED": weakened}
        done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        said = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
        self.lives = [msgspec.json.decode(line, type=Life) for line in said]
        injected = re.findall(rf"^(\d+) .* {error} .*\(INJECTED\)$", trace.read_text(), re.MULTILINE)
        self.failures = Counter(map(int, injected))

    def complaints(self) -> list[str]:
        """Open what each has left, in a process whose disk is well, and say all of it again; return what is wrong."""
        return [
            f"call {life.n}: {complaint}"
            for life in self.lives
            for complaint in asyncio.run(_look(database_of(self.folder, life.n), life))
        ]


async def _look(file: Path, life: Life) -> list[str]:
    store = SqliteStore(file)
    try:
        room, _ = await store.open_room(ALICE, BOB, NOON)
        found = [*_lost(life, await _messages(store, room))]
        for commit in range(life.commits):
            for said in drafts(room, commit):
                [outcome] = await store.commit([said])
                if not isinstance(outcome, Posted) or outcome.message.content != said.content:
                    found.append(f"{said.client_id} became {outcome}")
                elif said.client_id in life.acknowledged and not outcome.duplicate:
                    found.append(f"{said.client_id} was stored twice")
        after = await _messages(store, room)
        if sorted(str(message.client_id) for message in after) != sorted(_said(room, life)):
            found.append("not each message is there once")
        if [message.seq for message in after] != list(range(1, len(after) + 1)):
            found.append("seq is not dense")
        return found + ([] if store.healthy else ["not healthy"])
    finally:
        await store.close()
        found += _unsound(file)


def _lost(life: Life, there: list[Message]) -> Iterator[str]:
    by_client_id = {message.client_id: (message.id, message.seq) for message in there}
    for client_id, place in life.acknowledged.items():
        if by_client_id.get(client_id) != place:
            yield f"{client_id} was acknowledged as {place} and is {by_client_id.get(client_id)}"


def _said(room: Room, life: Life) -> list[str]:
    return [str(said.client_id) for commit in range(life.commits) for said in drafts(room, commit)]


async def _messages(store: SqliteStore, room: Room) -> list[Message]:
    found: list[Message] = []
    while page := (await store.page(room, before=None, after=len(found), limit=300)).messages:
        found += page
    return found


def _unsound(file: Path) -> list[str]:
    connection = apsw.Connection(str(file))
    integrity = connection.execute("PRAGMA integrity_check").get
    dangling = connection.execute("SELECT count(*) FROM pragma_foreign_key_check").get
    connection.close()
    return [f"integrity: {integrity}"] * (integrity != "ok") + [f"{dangling} dangling keys"] * bool(dangling)


def some_calls() -> list[int]:
    """Return the numbers of some calls, of all of them when there is time."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return amount(sorted(random.Random(seed).sample(range(1, CALLS + 1), SAMPLE)), all_calls())


def all_calls() -> list[int]:
    """Return the numbers of all calls."""
    return list(range(1, CALLS + 1))


@pytest.fixture
def empty(migrated: Path) -> Path:
    """A migrated database without anybody."""
    return migrated / "chat"


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize(("call", "file"), EVERY_CALL)
def test_a_call_that_fails_once(tmp_path: Path, empty: Path, call: str, file: File, error: str) -> None:
    sweep = Sweep(tmp_path, empty, all_calls() if error == "EIO" else some_calls())
    sweep.run(call, file, error, "once")
    assert set(sweep.failures.values()) == {1}
    assert len(sweep.failures) == len(sweep.lives)
    for life in sweep.lives:
        assert not life.healthy_when_it_refused
        assert life.healthy
        # the same said again was stored
        assert life.refused == []
    assert sweep.complaints() == []
    if (call, file) != ("ftruncate", "the WAL"):
        assert all(life.failures for life in sweep.lives)
    else:
        # a WAL that stays long is no failure
        assert not any(life.failures for life in sweep.lives)


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize(("call", "file"), EVERY_CALL)
def test_a_call_that_fails_for_good(tmp_path: Path, empty: Path, call: str, file: File, error: str) -> None:
    sweep = Sweep(tmp_path, empty, some_calls())
    sweep.run(call, file, error, "for good")
    assert len(sweep.failures) == len(sweep.lives)
    for life in sweep.lives:
        assert not life.healthy_when_it_refused
        assert life.healthy == (life.failures == 0)
    assert sweep.complaints() == []
    if (call, file) != ("ftruncate", "the WAL"):
        assert all(life.failures > 1 for life in sweep.lives)


@pytest.mark.parametrize(("weakened", "complaint"), [("deaf", "and is None"), ("trusting", "seq is not dense")])
def test_a_writer_that_makes_light_of_a_failure_is_found_out(
    tmp_path: Path, empty: Path, weakened: str, complaint: str
) -> None:
    sweep = Sweep(tmp_path, empty, all_calls())
    sweep.run("pwrite64", "the WAL", "EIO", "once", weakened)
    assert any(complaint in found for found in sweep.complaints())
