"""Bulk work rests for as long as tills had to wait beside it, and goes on at once where none did."""

from __future__ import annotations

import pytest

from services.gateway.commands.tills_first import Tills, TillsFirst


class _Clock:
    """Seconds, as they are set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _of(rests: float = 2.0) -> tuple[_Clock, Tills, TillsFirst]:
    clock = _Clock()
    tills = Tills(clock)
    return clock, tills, TillsFirst(tills, rests)


def test_nobody_waited_and_there_is_no_rest() -> None:
    clock, _, bulk = _of()
    clock.now += 0.5
    assert bulk.seconds() == 0
    assert not bulk.crowded


def test_the_rest_is_as_many_times_as_long_as_somebody_waited() -> None:
    clock, tills, bulk = _of()
    clock.now += 0.125
    tills.begin()
    clock.now += 0.25
    tills.end()
    clock.now += 0.625
    assert bulk.seconds() == 0.5
    assert not bulk.crowded


def test_tills_that_wait_at_the_same_time_count_once() -> None:
    clock, tills, bulk = _of()
    tills.begin()
    clock.now += 0.25
    tills.begin()
    clock.now += 0.25
    tills.end()
    clock.now += 0.25
    tills.end()
    assert bulk.seconds() == 1.5
    assert bulk.crowded


def test_one_that_waits_still_counts() -> None:
    clock, tills, bulk = _of()
    tills.begin()
    clock.now += 0.5
    assert bulk.seconds() == 1.0
    assert bulk.crowded


def test_a_rest_is_never_longer_than_five_seconds() -> None:
    clock, tills, bulk = _of()
    tills.begin()
    clock.now += 60
    assert bulk.seconds() == 5.0


def test_what_was_waited_before_a_piece_began_is_not_its_doing() -> None:
    clock, tills, bulk = _of()
    tills.begin()
    clock.now += 60
    bulk.begin()
    clock.now += 0.5
    assert bulk.seconds() == 1.0


def test_without_rests_there_is_neither_a_rest_nor_a_crowd() -> None:
    clock, tills, bulk = _of(rests=0)
    tills.begin()
    clock.now += 60
    assert bulk.seconds() == 0
    assert not bulk.crowded


async def test_each_piece_counts_what_was_waited_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, tills, bulk = _of()
    rests: list[float] = []

    async def sleep(seconds: float) -> None:
        rests.append(seconds)
        clock.now += seconds

    monkeypatch.setattr("services.gateway.commands.tills_first.asyncio.sleep", sleep)
    tills.begin()
    clock.now += 0.5
    # The till waits through the rest, too: that is no longer beside a piece.
    await bulk.rest()
    clock.now += 0.25
    tills.end()
    await bulk.rest()
    clock.now += 0.25
    await bulk.rest()
    assert rests == [1.0, 0.5, 0.0]
    assert not bulk.crowded
