"""Work that is due now and then, done by whoever comes by."""

import threading
import time


class Interval:
    """Tells one caller, once every `seconds`, that it is time; the first time at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._due = 0.0

    def is_due(self) -> bool:
        """Tell whether it is the caller's turn to do the work."""
        with self._lock:
            now = time.monotonic()
            if now < self._due:
                return False
            self._due = now + self._seconds
            return True

    def be_due_in(self, seconds: float) -> None:
        """Have the next turn sooner: there is more to do."""
        with self._lock:
            self._due = min(self._due, time.monotonic() + seconds)
