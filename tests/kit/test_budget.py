"""A token bucket in two numbers: never more than the burst at once, never more than the rate for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.kit.budget import Budget

_RATES = st.floats(0.01, 1000)
_BURSTS = st.integers(1, 200)
_PAUSES = st.lists(st.floats(0, 10), min_size=1, max_size=200)


@given(_RATES, _BURSTS)
def test_the_burst_is_there_at_once_and_no_more(rate: float, burst: int) -> None:
    budget = Budget(rate, burst)
    assert [budget.spend(100.0) for _ in range(burst)] == [0.0] * burst
    assert budget.spend(100.0) > 0.0


@given(_RATES, _BURSTS, _PAUSES)
def test_no_stretch_of_time_gets_more_than_burst_and_rate(rate: float, burst: int, pauses: list[float]) -> None:
    budget, now = Budget(rate, burst), 1000.0
    granted: list[float] = []
    for pause in pauses:
        now += pause
        if budget.spend(now) == 0.0:
            granted.append(now)
    for position, start in enumerate(granted):
        within = len(granted) - position
        assert within <= burst + (granted[-1] - start) * rate + 0.01


@given(_RATES, _BURSTS, _PAUSES)
def test_who_waits_as_told_is_let_through(rate: float, burst: int, pauses: list[float]) -> None:
    budget, now = Budget(rate, burst), 0.0
    for pause in pauses:
        now += pause / 100
        wait = budget.spend(now)
        if wait:
            now += wait + 1e-9 * max(1.0, now)
            assert budget.spend(now) == 0.0


@given(_RATES, _BURSTS)
def test_a_refusal_costs_nothing(rate: float, burst: int) -> None:
    budget = Budget(rate, burst)
    for _ in range(burst):
        budget.spend(0.0)
    waits = {budget.spend(0.0) for _ in range(10)}
    assert len(waits) == 1


@given(_RATES, _BURSTS)
def test_it_is_full_again_after_it_was_paid_back(rate: float, burst: int) -> None:
    budget = Budget(rate, burst)
    assert budget.is_full(0.0)
    budget.spend(0.0)
    assert not budget.is_full(0.0)
    assert budget.is_full(1.0 / rate + 1e-9)


@given(_RATES, _BURSTS, st.integers(1, 1000))
def test_what_is_owed_is_paid_back_before_the_next_one(rate: float, burst: int, events: int) -> None:
    budget = Budget(rate, burst)
    for _ in range(burst):
        budget.spend(100.0)
    assert budget.overdrawn(100.0) == 0.0
    budget.owe(events, 100.0)
    assert budget.overdrawn(100.0) == pytest.approx(events / rate, abs=1e-5)
    assert budget.spend(100.0) == pytest.approx((events + 1) / rate, abs=1e-5)
    assert budget.spend(100.0 + (events + 1) / rate + 1e-5) == 0.0
