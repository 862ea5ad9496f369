"""Waiting for something to become true."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], what: str, *, seconds: float) -> None:
    """Ask again and again; raise TimeoutError that says `what` did not happen."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s it is still not so that {what}")
        time.sleep(0.2)
