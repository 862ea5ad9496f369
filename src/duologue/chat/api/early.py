"""Frames that arrived before the token before them was checked."""

from collections import deque

# reading has been stopped, so this is what was here already: one read of the socket
_MOST, _MOST_CHARACTERS = 1000, 65_536


class Early:
    """A few frames, in order."""

    __slots__ = ("_characters", "_frames")

    def __init__(self) -> None:
        self._frames: deque[str] = deque()
        self._characters = 0

    def keep(self, text: str) -> bool:
        """Keep one more; False when that is too many, or too much."""
        self._frames.append(text)
        self._characters += len(text)
        return len(self._frames) <= _MOST and self._characters <= _MOST_CHARACTERS

    def next(self) -> str | None:
        """Return the oldest and forget it."""
        if not self._frames:
            return None
        text = self._frames.popleft()
        self._characters -= len(text)
        return text
