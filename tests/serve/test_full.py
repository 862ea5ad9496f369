"""More connections than there are files for: whoever is too many is told so, and all that was there goes on."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket, opening, text
from tests.rig.server import ROOMY, RunningServer

FILES = 400
MOST_SECONDS = 20.0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that may open few files."""
    shell = ("sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh")
    env = ROOMY | {"DUOLOGUE_AUTH_DEADLINE": "60"}
    server = RunningServer(tmp_path / "data", env, prefix=shell).start()
    yield server
    server.stop()


def healthy(server: RunningServer) -> int:
    return httpx.get(f"{server.url}/healthz", trust_env=False, timeout=MOST_SECONDS).status_code


def knock(server: RunningServer, stack: ExitStack) -> tuple[int, RawSocket]:
    raw = stack.enter_context(RawSocket(server.port, timeout=MOST_SECONDS))
    raw.send(opening("/ws/chat/1/"))
    answer = raw.answer()
    if answer.status == 503:
        assert (answer.problem["code"], "retry-after" in answer.headers) == ("overloaded", True)
    return answer.status, raw


def test_sockets_beyond_the_limit_are_refused_and_the_rest_goes_on(small: RunningServer) -> None:
    alice, bob = Person.arrive(small, "alice"), Person.arrive(small, "bob")
    room = alice.room_with(bob)
    with ExitStack() as strangers, alice.socket(room, timeout=MOST_SECONDS) as inside:
        answers = [knock(small, strangers)[0] for _ in range(FILES + 200)]
        assert set(answers) == {101, 503}
        assert 200 < answers.count(101) < FILES - 100
        # one after the other: none was let in once it was full
        assert answers == sorted(answers)
        # requests still have room, and what was there works
        assert healthy(small) == 200
        assert bob.post(room, "while it is full").status_code == 201
        assert inside.message() == "while it is full"
        inside.send(text({"message": "so I hear"}))
        assert inside.message() == "so I hear"
        assert small.log().count("connections_full") == 1
    with ExitStack() as again:
        deadline = time.monotonic() + MOST_SECONDS
        while knock(small, again)[0] != 101 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert knock(small, again)[0] == 101
    assert "Traceback" not in small.log()


def test_connections_that_say_nothing_do_not_use_up_the_files(small: RunningServer) -> None:
    alice, bob = Person.arrive(small, "alice"), Person.arrive(small, "bob")
    room = alice.room_with(bob)
    with ExitStack() as silent, alice.socket(room, timeout=MOST_SECONDS) as inside:
        for _ in range(FILES + 200):
            silent.enter_context(RawSocket(small.port, timeout=MOST_SECONDS))
        with RawSocket(small.port, timeout=MOST_SECONDS) as late:
            answer = late.answer()
            assert (answer.status, answer.problem["code"]) == (503, "overloaded")
        inside.send(text({"message": "unharmed"}))
        assert inside.message() == "unharmed"
    deadline = time.monotonic() + MOST_SECONDS
    while healthy(small) != 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert healthy(small) == 200
    assert small.log().count("connections_full") == 1
    assert "Too many open files" not in small.log()
