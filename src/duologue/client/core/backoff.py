"""How long to wait before the next try."""

from collections.abc import Callable

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


def full_jitter(attempt: int, random: Callable[[], float], first: float = FIRST_SECONDS) -> float:
    """Return the seconds before try number `attempt` (from 0): a random part of a pause that doubles each time.

    A crowd that was cut off together does not come back together. `random` returns a number from 0 to 1.
    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    # beyond 2**16 the longest pause holds anyway, and a float would overflow one day
    return float(random() * min(LONGEST_SECONDS, first * 2.0 ** min(attempt, 16)))
