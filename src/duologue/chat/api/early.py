"""Frames that arrived before the token before them was checked."""

from collections import deque

_MOST = 1000


class Early:
    """A few frames, in order."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames: deque[str] = deque()

    def keep(self, text: str) -> bool:
        """Keep one more; False when that is too many."""
        self._frames.append(text)
        return len(self._frames) <= _MOST

    def next(self) -> str | None:
        """Return the oldest and forget it."""
        return self._frames.popleft() if self._frames else None
