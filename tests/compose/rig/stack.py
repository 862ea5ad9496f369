"""The running stack, as somebody on this machine meets it."""

import http.client
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.compose.rig.commands import CommandError
from tests.compose.rig.engine import Docker
from tests.compose.rig.waiting import until
from tests.rig.server import RunningServer

LOOPBACK = "127.0.0.1"


def _port(name: str, usual: int) -> int:
    return int(os.environ.get(name) or usual)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """Return the body as Python values."""
        return json.loads(self.body)


@dataclass
class Stack:
    """Caddy, auth and chat. `HTTP_PORT` and `APP_PORT` move the two ports where 80 and 8000 are taken."""

    engine: Docker
    http_port: int = field(default_factory=lambda: _port("HTTP_PORT", 80))
    app_port: int = field(default_factory=lambda: _port("APP_PORT", 8000))

    def check_ports(self) -> None:
        """Raise CommandError when somebody else has one of the ports."""
        for name, port in (("HTTP_PORT", self.http_port), ("APP_PORT", self.app_port)):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((LOOPBACK, port))
                except OSError as error:
                    raise CommandError(f"port {port}: {error.strerror}; choose another one with {name}=…") from None

    def people_reach(self) -> RunningServer:
        """Return the stack's port by path, in the form that the rig's people take."""
        return RunningServer(data=Path(os.devnull), port=self.app_port)

    def authority(self, service: str | None = None) -> str:
        """Return what stands between `//` and the path in an address: by name on 80, or by path on 8000."""
        if service is None:
            return f"localhost:{self.app_port}"
        return f"{service}.localhost" + ("" if self.http_port == 80 else f":{self.http_port}")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        service: str | None = None,
        host: str | None = None,
    ) -> Answer:
        """Send one request through the proxy: by name when a service is named, else by path; `host` overrides."""
        port = self.app_port if service is None else self.http_port
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
        try:
            connection.request(method, path, body, {"Host": host or self.authority(service), **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def log(self, service: str) -> str:
        """Return what a service wrote."""
        done = self.engine.run("logs", self.engine.container(service))
        return done.stdout + done.stderr

    def inside(self, service: str, *words: str) -> str:
        """Run a program in a service's container and return what it wrote."""
        return self.engine.run("exec", self.engine.container(service), *words).stdout

    def kill(self, service: str) -> None:
        """End a service as a crash would."""
        self.engine.run("kill", "--signal", "KILL", self.engine.container(service))

    def start(self, service: str) -> None:
        """Start it again and wait until it is healthy."""
        self.engine.compose("start", service)
        until(lambda: self.engine.healthy(self.engine.container(service)), f"{service} is healthy", seconds=60)

    def start_auth_beside_chat(self) -> None:
        """Start auth again and wait until chat reaches it, too."""
        self.start("auth")
        # the engine may give it another hardware address, which its neighbours learn after some seconds
        until(self._chat_reaches_auth, "chat reaches auth", seconds=30)

    def _chat_reaches_auth(self) -> bool:
        ask = "import urllib.request as u; u.urlopen('http://auth:8000/healthz', timeout=2)"
        try:
            self.inside("chat", "python", "-c", ask)
        except CommandError:
            return False
        return True
