"""`docs/write-a-client.md`: its blocks are a program, and the program loses nothing when connections and servers do."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.walkthrough.chat_program import FIRST, Chat, Door, blocks


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
