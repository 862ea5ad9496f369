"""Who asks and does not read the answer is cut; who reads slowly gets all of it."""

import contextlib
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from duologue.kit.http_server import PatientProtocol
from duologue.kit.unread import Unread
from tests.kit.thread_server import ThreadServer, serving

MIB = 1024 * 1024
UNREAD_SECONDS, KEEP_ALIVE_SECONDS = 0.6, 2
MOST_IN_ALL = 24 * MIB


class Brisk(PatientProtocol):
    unread_seconds = UNREAD_SECONDS
    unread = Unread(1024 * MIB)


class Frugal(PatientProtocol):
    unread = Unread(MOST_IN_ALL)


async def answer_at_length(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with as many bytes as the path says."""
    body = b"x" * int(scope["path"].removeprefix("/"))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Site:
    """A running server."""

    server: ThreadServer
    listening: socket.socket

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self.server.server_state.connections)

    @contextlib.contextmanager
    def asked(self, size: int, header: str = "") -> Iterator[socket.socket]:
        """Ask for that many bytes on a connection whose own side keeps little."""
        with socket.socket() as tcp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            tcp.settimeout(5)
            tcp.connect(self.listening.getsockname())
            ask(tcp, size, header)
            yield tcp


@contextlib.contextmanager
def site_of(protocol: type[PatientProtocol]) -> Iterator[Site]:
    config = uvicorn.Config(
        answer_at_length,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    with serving(config) as (server, listening):
        yield Site(server, listening)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with site_of(Brisk) as site:
        yield site


def ask(tcp: socket.socket, size: int, header: str = "") -> None:
    tcp.sendall(f"GET /{size} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode())


def read(tcp: socket.socket, size: int) -> int:
    """Read until so many bytes of the body are here, or the end; return how many are."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += tcp.recv(1)
    left = size
    while left and (got := len(tcp.recv(min(left, MIB)))):
        left -= got
    return size - left


@pytest.fixture
def held() -> Iterator[Callable[[], int]]:
    """How much memory was asked for since the test began and not given back."""
    # not the process's size: the allocator may keep what was freed for the next one
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_who_reads_nothing_is_cut_and_the_memory_let_go(site: Site, held: Callable[[], int]) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(site.asked(16 * MIB))
        assert wait_for(lambda: held() > 100 * MIB, 5), "nothing waited"
        assert wait_for(lambda: site.connections == 0, 2 * UNREAD_SECONDS + 2)
        assert wait_for(lambda: held() < 10 * MIB, 2), held()


@pytest.mark.parametrize("header", ["", "Connection: close\r\n"], ids=["kept-alive", "to-be-closed"])
def test_a_little_that_is_not_read_keeps_no_connection_either(site: Site, header: str) -> None:
    site.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    try:
        # too little for asyncio to pause the answer, too much for the kernel to keep
        with site.asked(60_000, header):
            assert wait_for(lambda: site.connections == 1, 2)
            assert wait_for(lambda: site.connections == 0, KEEP_ALIVE_SECONDS + 2 * UNREAD_SECONDS + 1)
    finally:
        site.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MIB)


def test_who_reads_slowly_and_steadily_gets_all(site: Site) -> None:
    size, slowly = 16 * MIB, 0
    with site.asked(size) as tcp:
        end = time.monotonic() + 6 * UNREAD_SECONDS
        slowly = read(tcp, 1)
        while time.monotonic() < end:
            slowly += len(tcp.recv(2048))
            time.sleep(0.02)
        assert slowly < MIB
        while got := len(tcp.recv(MIB)):
            slowly += got
            if slowly == size:
                break
    assert slowly == size


def test_a_connection_whose_answer_was_read_late_lives_on(site: Site) -> None:
    with site.asked(8 * MIB) as tcp:
        time.sleep(UNREAD_SECONDS / 2)
        assert read(tcp, 8 * MIB) == 8 * MIB
        time.sleep(2 * UNREAD_SECONDS)
        ask(tcp, 5)
        assert read(tcp, 5) == 5


def test_many_who_read_nothing_hold_little_together(held: Callable[[], int]) -> None:
    """Long before anybody's time is up."""
    with site_of(Frugal) as site, contextlib.ExitStack() as stack:
        patient = stack.enter_context(site.asked(6 * MIB))
        most = 0
        for _ in range(20):
            stack.enter_context(site.asked(16 * MIB))
            time.sleep(0.05)
            most = max(most, held())
        assert wait_for(lambda: held() < MOST_IN_ALL + MIB, 5), held()
        # besides what waits, one answer is made at a time, and its head put before it
        assert most < MOST_IN_ALL + 40 * MIB
        assert site.connections <= 2
        # who asked for less than they keeps its answer
        assert read(patient, 6 * MIB) == 6 * MIB
    assert len(Frugal.unread) == 0


def test_who_has_read_all_counts_no_more() -> None:
    with site_of(Frugal) as site, contextlib.ExitStack() as stack:
        for _ in range(5):
            tcp = stack.enter_context(site.asked(16 * MIB))
            assert read(tcp, 16 * MIB) == 16 * MIB
        assert site.connections == 5
        assert wait_for(lambda: len(Frugal.unread) == 0, 2)


def test_who_leaves_with_a_pipeline_of_answers_unread_writes_nothing_into_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as tcp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tcp.connect(site.listening.getsockname())
        # in one go: the later ones are known before the earlier ones are answered
        tcp.sendall(f"GET /{4 * MIB} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 6)
        time.sleep(UNREAD_SECONDS / 3)
        assert site.connections == 1
    assert wait_for(lambda: site.connections == 0, 5)
    time.sleep(0.1)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
