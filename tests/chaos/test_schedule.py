"""What breaks when follows from the seed, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.chaos.schedule import FaultKind, Moment, schedule


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_a_seed_gives_the_same_faults_each_time_and_another_seed_gives_others(seed: int) -> None:
    faults = schedule(seed, 300.0)
    assert faults == schedule(seed, 300.0)
    assert faults != schedule(seed + 1, 300.0)


@pytest.mark.parametrize("seed", range(20))
def test_all_kinds_happen_in_time_in_order_and_before_it_is_over(seed: int) -> None:
    faults = schedule(seed, 75.0)
    assert {fault.kind for fault in faults} == set(FaultKind)
    assert all(earlier.at_seconds <= later.at_seconds for earlier, later in pairwise(faults))
    assert faults[-1].at_seconds < 75.0


def test_only_the_kinds_that_are_asked_for_happen() -> None:
    faults = schedule(5, 300.0, [FaultKind.COMMIT])
    assert {fault.kind for fault in faults} == {FaultKind.COMMIT}
    assert {fault.moment for fault in faults} == set(Moment)
    assert schedule(5, 300.0, []) == []
