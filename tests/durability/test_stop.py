"""A stop is no accident: what has begun is answered, sockets are told, the exit code is 0."""

import asyncio
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from duologue.verify.history import History
from duologue.verify.oracle import verdict
from tests.durability.test_kill import talk
from tests.durability.writers import RestWriter, SocketWriter, Writer, final
from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket, text
from tests.rig.server import ROOMY, RunningServer, running_server
from tests.rig.strace import prefix, program

pytestmark = pytest.mark.slow

RESTARTING = 1012


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_under_load_loses_nothing(folder: Path, number: signal.Signals) -> None:
    history = History()
    with running_server(folder) as server:
        alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
        room = alice.room_with(bob)
        sockets: list[Writer] = [SocketWriter(alice, room, "alice", history), SocketWriter(bob, room, "bob", history)]
        writers = [*sockets, RestWriter(alice, room, "a-rest", history), RestWriter(bob, room, "b-rest", history)]
        exit_code = asyncio.run(_talk_until_stopped(server, writers, number))
        assert exit_code == 0
        assert {code for writer in sockets for code in writer.closes} == {RESTARTING}
        assert "Traceback" not in server.log()
        server.start()
        asyncio.run(talk(server, writers, (bob, room), "bob listens", None))
        history.final = final([(bob, room)])
    assert verdict(history) == []
    assert [writer.unsure for writer in writers] == [{}] * 4
    assert any(a.outcome == "ok" for a in history.attempts)


async def _talk_until_stopped(server: RunningServer, writers: list[Writer], number: signal.Signals) -> int:
    enough = asyncio.Event()
    talking = asyncio.gather(*(writer.talk(enough) for writer in writers))
    await asyncio.sleep(0.6)
    exit_code = await asyncio.to_thread(server.stop, number)
    enough.set()
    await talking
    return exit_code


def test_what_is_on_its_way_to_the_disk_is_answered(folder: Path) -> None:
    """Every sync takes a second: at the signal one message is in the commit and one waits for the next."""
    path = program("it makes syncs slow")
    wal = folder / "data" / "chat" / "chat.sqlite3-wal"
    slow = "inject=fdatasync:delay_enter=1000000:when=2+"
    command = prefix(path, folder / "trace", "-P", str(wal), "-e", "trace=fdatasync", "-e", slow)
    server = RunningServer(folder / "data", ROOMY, prefix=command).start()
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    room = alice.room_with(bob)
    answers: list[httpx.Response] = []
    with bob.socket(room) as listening:
        posting = threading.Thread(target=lambda: answers.append(alice.post(room, "by REST", client_id="rest")))
        posting.start()
        time.sleep(0.3)
        listening.send(text({"message": "by socket", "client_id": "socket"}))
        time.sleep(0.2)
        assert answers == []
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert [listening.json()["client_id"] for _ in range(2)] == ["rest", "socket"]
        assert listening.close_code() == RESTARTING
    posting.join()
    assert [answer.status_code for answer in answers] == [201]
    assert server.process.wait(10) == 0


def test_nobody_new_comes_in_while_it_stops(folder: Path) -> None:
    with running_server(folder, {"DUOLOGUE_DRAIN_SECONDS": "5"}) as server, _unfinished_request(server):
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionRefusedError):
            _knock(server, seconds=4)
        assert server.process.poll() is None


def _knock(server: RunningServer, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        socket.create_connection(("127.0.0.1", server.port)).close()
        time.sleep(0.05)


def test_a_second_interrupt_does_not_wait(folder: Path) -> None:
    with running_server(folder, {"DUOLOGUE_DRAIN_SECONDS": "60"}) as server, _unfinished_request(server):
        assert server.process is not None
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.7)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 128 + signal.SIGINT
        assert "Traceback" not in server.log(), server.log()


def test_a_drain_that_takes_too_long_ends(folder: Path) -> None:
    with running_server(folder, {"DUOLOGUE_DRAIN_SECONDS": "1"}) as server, _unfinished_request(server):
        assert server.stop() == 0


def _unfinished_request(server: RunningServer) -> RawSocket:
    """Return a connection whose request has said only half of its body."""
    person = Person.arrive(server, "slow")
    raw = RawSocket(server.port)
    raw.send(
        b"POST /api/chat/rooms/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer " + person.token.encode() + b"\r\ncontent-length: 100\r\n\r\n{"
    )
    time.sleep(0.2)
    return raw
