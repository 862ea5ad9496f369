"""The power goes at two hundred places: whatever survives of the unsynced, all that was acknowledged is there."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import apsw
import msgspec
import pytest

from duologue.chat.migrations import migrate
from duologue.chat.model import Message
from duologue.chat.store.sqlite import SqliteStore
from tests.durability.power_writer import BATCHES, Acknowledged
from tests.durability.start import WEAKENED
from tests.rig import strace
from tests.rig.power_cut import CALLS, Disk, Fate
from tests.rig.strace import Call

pytestmark = pytest.mark.slow

PLACES = 75
FATES: tuple[Fate, ...] = ("none", "some", "all")
FILES = ("chat.sqlite3", "chat.sqlite3-wal")


def traced(folder: Path, seed: int, env: dict[str, str]) -> tuple[dict[str, bytes], list[Call]]:
    """Let the store write under strace; return the files as they were before, and what it did."""
    database, output = folder / FILES[0], folder / "trace"
    migrate(database)
    before = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    program = strace.program("what was synced when is read from it")
    command = [
        program, "-f", "-y", "-s", "1000000", "-o", str(output), "--seccomp-bpf", "-e", f"trace={CALLS}",
        sys.executable, "-m", "tests.durability.power_writer", str(database), str(folder / "acknowledged"), str(seed),
    ]  # fmt: skip
    root = Path(__file__).parents[2]
    path = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), str(root / "src"), str(root)]))
    done = subprocess.run(
        command, env=os.environ | env | {"PYTHONPATH": path}, capture_output=True, check=False, cwd=folder, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return before, strace.read(output)


class Promised:
    """All that was acknowledged so far. What came after it may be there, too: only more is allowed, never less."""

    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self.marks: dict[int, int] = {}

    def add(self, line: bytes) -> None:
        """One more commit."""
        told = msgspec.json.decode(line, type=Acknowledged)
        self.messages.update({message.seq: message for message in told.messages})
        self.marks.update(told.marks)

    def complaints(self, there: dict[int, Message], marks: dict[int, int]) -> list[str]:
        """Return what is missing."""
        lost = [f"message {seq}" for seq, message in self.messages.items() if not _kept(message, there.get(seq))]
        return lost + [f"mark of {who}" for who, mark in self.marks.items() if marks.get(who, 0) < mark]


def _kept(promised: Message, there: Message | None) -> bool:
    """Tell whether a message is as it was promised, or as a later edit or deletion made it."""
    if there is None or (there.id, there.client_id, there.sender) != (
        promised.id,
        promised.client_id,
        promised.sender,
    ):
        return False
    if promised.deleted_at is not None or there.deleted_at is not None:
        return there.deleted_at is not None and not there.content
    return there.content == promised.content or (there.edited_at or 0) > (promised.edited_at or 0)


async def _open(folder: Path, promised: Promised) -> list[str]:
    """Open what is left with the product's store; return what is wrong."""
    store = SqliteStore(folder / FILES[0])
    try:
        room = await store.room(1)
        if room is None:
            return ["room 1"] if promised.messages else []
        messages: dict[int, Message] = {}
        marks: dict[int, int] = {}
        at, more = (0, 0), True
        while more:
            changes = await store.changes(room, *at, 300)
            assert changes is not None
            messages.update({message.seq: message for message in changes.messages})
            marks.update({read.person: read.last_read_seq for read in changes.reads})
            at, more = (changes.seq, changes.change), changes.more
        assert sorted(messages) == list(range(1, at[0] + 1))
        return promised.complaints(messages, marks)
    finally:
        await store.close()


def sound(folder: Path) -> None:
    """The file is a whole database, and its changes are numbered without a gap."""
    connection = apsw.Connection(str(folder / FILES[0]))
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    assert connection.execute("SELECT count(*) FROM pragma_foreign_key_check").get == 0
    connection.close()


def cuts(folder: Path, before: dict[str, bytes], calls: list[Call], seed: int) -> tuple[int, list[str]]:
    """Cut the power at many places; return how often, and every loss."""
    chance = random.Random(seed)
    ours = [call for call in calls if Path(call.file).parent == folder and call.ended >= 0]
    first = next(n for n, call in enumerate(ours) if call.name == "write")
    places = set(chance.sample(range(first, len(ours)), min(PLACES, len(ours) - first)))
    disk, promised, losses, number = Disk(folder, before), Promised(), list[str](), 0
    for place, call in enumerate(disk.replay(ours)):
        if call.file.endswith("acknowledged"):
            promised.add(call.data)
        for fate in FATES if place in places else ():
            number += 1
            where = folder / f"cut-{number}"
            disk.cut(where, FILES, fate, chance)
            losses += [f"cut {place}, {fate}: {loss}" for loss in asyncio.run(_open(where, promised))]
            sound(where)
    assert len(promised.messages) >= BATCHES
    return number, losses


def is_in_its_directory(folder: Path, calls: list[Call]) -> bool:
    """Tell whether the directory was synced after the WAL was made and before anything in that was promised."""
    made = min(call.began for call in calls if call.file.endswith(FILES[1]))
    promised = min(call.began for call in calls if call.file.endswith("acknowledged"))
    syncs = [call for call in calls if call.name in ("fsync", "fdatasync") and call.file == str(folder)]
    return any(made < call.began and call.ended < promised for call in syncs)


def test_no_power_cut_takes_what_was_acknowledged(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    before, calls = traced(tmp_path, seed, {})
    # checkpoints were among what was cut: the database file itself was written
    assert any(call.name == "pwrite64" and call.file.endswith(FILES[0]) for call in calls)
    assert is_in_its_directory(tmp_path, calls)
    number, losses = cuts(tmp_path, before, calls, seed)
    print(f"{number} cuts in {len(calls)} calls")
    assert number >= 200
    assert losses == []


def test_without_a_sync_at_each_commit_the_power_takes_it(tmp_path: Path) -> None:
    """The same with `synchronous=NORMAL`: were nothing lost here, the test above would show nothing."""
    before, calls = traced(tmp_path, 7, {"PYTHONPATH": str(WEAKENED), "WEAKENED": "NORMAL"})
    number, losses = cuts(tmp_path, before, calls, 7)
    print(f"{number} cuts, {len(losses)} losses")
    assert any("none: message" in loss for loss in losses)
    assert any("none: mark" in loss for loss in losses)
