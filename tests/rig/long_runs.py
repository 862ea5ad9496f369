"""How much a test does that can do any amount."""

import os


def runs(normal: int, long: int) -> int:
    """Return how often to try: `long` when DUOLOGUE_TEST_LONG=1 is set, else `normal`."""
    return long if os.environ.get("DUOLOGUE_TEST_LONG") == "1" else normal
