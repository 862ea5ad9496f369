"""Where the twelve checks are played: on the product, and on a chat that has every one of the defects."""

import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.rig.people import Person, forge
from tests.rig.ports import hold_port
from tests.rig.raw_socket import Headers, RawSocket
from tests.rig.server import RunningServer


class Stage:
    """The product. `patience`: seconds to wait for a frame, or for the end of a socket."""

    patience = 7.0

    def __init__(self, server: RunningServer) -> None:
        self.server = server

    def arrive(self, name: str) -> Person:
        """Return somebody new."""
        return Person.arrive(self.server, name)

    def room(self) -> tuple[Person, Person, int]:
        """Return two people with an empty room of their own."""
        one, other = self.arrive("one"), self.arrive("other")
        return one, other, one.room_with(other)

    def socket(self, room: int, headers: Headers = (), query: str = "") -> RawSocket:
        """Return a socket with these headers and no others."""
        return RawSocket.open(self.server.port, f"/ws/chat/{room}/{query}", headers, timeout=self.patience)

    def other_token(self, person: Person) -> str:
        """Return another good token of somebody's, which nobody has seen yet."""
        return forge(person, jti=str(time.monotonic_ns()))

    def ending_token(self, person: Person) -> str:
        """Return a token that is over, by the clock, and still let in for the clocks' differences."""
        return forge(person, exp=int(time.time()) - 20)

    @contextlib.contextmanager
    def broken_disk(self) -> Iterator[None]:
        """Let every write of the server's to a file fail."""
        assert self.server.process is not None
        pid, limit = self.server.process.pid, resource.RLIMIT_FSIZE
        _, hard = resource.prlimit(pid, limit)
        resource.prlimit(pid, limit, (1, hard))
        try:
            yield
        finally:
            resource.prlimit(pid, limit, (hard, hard))


class _NaivePerson(Person):
    """Somebody on the naive chat, where a name is enough."""

    def register(self) -> None:
        """Nothing is asked."""

    def log_in(self) -> None:
        """The name is the token."""
        self.token = self.username
        # its answers are not documented
        self.http.event_hooks = {}

    def socket(self, room: int, *, timeout: float = 1.0, receive_buffer: int | None = None) -> RawSocket:
        """Open a socket and expect little of it."""
        return super().socket(room, timeout=timeout, receive_buffer=receive_buffer)


class NaiveStage(Stage):
    """The naive chat."""

    patience = 1.0

    def arrive(self, name: str) -> Person:
        """Return somebody new."""
        return _NaivePerson.arrive(self.server, name)

    def other_token(self, person: Person) -> str:
        """Return the only one there is."""
        return person.token

    ending_token = other_token

    @contextlib.contextmanager
    def broken_disk(self) -> Iterator[None]:
        """Let it store nothing."""
        httpx.get(f"{self.server.url}/break", trust_env=False)
        try:
            yield
        finally:
            httpx.get(f"{self.server.url}/mend", trust_env=False)


@contextlib.contextmanager
def naive_stage(folder: Path) -> Iterator[NaiveStage]:
    """Run the naive chat as a process of its own."""
    port, held = hold_port()
    server = RunningServer(folder / "data", port=port)
    root = Path(__file__).parents[2]
    with server.log_file.open("wb") as log:
        command = [sys.executable, "-m", "tests.security.naive_chat", str(port)]
        process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield NaiveStage(server)
    finally:
        process.kill()
        process.wait()
        held.close()
