"""A room with people in it who talk all the time, while others misbehave."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.rig.people import Person
from tests.rig.raw_socket import RawSocket, text
from tests.rig.server import RunningServer, running_server

Pair = tuple[Person, Person, int]


class Bystanders:
    """Two sockets of the room that exchange numbered messages; each must see every number once and in order."""

    def __init__(self, pair: Pair, pause: float = 0.01) -> None:
        self._pause = pause
        self._alice, self._bob, self._room = pair
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bystanders")
        self.rounds = 0
        self.slowest = 0.0
        self.failure: BaseException | None = None
        self._thread.start()

    def stop(self) -> None:
        """End the exchange."""
        self._stopped.set()
        self._thread.join()

    def go_on(self) -> None:
        """Wait for two more rounds; AssertionError when a message was lost, doubled or late."""
        wanted, deadline = self.rounds + 2, time.monotonic() + 5
        while self.rounds < wanted and self.failure is None and time.monotonic() < deadline:
            time.sleep(0.002)
        assert self.failure is None, self.failure
        assert self.rounds >= wanted, "nothing reaches the others any more"

    def _run(self) -> None:
        try:
            with self._alice.socket(self._room) as one, self._bob.socket(self._room) as other:
                self._exchange(one, other)
        except BaseException as failure:  # noqa: BLE001 - reported by the test that caused it
            self.failure = failure

    def _exchange(self, one: RawSocket, other: RawSocket) -> None:
        while not self._stopped.wait(self._pause):
            sender = one if self.rounds % 2 else other
            began = time.monotonic()
            sender.send(text({"message": f"bystander {self.rounds}"}))
            for reader in (one, other):
                while not (said := reader.message()).startswith("bystander "):
                    pass
                assert said == f"bystander {self.rounds}"
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.rounds += 1


@pytest.fixture(scope="module")
def pair(server: RunningServer) -> Pair:
    """Two people and the room that they share."""
    alice, bob = Person.arrive(server, "alice"), Person.arrive(server, "bob")
    return alice, bob, alice.room_with(bob)


@pytest.fixture(scope="package")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with little patience, and two pages on other hosts that may open sockets."""
    settings = {
        "DUOLOGUE_AUTH_DEADLINE": "1",
        "DUOLOGUE_REQUEST_HEAD_SECONDS": "1",
        "DUOLOGUE_PING_INTERVAL": "1",
        "DUOLOGUE_PING_TIMEOUT": "5",
        "DUOLOGUE_KEEP_ALIVE": "1",
        "DUOLOGUE_QUEUED_FRAMES": "16",
        "DUOLOGUE_SENDS_PER_SECOND": "10",
        "DUOLOGUE_SENDS_BURST": "2000",
        "DUOLOGUE_SIGNALS_PER_SECOND": "10",
        "DUOLOGUE_SIGNALS_BURST": "2000",
        "DUOLOGUE_ALLOWED_ORIGINS": "https://good.example, http://localhost:3000/",
    }
    with running_server(tmp_path_factory.mktemp("strict"), settings) as running:
        yield running


@pytest.fixture(scope="package")
def strict_pair(strict_server: RunningServer) -> Pair:
    """Two people on that server."""
    alice, bob = Person.arrive(strict_server, "alice"), Person.arrive(strict_server, "bob")
    return alice, bob, alice.room_with(bob)


@pytest.fixture(scope="module")
def bystanders(pair: Pair) -> Iterator[Bystanders]:
    """The others in the room."""
    others = Bystanders(pair)
    yield others
    others.stop()


@pytest.fixture
def attacker(pair: Pair, bystanders: Bystanders) -> Iterator[RawSocket]:
    """A joined socket that may do what it likes; afterwards the others must not have noticed."""
    alice, _, room = pair
    with alice.socket(room) as raw:
        yield raw
    bystanders.go_on()
