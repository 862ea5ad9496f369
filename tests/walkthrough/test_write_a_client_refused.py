"""The program of `docs/write-a-client.md` keeps the rules of its page when it is refused: tokens, crowds, sizes."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.rig.people import Person
from tests.rig.server import RunningServer
from tests.walkthrough.chat_program import REST, Chat, Switchboard, blocks

_WAIT_SECONDS = 30.0


@contextmanager
def refusing(code: int) -> Iterator[tuple[int, list[str]]]:
    """Run a chat that closes every socket after its greeting; yield its port and the tokens that it was shown."""
    tokens: list[str] = []

    def refuse(guest: ServerConnection) -> None:
        tokens.append(json.loads(guest.recv())["token"])
        guest.close(code)

    with serve(refuse, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.socket.getsockname()[1], tokens
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def switchboard(server: RunningServer, port: int) -> Iterator[Switchboard]:
    """Run a switchboard before a server, whose sockets lead to a port."""
    board = Switchboard(server.port, port)
    try:
        yield board
    finally:
        board.close()


@contextmanager
def piped(program: Path, server: RunningServer, person: Person, other: Person) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the program without a terminal, which would cut a line after 4,095 bytes."""
    command = [sys.executable, "-W", "error", str(program), server.url, person.username, other.username]
    environment = os.environ | {"PASSWORD": person.password}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def test_a_fresh_token_that_is_refused_asks_for_a_login(
    fresh_server: RunningServer, people: tuple[Person, Person], program: Path
) -> None:
    alice, bob = people
    with refusing(4401) as (port, tokens), switchboard(fresh_server, port) as board:
        board.refreshes_lost = 2
        with Chat(program, board.port, alice, bob) as at_alice:
            at_alice.expect("the login has ended: start again with the password", _WAIT_SECONDS)
        assert board.refreshes == 3
        # the one that it had, once, and the fresh one
        assert len(tokens) == len(set(tokens)) == 2
        assert all(tokens)


def test_auth_that_is_away_for_a_while_loses_nothing(
    fresh_server: RunningServer, people: tuple[Person, Person], program: Path
) -> None:
    alice, bob = people
    with refusing(4401) as (port, tokens), switchboard(fresh_server, port) as board:
        board.sockets_elsewhere = 1
        board.refreshes_lost = 3
        with Chat(program, board.port, alice, bob) as at_alice:
            at_alice.expect(r"-- away \(4401\)", _WAIT_SECONDS)
            at_alice.type("typed meanwhile")
            at_alice.expect(r"\[1\] \S+: typed meanwhile", _WAIT_SECONDS)
        assert (len(tokens), board.refreshes) == (1, 4)
    assert [each["content"] for each in bob.whole_history(alice.room_with(bob))] == ["typed meanwhile"]


@pytest.mark.parametrize(("code", "first"), [(1006, 0.25), (1012, 0.25), (1013, 5), (4429, 5)])
def test_it_waits_longer_where_it_was_too_much(monkeypatch: pytest.MonkeyPatch, code: int, first: float) -> None:
    monkeypatch.setattr(random, "uniform", lambda _, longest: longest)
    page: dict[str, Any] = {}
    # all but the last block, which begins
    exec(compile("\n".join(blocks(REST)[:-1]), "write-a-client.md", "exec"), page)  # noqa: S102 - the project's own page
    assert [page["pause"](code, tries) for tries in range(9)] == [min(30, first * 2**tries) for tries in range(9)]


def test_four_thousand_emoji_fit_and_more_characters_are_not_sent(
    fresh_server: RunningServer, people: tuple[Person, Person], program: Path
) -> None:
    alice, bob = people
    room = alice.room_with(bob)
    lines = ["\U0001f600" * 4001, "\U0001f600" * 4000, "after"]
    with piped(program, fresh_server, alice, bob) as process:
        assert process.stdin is not None
        process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        process.stdin.flush()
        deadline = time.monotonic() + _WAIT_SECONDS
        while len(said := [each["content"] for each in bob.whole_history(room)]) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert said == lines[1:]
