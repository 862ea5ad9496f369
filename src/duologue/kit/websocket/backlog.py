"""What waits for a reader that does not keep up, and how much of it may."""

from collections.abc import Callable

from duologue.kit.websocket.limits import Limits


class Backlog:
    """Frames that wait while the transport reports that its buffer is full.

    Past the limits the reader is too slow: what waits is dropped and `overflowed` is called.
    """

    __slots__ = ("_frames", "_limits", "_overflowed", "_size")

    def __init__(self, limits: Limits, overflowed: Callable[[], None]) -> None:
        self._limits = limits
        self._overflowed = overflowed
        self._frames: list[bytes] = []
        self._size = 0

    def put(self, frame: bytes) -> None:
        """Queue a frame."""
        self._frames.append(frame)
        self._size += len(frame)
        if len(self._frames) > self._limits.queued_frames or self._size > self._limits.queued_bytes:
            self.take()
            self._overflowed()

    def take(self) -> list[bytes]:
        """Return all that waits and forget it."""
        frames, self._frames, self._size = self._frames, [], 0
        return frames
