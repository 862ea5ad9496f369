"""Client ids as a good client makes them: UUIDv7 (RFC 9562 section 5.7), growing with time."""

import itertools
import random
import time
from collections.abc import Callable


def uuid7_source() -> Callable[[], bytes]:
    """Return a function that makes one id after another, unique also against other processes' sources."""
    generator = random.SystemRandom()
    variant_and_random = 0x8000 | generator.getrandbits(14)
    start = generator.getrandbits(47)
    counter = itertools.count()

    def make() -> bytes:
        milliseconds = time.time_ns() // 1_000_000
        count = next(counter)
        return b"%08x-%04x-7%03x-%04x-%012x" % (
            milliseconds >> 16,
            milliseconds & 0xFFFF,
            count & 0xFFF,
            variant_and_random,
            start + count,
        )

    return make
