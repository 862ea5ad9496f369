"""The bot of the README and of docs/sdk.md, as it stands there, on a real server."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.rig.people import Person
from tests.rig.server import RunningServer

_PROJECT = Path(__file__).parents[2]
_PAGES = (_PROJECT / "README.md", _PROJECT / "docs" / "sdk.md")
_WAIT_SECONDS = 20.0


def bot() -> str:
    """Return the program that both pages show."""
    shown = {re.findall(r"```python\n(import .*?)```", page.read_text(), re.DOTALL)[0] for page in _PAGES}
    (program,) = shown
    return str(program)


@contextlib.contextmanager
def running_bot(person: Person) -> Iterator[None]:
    environment = os.environ | {"API": person.server.url, "BOT": person.username, "PASSWORD": person.password}
    process = subprocess.Popen([sys.executable, "-W", "error", "-c", bot()], env=environment)
    try:
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def talk_until_answered(person: Person, room: int, word: str) -> list[str]:
    """Say something again and again, since a bot hears what is said while it is there; return its answers."""
    deadline = time.monotonic() + _WAIT_SECONDS
    before = len(answers(person, room))
    while time.monotonic() < deadline:
        person.post(room, f"{word} {time.monotonic_ns()}")
        time.sleep(0.2)
        if len(answers(person, room)) > before:
            return answers(person, room)
    raise TimeoutError


def answers(person: Person, room: int) -> list[str]:
    """Return what the other one has said."""
    return [each["content"] for each in person.whole_history(room) if each["sender_id"] != person.username]


def test_the_bot_answers_and_after_it_was_killed_answers_nothing_twice(server: RunningServer) -> None:
    alice, echo = Person.arrive(server, "alice"), Person.arrive(server, "echo")
    room = alice.room_with(echo)
    for word in ("Hello", "Again"):
        with running_bot(echo):
            assert talk_until_answered(alice, room, word)[-1].startswith(f"You said: {word}")
    said = [each["content"] for each in alice.whole_history(room) if each["sender_id"] == alice.username]
    answered = answers(alice, room)
    assert len(set(answered)) == len(answered)
    assert {text.removeprefix("You said: ") for text in answered} <= set(said)
