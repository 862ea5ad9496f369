"""The product as its users run it, `duologue serve`, on a data directory of its own and a free port."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from bench.api import Api
from bench.placement import Placement
from bench.processes import Server

_START_SECONDS = 60.0
_POLL_SECONDS = 0.005

# What a benchmark asks of one machine is what the limits per user and address are there to refuse
RAISED_LIMITS = {
    "DUOLOGUE_SENDS_PER_SECOND": "1000000",
    "DUOLOGUE_SENDS_BURST": "1000000",
    "DUOLOGUE_ROOMS_PER_MINUTE": "1000000",
    "DUOLOGUE_ROOMS_BURST": "1000000",
    "DUOLOGUE_READS_PER_SECOND": "1000000",
    "DUOLOGUE_READS_BURST": "1000000",
    "DUOLOGUE_SOCKETS_PER_USER": "100000",
    "DUOLOGUE_WAITING_SOCKETS": "100000",
    "DUOLOGUE_RATE_LOGIN": "",
    "DUOLOGUE_RATE_SIGNUP": "",
    "DUOLOGUE_RATE_REFRESH": "",
}


class Product:
    """One start of the product; `started_in` is the time from making the process to the first ready answer."""

    def __init__(self, placement: Placement, data: Path) -> None:
        self.port = _free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
        environment |= RAISED_LIMITS | {"DUOLOGUE_DATA": str(data), "PORT": str(self.port), "HOST": "127.0.0.1"}
        began = time.perf_counter()
        self.server = Server(
            placement, ["-m", "duologue", "serve"], log=data.with_suffix(".log"), environment=environment
        )
        self._wait_until_ready(began)
        self.started_in = time.perf_counter() - began

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.server.pid

    def stop(self) -> None:
        """Let it drain; raise when it does not end as it should."""
        code = self.server.stop()
        if code != 0:
            raise RuntimeError(f"the product ended with {code}, not 0")

    def _wait_until_ready(self, began: float) -> None:
        while time.perf_counter() - began < _START_SECONDS:
            if not self.server.running:
                raise RuntimeError("the product ended while it started")
            if self._ready():
                return
            time.sleep(_POLL_SECONDS)
        raise RuntimeError("the product did not become ready")

    def _ready(self) -> bool:
        api = Api(self.port)
        try:
            return api.call("GET", "/readyz")[0] == 200
        except OSError:
            return False
        finally:
            api.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
