"""How much one user may do."""

import pytest

from duologue.chat.access import allowance
from duologue.chat.access.allowance import Allowance
from duologue.chat.errors import Problem
from tests.chat.access.test_tokens import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(allowance, "time", made)
    return made


def test_a_burst_then_the_rate_and_the_wait_is_told(clock: Clock) -> None:
    sends = Allowance(rate=2.0, burst=3)
    for _ in range(3):
        sends.spend("1")
    with pytest.raises(Problem) as refused:
        sends.spend("1")
    assert (refused.value.status, refused.value.code) == (429, "rate_limited")
    assert refused.value.retry_after == pytest.approx(0.5)
    assert refused.value.headers()["retry-after"] == "1"
    clock.now += 0.5
    sends.spend("1")
    with pytest.raises(Problem):
        sends.spend("1")


def test_one_user_does_not_spend_anothers(clock: Clock) -> None:
    sends = Allowance(rate=1.0, burst=1)
    sends.spend("1")
    sends.spend("2")
    with pytest.raises(Problem):
        sends.spend("1")


def test_who_has_theirs_back_is_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "_SWEEP_EVERY", 5)
    sends = Allowance(rate=1.0, burst=2)
    for n in range(3):
        sends.spend(f"early {n}")
    clock.now += 10
    for n in range(3):
        sends.spend(f"late {n}")
    assert set(sends._budgets) == {"late 0", "late 1", "late 2"}
