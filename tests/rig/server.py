"""The real product as a process of its own: `duologue serve` on a free port with a data directory of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.rig.ports import hold_port

_BANNER = re.compile(r"Duologue is at (?:.* and )?http://[^ ]*?:(\d+)")
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0

# every person of the tests comes from one address: the throttles that are not under test are raised
ROOMY = {
    "DUOLOGUE_SENDS_PER_SECOND": "100000",
    "DUOLOGUE_SENDS_BURST": "100000",
    "DUOLOGUE_SIGNALS_PER_SECOND": "100000",
    "DUOLOGUE_SIGNALS_BURST": "100000",
    "DUOLOGUE_ROOMS_PER_MINUTE": "100000",
    "DUOLOGUE_ROOMS_BURST": "100000",
    "DUOLOGUE_READS_PER_SECOND": "100000",
    "DUOLOGUE_READS_BURST": "100000",
    "DUOLOGUE_SOCKETS_PER_USER": "10000",
    "DUOLOGUE_WAITING_SOCKETS": "10000",
    "DUOLOGUE_RATE_SIGNUP": "100000/m/ip",
    "DUOLOGUE_RATE_LOGIN": "100000/m/ip",
    "DUOLOGUE_RATE_LOGIN_FAILED": "100000/m/ip",
    "DUOLOGUE_RATE_REFRESH": "100000/m/ip",
}


@dataclass
class RunningServer:
    """One server process. `data` outlives it, so that `start` after `kill` finds what was stored."""

    data: Path
    env: Mapping[str, str] = field(default_factory=dict)
    service: str | None = None
    port: int = 0
    prefix: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where its sockets are."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        """What it wrote to stdout and stderr, over all starts."""
        return self.data.with_suffix(".log")

    def log(self) -> str:
        """Return what it wrote."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def start(self) -> "RunningServer":
        """Start it and wait until it is ready; a second start keeps the port, which nobody takes in between."""
        if self.port == 0:
            self.port, held = hold_port()
            weakref.finalize(self, held.close)
        seen = len(self.log())
        service = [self.service] if self.service else []
        command = [*self.prefix, sys.executable, "-m", "duologue", "serve", *service, *self.arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
        environment |= {"PORT": str(self.port), "DUOLOGUE_DATA": str(self.data), **self.env}
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=self.data.parent)
        self._wait_until_ready(seen)
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS)

    def kill(self) -> int:
        """End it as a power cut of the process would: SIGKILL."""
        return self.stop(signal.SIGKILL)

    def _wait_until_ready(self, seen: int) -> None:
        assert self.process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            banner = _BANNER.search(self.log()[seen:])
            if banner is not None:
                self.port = int(banner[1])
                if self._ready():
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the server did not start:\n{self.log()[seen:]}")

    def _ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == httpx.codes.OK
        return False


@contextlib.contextmanager
def running_server(
    folder: Path, env: Mapping[str, str] | None = None, *, roomy: bool = True, service: str | None = None
) -> Iterator[RunningServer]:
    """Run a server in a folder of its own; `env` adds settings, `roomy` raises the throttles."""
    server = RunningServer(folder / "data", (ROOMY if roomy else {}) | dict(env or {}), service)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
