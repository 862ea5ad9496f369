"""`docs/write-a-client.md`: its blocks are a program, and the program loses nothing when connections and servers do."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.walkthrough.terminal import Terminal

PAGE = (Path(__file__).parents[2] / "docs" / "write-a-client.md").read_text(encoding="utf-8")


def blocks(part: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", part, re.DOTALL)


FIRST, REST = PAGE.split("## Step 1", 1)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The page's blocks, one after the other."""
    path = tmp_path / "chat.py"
    path.write_text("\n".join(blocks(REST)), encoding="utf-8")
    return path


class Door:
    """Passes bytes on to the server, until it is told to cut every connection."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """End every connection without a word."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    # the other direction closes the other one
    source.close()


class Chat(Terminal):
    """The program at a terminal."""

    def __init__(self, program: Path, port: int, person: Person, other: Person) -> None:
        command = [sys.executable, "-W", "error", str(program), f"http://127.0.0.1:{port}", person.username]
        super().__init__("env", f"PASSWORD={person.password}", *command, other.username)
        self.name = re.escape(person.username)


@pytest.fixture
def people(fresh_server: RunningServer) -> tuple[Person, Person]:
    return Person.arrive(fresh_server, "alice"), Person.arrive(fresh_server, "bob")


def test_ten_lines_hear_a_message(fresh_server: RunningServer, people: tuple[Person, Person], tmp_path: Path) -> None:
    alice, bob = people
    room = alice.room_with(bob)
    [lines] = blocks(FIRST)
    path = tmp_path / "listen.py"
    path.write_text(lines.replace("localhost:8000", f"127.0.0.1:{fresh_server.port}"), encoding="utf-8")
    environment = os.environ | {"ROOM": str(room), "TOKEN": alice.token}
    with subprocess.Popen([sys.executable, path], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert '"type":"ready"' in process.stdout.readline()
        bob.post(room, "Hi from REST")
        assert "Hi from REST" in process.stdout.readline()
        process.terminate()


def test_the_program_speaks_edits_and_reads(
    fresh_server: RunningServer, people: tuple[Person, Person], program: Path
) -> None:
    alice, bob = people
    room = alice.room_with(bob)
    bob.post(room, "said before")
    with (
        Chat(program, fresh_server.port, alice, bob) as at_alice,
        Chat(program, fresh_server.port, bob, alice) as at_bob,
    ):
        for chat in (at_alice, at_bob):
            chat.expect(r"\[1\] bob\S*: said before")
        at_alice.type("Hi Bpb!")
        at_bob.expect(rf"\[2\] {at_alice.name}: Hi Bpb!")
        at_alice.expect(rf"{at_bob.name} has read up to 2")
        at_alice.type("/edit Hi Bob!")
        at_bob.expect(rf"\[2\] {at_alice.name}: Hi Bob!")
        at_alice.expect(r"\[2\] \S+: Hi Bob!")
        at_alice.type("/delete")
        at_bob.expect(rf"\[2\] {at_alice.name}: \(deleted\)")
    assert [each["content"] for each in alice.whole_history(room)] == ["said before", ""]


def test_cut_connections_and_a_restart_lose_and_double_nothing(
    fresh_server: RunningServer, people: tuple[Person, Person], program: Path
) -> None:
    alice, bob = people
    room = alice.room_with(bob)
    with ExitStack() as stack:
        door = Door(fresh_server.port)
        stack.callback(door.close)
        at_alice = stack.enter_context(Chat(program, door.port, alice, bob))
        at_bob = stack.enter_context(Chat(program, fresh_server.port, bob, alice))
        for chat in (at_alice, at_bob):
            chat.expect("-- here")
        for number in range(20):
            at_alice.type(f"line {number}")
            if number in (3, 9, 15):
                door.cut()
            if number == 12:
                fresh_server.stop(signal.SIGKILL)
                at_bob.type("typed while it was away")
                fresh_server.start()
        at_bob.expect("line 19", 60)
        at_alice.expect("-- here", 60)
        # somebody who is told this late has been told everything before
        bob.post(room, "the last word")
        at_alice.expect("the last word", 60)
    said = [each["content"] for each in alice.whole_history(room)]
    assert [each for each in said if each.startswith("line")] == [f"line {number}" for number in range(20)]
    assert said.count("typed while it was away") == 1


def test_a_wrong_password_ends_it(fresh_server: RunningServer, people: tuple[Person, Person], program: Path) -> None:
    alice, bob = people
    alice.password = "wrong"
    with Chat(program, fresh_server.port, alice, bob) as at_alice:
        at_alice.expect("HTTP Error 401")
