"""The outgoing side of one socket: a bound on what waits for a slow reader."""

from collections.abc import Callable

from duologue.kit.websocket.limits import Limits

_SMALL, _MEDIUM = 126, 65536


def text_frame(payload: bytes) -> bytes:
    """Return an unmasked, final text frame (RFC 6455 section 5.2): made once, sent to every socket of a room."""
    size = len(payload)
    if size < _SMALL:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Outbox:
    """Writes frames at once, and keeps them while the transport reports that its buffer is full.

    uvloop gathers all writes of one turn of the loop into one system call, so a burst of frames costs one. Past the
    limits the reader is too slow: what waits is dropped and `overflowed` is called.
    """

    __slots__ = ("_frames", "_limits", "_overflowed", "_paused", "_size", "_write")

    def __init__(self, write: Callable[[bytes], object], limits: Limits, overflowed: Callable[[], None]) -> None:
        self._write = write
        self._limits = limits
        self._overflowed = overflowed
        self._frames: list[bytes] | None = None
        self._size = 0
        self._paused = False

    def put(self, frame: bytes) -> None:
        """Write a frame, or queue it while the reader is behind."""
        if not self._paused:
            self._write(frame)
            return
        if self._frames is None:
            self._frames = []
        self._frames.append(frame)
        self._size += len(frame)
        if len(self._frames) > self._limits.queued_frames or self._size > self._limits.queued_bytes:
            self._drop()
            self._overflowed()

    def pause(self) -> None:
        """Hold back: the transport's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """Go on: the transport has drained."""
        self._paused = False
        frames = self._frames
        self._drop()
        if frames:
            self._write(b"".join(frames))

    def _drop(self) -> None:
        # None, not an empty list: thousands of idle sockets have no use for one
        self._frames = None
        self._size = 0
