"""The clock on the wall as a server sees it, set forward and back; its monotonic clock goes on as ever."""

from pathlib import Path

from tests.rig.tools import cannot, need

HOUR = 3600
_LIBRARIES = Path("/usr/lib")


class WallClock:
    """Right until it is set. `env` is what a server is started with that looks at it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)
        need("faketime", "it changes what time it is for a server")
        library = next(_LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"), None)
        if library is None:
            cannot("faketime is here without its library")
        self.env = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # a step is seen at once
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # files keep the times that were written to the disk
            "NO_FAKE_STAT": "1",
        }

    def set(self, seconds: int) -> None:
        """Let it be fast by so much, or slow."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s")
        new.replace(self._file)
