"""The limit of logins: Argon2id verifications per second, with the product's parameters and number of threads.

Run as `python -m bench.references.hashing --threads 2 --seconds 5`; prints verifications per second.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, Type

MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
_PASSWORD = "TestPass123!"


def rate(threads: int, seconds: float) -> float:
    """Return verifications per second over all threads."""
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
    hashed = hasher.hash(_PASSWORD)
    end = time.perf_counter() + seconds

    def verify_until_end(_: int) -> int:
        done = 0
        while time.perf_counter() < end:
            hasher.verify(hashed, _PASSWORD)
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(verify_until_end, range(threads)))
    return done / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    print(rate(options.threads, options.seconds))


if __name__ == "__main__":
    main()
