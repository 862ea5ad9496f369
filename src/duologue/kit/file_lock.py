"""A lock on a file, which ends with the process that has it."""

import fcntl
import os
import time
from pathlib import Path


class TakenError(RuntimeError):
    """Another process has this file's lock; the message names the directory."""


class FileLock:
    """A lock that one process has, until it lets go or ends in whatever way. Raises TakenError.

    `patience`: seconds to wait for the other process to end.
    """

    def __init__(self, path: Path, patience: float = 0.0) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while not self._take():
            if time.monotonic() >= deadline:
                os.close(self._handle)
                raise TakenError(f"another process runs on {path.parent}; stop it first")
            time.sleep(0.05)

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._handle)

    def _take(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
