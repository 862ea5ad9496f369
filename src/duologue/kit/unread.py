"""What answers that nobody reads may hold of the memory, all together."""

import contextlib
import fcntl
import sys
import termios
from typing import Any

import structlog

from duologue.kit.interval import Interval

_log = structlog.get_logger(__name__)
# strangers must not write our log
_WHEN_TO_SAY_FULL = Interval(60.0)


class Unread:
    """The connections whose answers wait for their peers to read, with at most `most_bytes` in all.

    Beyond that the one with most to read is cut: many who ask for much and read nothing cannot take the memory, and
    whoever reads ordinary answers slowly is not the one to go.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._waiting: set[Any] = set()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def add(self, transport: Any) -> None:
        """This one's answer waits, until `discard`."""
        self._waiting.add(transport)
        sizes = {waiting: waiting.get_write_buffer_size() for waiting in self._waiting}
        total = sum(sizes.values())
        for largest in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if total <= self._most_bytes:
                break
            total -= sizes[largest]
            self._waiting.discard(largest)
            largest.abort()
            if _WHEN_TO_SAY_FULL.is_due():
                _log.warning("unread_answers_cut", waiting=len(sizes), most_bytes=self._most_bytes)

    def discard(self, transport: Any) -> None:
        """This one has read, or is gone."""
        self._waiting.discard(transport)


def unread_bytes(transport: Any) -> int:
    """Return how many bytes the peer of a connection has yet to take."""
    # the kernel's part counts: it keeps megabytes, of which somebody slow may read for minutes before it takes more
    kept = bytes(4)
    with contextlib.suppress(OSError, ValueError):
        kept = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, kept)
    return int.from_bytes(kept, sys.byteorder) + int(transport.get_write_buffer_size())
