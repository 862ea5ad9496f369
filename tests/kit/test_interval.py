"""Work that is due now and then."""

import time
from concurrent.futures import ThreadPoolExecutor

from duologue.kit.interval import Interval


def test_one_caller_is_told_and_the_others_are_not() -> None:
    interval = Interval(60)
    with ThreadPoolExecutor(8) as crowd:
        told = list(crowd.map(lambda _: interval.is_due(), range(50)))
    assert told.count(True) == 1


def test_after_the_interval_it_is_due_again() -> None:
    interval = Interval(0.02)
    assert interval.is_due()
    assert not interval.is_due()
    time.sleep(0.03)
    assert interval.is_due()
