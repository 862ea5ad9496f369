"""Three people, two rooms, on the one server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.people import Person
from tests.rig.server import RunningServer, running_server


@dataclass
class Trio:
    """alice and bob share `room`, alice and carol `other`; nobody has ever said a word."""

    alice: Person
    bob: Person
    carol: Person
    room: int
    other: int


def trio_on(server: RunningServer) -> Trio:
    """Return new people on a server."""
    alice, bob, carol = (Person.arrive(server, name) for name in ("alice", "bob", "carol"))
    return Trio(alice, bob, carol, alice.room_with(bob), alice.room_with(carol))


@pytest.fixture
def trio(server: RunningServer) -> Trio:
    """New people."""
    return trio_on(server)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that soon runs out of patience."""
    env = {
        "DUOLOGUE_AUTH_DEADLINE": "0.5",
        "DUOLOGUE_SOCKETS_PER_USER": "3",
        "DUOLOGUE_EDIT_SECONDS": "1",
        "DUOLOGUE_FRAME_BYTES": "4096",
        "DUOLOGUE_MESSAGE_CHARACTERS": "100",
        "DUOLOGUE_SENDS_PER_SECOND": "5",
        "DUOLOGUE_SENDS_BURST": "20",
        "DUOLOGUE_SIGNALS_PER_SECOND": "2",
        "DUOLOGUE_SIGNALS_BURST": "6",
    }
    folder: Path = tmp_path_factory.mktemp("strict")
    with running_server(folder, env) as running:
        yield running


@pytest.fixture
def strict_trio(strict: RunningServer) -> Trio:
    """New people on that server."""
    return trio_on(strict)
