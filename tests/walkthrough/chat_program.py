"""The program of `docs/write-a-client.md`: its blocks, where it runs, and doors to the server that can be shut."""

import re
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.rig.people import Person
from tests.walkthrough.terminal import Terminal

PAGE = (Path(__file__).parents[2] / "docs" / "write-a-client.md").read_text(encoding="utf-8")


def blocks(part: str) -> list[str]:
    """Return the Python of a part of the page."""
    return re.findall(r"```python\n(.*?)```", part, re.DOTALL)


FIRST, REST = PAGE.split("## Step 1", 1)


class Chat(Terminal):
    """The program at a terminal."""

    def __init__(self, program: Path, port: int, person: Person, other: Person) -> None:
        command = [sys.executable, "-W", "error", str(program), f"http://127.0.0.1:{port}", person.username]
        super().__init__("env", f"PASSWORD={person.password}", *command, other.username)
        self.name = re.escape(person.username)


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
                    server = self._connect(client)
                except OSError:
                    server = None
                if server is None:
                    client.close()
                    continue
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

    def _connect(self, client: socket.socket) -> socket.socket | None:
        """Return the way on for whoever comes in; None when there is none."""
        return socket.create_connection(("127.0.0.1", self._target))


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    # the other direction closes the other one
    source.close()


class Switchboard(Door):
    """A door that leads a socket to another server, and lets requests for a fresh token pass or not."""

    def __init__(self, port: int, socket_port: int) -> None:
        super().__init__(port)
        self._socket_port = socket_port
        self.sockets_elsewhere = sys.maxsize
        """So many sockets more go to the other server."""
        self.refreshes_lost = 0
        """So many requests more for a fresh token get no answer."""
        self.refreshes = 0

    def _connect(self, client: socket.socket) -> socket.socket | None:
        head = client.recv(65536)
        path = head.split(b" ")[1] if head else b""
        if path == b"/api/token/refresh/":
            self.refreshes += 1
            if self.refreshes <= self.refreshes_lost:
                return None
        server = socket.create_connection(("127.0.0.1", self._port_for(path)))
        server.sendall(head)
        return server

    def _port_for(self, path: bytes) -> int:
        if not path.startswith(b"/ws/") or not self.sockets_elsewhere:
            return self._target
        self.sockets_elsewhere -= 1
        return self._socket_port
