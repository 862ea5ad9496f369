"""A server of our own: started on a free port with a data directory of its own, killed and started again."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

_BANNER = re.compile(r"Duologue is at (http://\S+?:(\d+))")
_START_SECONDS = 45.0
_STOP_SECONDS = 25.0
THE_PRODUCT = (sys.executable, "-m", "duologue")

# What one person may do is for people; the load here is a crowd's. Little waits for slow readers, so that some are
# closed; a short drain, so that a stop is over before the run is.
_SETTINGS = {
    "HOST": "127.0.0.1",
    "DUOLOGUE_SENDS_PER_SECOND": "1000",
    "DUOLOGUE_SENDS_BURST": "2000",
    "DUOLOGUE_SIGNALS_PER_SECOND": "1000",
    "DUOLOGUE_SIGNALS_BURST": "2000",
    "DUOLOGUE_READS_PER_SECOND": "1000",
    "DUOLOGUE_READS_BURST": "2000",
    "DUOLOGUE_SOCKETS_PER_USER": "1000",
    "DUOLOGUE_RATE_SIGNUP": "1000/m/ip",
    "DUOLOGUE_RATE_LOGIN": "1000/m/ip",
    "DUOLOGUE_RATE_REFRESH": "6000/m/ip",
    "DUOLOGUE_QUEUED_FRAMES": "32",
    "DUOLOGUE_QUEUED_BYTES": "65536",
    "DUOLOGUE_DRAIN_SECONDS": "3",
}


class StartError(Exception):
    """It did not start; the text has the end of its log."""


class OwnServer:
    """`command`: what to run, `serve` is added. `folder` gets its data and its log."""

    def __init__(self, folder: Path, command: Sequence[str] = THE_PRODUCT) -> None:
        self._command = command
        self._log = folder / "server.log"
        self._data = folder / "data"
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    async def start(self) -> None:
        """Start it and wait until it is ready; later starts keep the port. Raise StartError."""
        seen = self._log.stat().st_size if self._log.exists() else 0
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("DUOLOGUE_") and name not in ("HOST", "PORT")
        }
        settings = {**kept, **_SETTINGS, "PORT": str(self._port), "DUOLOGUE_DATA": str(self._data)}
        with self._log.open("ab") as log:
            # a session of its own: Ctrl-C is for us, and we end it
            self._process = await asyncio.create_subprocess_exec(
                *self._command, "serve", env=settings, stdout=log, stderr=log, start_new_session=True
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._ready(seen)
        except TimeoutError:
            raise StartError(f"not ready after {_START_SECONDS:.0f} s: {self._last_words(seen)}") from None

    async def kill(self) -> None:
        """SIGKILL: it has no time for anything."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int | None:
        """SIGTERM: it finishes what has begun. Return its exit code, None when it did not end in time."""
        assert self._process is not None  # noqa: S101 - only a started one is stopped
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            await self.kill()
            return None

    async def _ready(self, seen: int) -> None:
        assert self._process is not None  # noqa: S101 - `start` has set it
        async with httpx.AsyncClient(trust_env=False) as http:
            while not self.url or not await _answers(http, self.url):
                if self._process.returncode is not None:
                    raise StartError(f"ended with {self._process.returncode}: {self._last_words(seen)}")
                banner = _BANNER.search(self._said(seen))
                if banner is not None:
                    self.url, self._port = banner[1], int(banner[2])
                await asyncio.sleep(0.03)

    def _said(self, seen: int) -> str:
        return self._log.read_bytes()[seen:].decode(errors="replace")

    def _last_words(self, seen: int) -> str:
        return " / ".join(self._said(seen).strip().splitlines()[-3:])[:500]


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
