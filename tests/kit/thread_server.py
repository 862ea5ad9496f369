"""A server of our own kind in a thread beside the tests."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn
import uvloop

from duologue.kit.http_server import Server, listen


class ThreadServer(Server):
    """A server that leaves signals to the tests."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def serving(config: uvicorn.Config) -> Iterator[tuple[ThreadServer, socket.socket]]:
    """Serve on a port of the loopback; give the server and the socket that listens."""
    listening = listen("127.0.0.1", 0)
    started = threading.Event()
    server = ThreadServer(config, started.set)
    thread = threading.Thread(target=_run, args=(server, listening))
    thread.start()
    assert started.wait(10)
    try:
        yield server, listening
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def _run(server: ThreadServer, listening: socket.socket) -> None:
    # the loop that the product has: its transports refuse what asyncio's pass over
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve([listening]))
