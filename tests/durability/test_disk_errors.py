"""The disk fails a call, or several in a row: nothing acknowledged is lost, nothing is there twice, and it ends."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.rig.people import Person
from tests.rig.raw_socket import text
from tests.rig.server import ROOMY, RunningServer
from tests.rig.strace import prefix, program

pytestmark = pytest.mark.slow

MESSAGES = 30
# strace counts the calls of each thread by itself: these are the writer's, and opening the room takes the first of them
FAILURES = {
    "the third sync": "fdatasync:error=EIO:when=3",
    "some syncs in a row": "fdatasync:error=EIO:when=5..7",
    "a full disk at some writes": "pwrite64:error=ENOSPC:when=30..33",
    "a broken disk at some writes": "pwrite64:error=EIO:when=41..45",
}


@pytest.fixture(params=list(FAILURES.values()), ids=list(FAILURES))
def failing(request: pytest.FixtureRequest, folder: Path) -> Iterator[RunningServer]:
    """A server whose WAL is on a disk that fails."""
    path = program("it makes system calls fail")
    wal = folder / "data" / "chat" / "chat.sqlite3-wal"
    call = request.param.partition(":")[0]
    command = prefix(path, folder / "trace", "-P", str(wal), "-e", f"trace={call}", "-e", f"inject={request.param}")
    server = RunningServer(folder / "data", ROOMY, prefix=command)
    yield server.start()
    server.kill()


def ready(person: Person) -> int:
    return person.http.get("/readyz").status_code


def test_a_failing_disk_loses_and_doubles_nothing(failing: RunningServer) -> None:
    alice, bob = Person.arrive(failing, "alice"), Person.arrive(failing, "bob")
    room = _open(alice, bob)
    acknowledged: dict[str, int] = {}
    unknown: list[str] = []
    readiness: set[int] = set()
    with bob.socket(room) as socket:
        for n in range(MESSAGES):
            client_id = f"id-{n}"
            while client_id not in acknowledged:
                answer = alice.post(room, f"text {n}", client_id=client_id)
                if answer.status_code in (200, 201):
                    acknowledged[client_id] = answer.json()["id"]
                    continue
                assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown"), answer.text
                assert int(answer.headers["retry-after"]) >= 1
                unknown.append(client_id)
                readiness.add(ready(alice))
        # one who listens hears each message that was new to the room, in its place, and the same socket still speaks
        socket.send(text({"message": "the socket lives"}))
        heard = [socket.json() for _ in range(MESSAGES + 1)]

    assert unknown, "the failure was not met"
    assert 503 in readiness
    assert ready(alice) == 200
    assert [frame["seq"] for frame in heard] == list(range(1, MESSAGES + 2))
    before = bob.whole_history(room)
    assert {row.get("client_id"): row["id"] for row in before[:-1]} == acknowledged
    assert [row["id"] for row in before] == [frame["id"] for frame in heard]
    failing.kill()
    failing.prefix = ()
    failing.start()
    assert bob.whole_history(room) == before


def _open(alice: Person, bob: Person) -> int:
    """Open the room, again where the failure comes that early."""
    pair = {"participant_a": alice.username, "participant_b": bob.username}
    for _ in range(20):
        answer = alice.http.post("/api/chat/rooms/", json=pair, headers=alice.headers)
        if answer.status_code in (200, 201):
            room: int = answer.json()["id"]
            return room
        assert answer.json()["code"] == "outcome_unknown"
    raise AssertionError("never opened")


def test_readiness_comes_back_without_traffic(folder: Path) -> None:
    path = program("it makes system calls fail")
    wal = folder / "data" / "chat" / "chat.sqlite3-wal"
    inject = "inject=fdatasync:error=EIO:when=3..5"
    command = prefix(path, folder / "trace", "-P", str(wal), "-e", "trace=fdatasync", "-e", inject)
    server = RunningServer(folder / "data", ROOMY, prefix=command).start()
    try:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        answers = [alice.post(room, "text", client_id=f"id-{n}").status_code for n in range(2)]
        assert 503 in answers
        seen = [ready(alice)]
        deadline = time.monotonic() + 15
        while seen[-1] != httpx.codes.OK and time.monotonic() < deadline:
            time.sleep(0.1)
            seen.append(ready(alice))
        assert (seen[0], seen[-1]) == (503, 200)
        assert alice.post(room, "text", client_id="id-1").status_code in (200, 201)
        assert server.process is not None
        assert server.process.poll() is None
    finally:
        server.kill()
