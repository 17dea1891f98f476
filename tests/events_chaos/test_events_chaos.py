"""What a seed draws, and a short one of `make chaos-events`."""

from __future__ import annotations

import pytest

from tests.events_chaos.breaking import SHARES, schedule
from tests.events_chaos.judging import Logged, expected_of
from tests.events_chaos.run import Run
from tests.events_chaos.wanted import WANTED


def test_a_seed_draws_the_same_faults_again_and_one_of_each_kind_first() -> None:
    first, again, other = (list(schedule(seed, 120)) for seed in (7, 7, 8))
    assert first == again != other
    assert {kind for _, kind in first[: len(SHARES)]} == set(SHARES)
    assert all(at < 120 for at, _ in first)


def test_each_subscriber_is_to_have_what_it_takes_and_nothing_else() -> None:
    log = {
        ("points", "mall", 1): Logged("points.earned", b"one", b""),
        ("points", "mall", 2): Logged("points.held", b"two", b""),
        ("members", "mall", 1): Logged("member.enrolled", b"one", b""),
        ("partners", "mall", 1): Logged("partner.onboarded", b"one", b""),
    }
    expected = {name: sorted(expected_of(wanted, log, b"one")) for name, wanted in WANTED.items()}
    assert expected == {
        "chaos_all": sorted(log),
        "chaos_type": [("points", "mall", 1)],
        "chaos_partner": [("partners", "mall", 1), ("points", "mall", 1)],
        "chaos_members": [("members", "mall", 1)],
    }


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_short_seed_finds_nothing() -> None:
    result = await Run(20_170_101, 40.0).run()
    assert len(result.faults) > 3
    assert result.violations == []
    assert all(counted.found > 0 for counted in result.subscribers.values())
