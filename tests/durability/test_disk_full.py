"""A full file system: sends are refused and nothing else is; when there is room again, everything goes on."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.people import Person
from tests.rig.raw_socket import text
from tests.rig.server import ROOMY, RunningServer
from tests.rig.tools import cannot

pytestmark = pytest.mark.slow

LONG = "x" * 3000


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 4 MB where chat keeps its data, which is nothing yet."""
    chat = folder / "data" / "chat"
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(chat)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        cannot("a file system of a few megabytes is mounted for it, which needs root")
    yield chat
    subprocess.run(["umount", "--lazy", str(chat)], check=True)


def test_a_full_disk_refuses_sends_and_nothing_else(small_disk: Path, folder: Path) -> None:
    server = RunningServer(folder / "data", ROOMY).start()
    try:
        alice, bob, eve = (Person.arrive(server, name) for name in ("alice", "bob", "eve"))
        room = alice.room_with(bob)
        assert alice.post(room, "before").status_code == 201
        _fill(small_disk)
        with bob.socket(room) as socket:
            stored = _send_until_full(alice, room)
            heard = [socket.json()["client_id"] for _ in stored]

            # what it says over the socket, with room for nothing
            socket.send(text({"message": LONG, "client_id": "by-socket"}))
            refused = socket.json()
            assert (refused["code"], refused["retryable"]) == ("outcome_unknown", True)
            assert refused["client_id"] == "by-socket"
            assert alice.http.get("/readyz").status_code == 503
            assert alice.http.get("/healthz").status_code == 200
            assert [row.get("client_id") for row in bob.whole_history(room)] == [None, *stored]
            pair = {"participant_a": "alice", "participant_b": eve.username} | {"participant_a": alice.username}
            again = alice.http.post("/api/chat/rooms/", json=pair, headers=alice.headers)
            assert again.json()["code"] == "outcome_unknown"

            (small_disk / "filler").unlink()
            _wait_until_ready(alice)
            socket.send(text({"message": LONG, "client_id": "by-socket"}))
            assert alice.post(room, LONG, client_id="full").status_code == 201
            assert [socket.json()["client_id"] for _ in range(2)] == ["by-socket", "full"]
            assert heard == stored

        assert alice.room_with(eve) > room
        before = bob.whole_history(room)
        assert [row.get("client_id") for row in before] == [None, *stored, "by-socket", "full"]
        server.kill()
        server.start()
        assert bob.whole_history(room) == before
    finally:
        server.kill()


def _fill(folder: Path) -> None:
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "filler").write_bytes(b"\0" * (free - 100_000))


def _send_until_full(alice: Person, room: int) -> list[str]:
    stored: list[str] = []
    for n in range(200):
        answer = alice.post(room, LONG, client_id=f"id-{n}")
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
            # the same again, as the answer asks: still no room, still one message at most
            assert alice.post(room, LONG, client_id="full").json()["code"] == "outcome_unknown"
            return stored
        stored.append(f"id-{n}")
    raise AssertionError("the disk never filled")


def _wait_until_ready(person: Person) -> None:
    deadline = time.monotonic() + 10
    while person.http.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
