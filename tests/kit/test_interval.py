"""Work that is due now and then."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from duologue.kit import interval as under_test
from duologue.kit.interval import Interval


def test_one_caller_is_told_and_the_others_are_not() -> None:
    interval = Interval(60)
    with ThreadPoolExecutor(8) as crowd:
        told = list(crowd.map(lambda _: interval.is_due(), range(50)))
    assert told.count(True) == 1


def test_after_the_interval_it_is_due_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(under_test, "time", SimpleNamespace(monotonic=lambda: now))
    interval = Interval(60)
    assert interval.is_due()
    now += 59.9
    assert not interval.is_due()
    now += 0.1
    assert interval.is_due()
    assert not interval.is_due()


def test_it_can_be_due_sooner_and_never_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(under_test, "time", SimpleNamespace(monotonic=lambda: now))
    interval = Interval(60)
    assert interval.is_due()
    interval.be_due_in(10)
    interval.be_due_in(90)
    now += 10
    assert interval.is_due()
    now += 59
    assert not interval.is_due()
