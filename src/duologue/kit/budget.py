"""A token bucket in two numbers."""

# sums of floats: without it the last event of a burst may be told to wait for 1e-14 seconds
_ROUNDING = 1e-6


class Budget:
    """Allows `rate` events per second and `burst` at once; keeps one number, so a user or a socket costs little.

    This is the generic cell rate algorithm (ITU-T I.371) in its virtual scheduling form.
    """

    __slots__ = ("_burst_seconds", "_due", "_interval")

    def __init__(self, rate: float, burst: int) -> None:
        self._interval = 1.0 / rate
        self._burst_seconds = self._interval * (burst - 1)
        self._due = 0.0

    def spend(self, now: float) -> float:
        """Take one event at `now` (seconds, monotonic). Return 0.0, or the seconds to wait when there is none left."""
        # `max` would do; this is done for each message
        due = self._due if self._due > now else now
        wait = due - self._burst_seconds - now
        if wait > _ROUNDING:
            return wait
        self._due = due + self._interval
        return 0.0

    def owe(self, events: int, now: float) -> None:
        """Take so many more, also beyond what there is: what comes next waits for them."""
        self._due = max(self._due, now) + events * self._interval

    def overdrawn(self, now: float) -> float:
        """Return the seconds until no more is owed than the burst; 0.0 when `spend` alone has been here."""
        wait = self._due - self._burst_seconds - self._interval - now
        return wait if wait > _ROUNDING else 0.0

    def is_full(self, now: float) -> bool:
        """Tell whether nothing is owed: forgetting this budget changes nothing."""
        return self._due <= now
