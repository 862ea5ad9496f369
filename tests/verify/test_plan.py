"""The same seed makes the same faults."""

import pytest

from duologue.verify.plan import SERVER_FAULTS, Kind, plan


def test_a_seed_repeats_its_plan_and_another_one_does_not() -> None:
    assert plan(7, 60, own_server=True) == plan(7, 60, own_server=True)
    assert plan(7, 60, own_server=True) != plan(8, 60, own_server=True)


def test_every_kind_of_fault_comes_in_a_minute() -> None:
    assert {fault.kind for seed in range(3) for fault in plan(seed, 60, own_server=True)} == set(Kind)


@pytest.mark.parametrize("seed", range(20))
def test_the_shortest_plan_has_a_kill(seed: int) -> None:
    kinds = [fault.kind for fault in plan(seed, 2, own_server=True)]
    assert Kind.KILL in kinds


@pytest.mark.parametrize("seed", range(20))
def test_a_server_that_is_not_ours_is_left_alone_by_the_same_plan(seed: int) -> None:
    with_ends = plan(seed, 30, own_server=True)
    assert plan(seed, 30, own_server=False) == [fault for fault in with_ends if fault.kind not in SERVER_FAULTS]


def test_faults_come_in_their_order() -> None:
    times = [fault.at for fault in plan(1, 60, own_server=True)]
    assert times == sorted(times)
    assert times[-1] < 60
