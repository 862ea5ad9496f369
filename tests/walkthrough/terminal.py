"""A program at a terminal: what a person types, and what they then see."""

import os
import pty
import re
import select
import subprocess
import time
from types import TracebackType
from typing import Self

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs a program on a terminal of its own, until the block ends."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._master, line.encode() + b"\n")

    def expect(self, pattern: str, seconds: float = 10) -> re.Match[str]:
        """Wait until the pattern is seen, forget what stood up to its end, and return the match."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.seen)) is None:
            assert self._read(deadline), f"{pattern!r} was not seen in {self.seen!r}"
        self.seen = self.seen[found.end() :]
        return found

    def _read(self, deadline: float) -> bool:
        readable, _, _ = select.select([self._master], [], [], max(deadline - time.monotonic(), 0))
        if not readable:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            # Linux says EIO when the program has ended
            return False
        self.seen += _ESCAPE.sub("", data.decode(errors="replace"))
        return bool(data)
