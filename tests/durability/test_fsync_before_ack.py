"""No acknowledgement leaves the process before the disk has the message: read from the server's system calls."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from duologue.verify.history import History
from tests.durability.writers import RestWriter, SocketWriter, Writer
from tests.rig.people import Person
from tests.rig.raw_socket import text
from tests.rig.strace import Call, judge, read, traced_server

pytestmark = pytest.mark.slow

ALONE, IN_GROUPS = 100, 300


async def _together(writers: Sequence[Writer], acknowledgements: int) -> None:
    enough = asyncio.Event()
    history = writers[0].history
    talking = asyncio.gather(*(writer.talk(enough) for writer in writers))
    for _ in itertools.count():
        if talking.done() or sum(a.outcome == "ok" for a in history.attempts) >= acknowledgements:
            break
        await asyncio.sleep(0.05)
    enough.set()
    await talking


def _one_by_one(alice: Person, bob: Person, room: int, count: int) -> list[str]:
    """Send over REST and a socket in turn, each after the answer to the one before."""
    client_ids = []
    with bob.socket(room, timeout=10) as socket:
        for n in range(count):
            client_ids.append(f"alone-{n}")
            if n % 2:
                assert alice.post(room, f"alone {n}", client_id=client_ids[-1]).status_code == 201
                assert socket.json()["client_id"] == client_ids[-1]
            else:
                socket.send(text({"message": f"alone {n}", "client_id": client_ids[-1]}))
                assert socket.json()["client_id"] == client_ids[-1]
    return client_ids


def _traced(folder: Path, env: dict[str, str], alone: int, in_groups: int) -> tuple[list[Call], list[str], list[str]]:
    history = History()
    with traced_server(folder, env) as (server, output):
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        client_ids = _one_by_one(alice, bob, room, alone)
        writers: list[Writer] = [
            kind(person, room, f"{kind.__name__}-{person.username[0]}", history)
            for kind in (SocketWriter, RestWriter)
            for person in (alice, bob)
        ]
        asyncio.run(_together(writers, in_groups))
    return read(output), client_ids, [a.client_id for a in history.attempts if a.outcome == "ok"]


def test_every_acknowledgement_waits_for_the_sync_that_covers_it(folder: Path) -> None:
    calls, alone, in_groups = _traced(folder, {}, ALONE, IN_GROUPS)

    single, grouped = judge(calls, alone), judge(calls, in_groups)
    print(f"alone: {single.acknowledged} with {single.syncs} syncs; in groups: {grouped.acknowledged}, {grouped.syncs}")
    assert single.complaints == grouped.complaints == []
    assert single.acknowledged == ALONE
    assert grouped.acknowledged >= IN_GROUPS
    # the WAL's own header is synced once more when the file begins anew
    assert single.syncs <= single.acknowledged + 2
    assert grouped.syncs <= grouped.acknowledged / 2


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_a_server_that_does_not_wait_is_found_out(folder: Path, synchronous: str) -> None:
    weakened = {"PYTHONPATH": str(Path(__file__).with_name("weakened")), "WEAKENED": synchronous}
    calls, alone, _ = _traced(folder, weakened, 10, 1)
    assert len(judge(calls, alone).complaints) == 10


def test_an_answer_that_overtakes_its_sync_is_found_out(tmp_path: Path) -> None:
    """A trace by hand: the sync has begun, and returns after the answer has left."""
    trace = tmp_path / "trace"
    lines = [
        '7 pwrite64(5</d/chat.sqlite3-wal>, "\\0\\0\\0\\2\\0\\0\\0\\3abcdefgh12345678", 24, 32) = 24',
        '7 pwrite64(5</d/chat.sqlite3-wal>, "page with id-1 in it", 4096, 56) = 4096',
        "7 fdatasync(5</d/chat.sqlite3-wal> <unfinished ...>",
        '8 write(9<socket:[1]>, "HTTP/1.1 201 Created\\r\\n\\r\\n", 24) = 24',
        "7 <... fdatasync resumed>) = 0",
        '8 write(9<socket:[1]>, "{\\"client_id\\":\\"id-1\\"}", 20) = 20',
    ]
    trace.write_text("\n".join(lines))
    assert judge(read(trace), ["id-1"]).complaints == ["id-1 left at 3, covered by the sync (1, 4)"]
    trace.write_text("\n".join([*lines[:3], lines[4], lines[3], lines[5]]))
    assert judge(read(trace), ["id-1"]).complaints == []
    trace.write_text("\n".join([*lines[:3], "7 <... fdatasync resumed>) = -1 EIO (Input/output error)", *lines[3::2]]))
    assert judge(read(trace), ["id-1"]).complaints == ["id-1 left at 4, covered by the sync None"]
    assert judge(read(trace), ["id-2"]).complaints == ["id-2 was never acknowledged"]
