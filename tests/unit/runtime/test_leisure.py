"""Long computations rest for as long as they kept others waiting, and for no longer than they may."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from services.runtime.leisure import Leisure


class _Time:
    """A clock and a meter of processor time that go on as they are told."""

    def __init__(self) -> None:
        self.now = self.used = 0.0

    def work(self, seconds: float, waited: float) -> None:
        """A piece that computed and waited for so long."""
        self.used += seconds
        self.now += seconds + waited


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


async def test_a_piece_that_waited_for_a_processor_is_followed_by_a_rest(slept: list[float]) -> None:
    passing = _Time()
    leisure = Leisure(100, lambda: passing.now, lambda: passing.used)
    await leisure.do(lambda: passing.work(2, 0))
    await leisure.do(lambda: passing.work(2, 0.125))
    await leisure.do(lambda: passing.work(2, 0.25))
    await leisure.do(lambda: passing.work(2, 3))
    assert slept == [0, 0.5, 1, 1]


async def test_rests_end_when_they_came_to_the_bound(slept: list[float]) -> None:
    passing = _Time()
    leisure = Leisure(1.75, lambda: passing.now, lambda: passing.used)
    for _ in range(4):
        await leisure.do(lambda: passing.work(1, 0.25))
    assert slept == [1, 0.75, 0, 0]


async def test_clocks_that_disagree_a_little_are_no_rest(slept: list[float]) -> None:
    passing = _Time()
    await Leisure(7, lambda: passing.now, lambda: passing.used).do(lambda: passing.work(1, -0.001))
    assert slept == [0]


async def test_what_a_piece_raises_is_raised(slept: list[float]) -> None:
    def fails() -> None:
        raise ValueError("no such entry")

    with pytest.raises(ValueError, match="no such entry"):
        await Leisure(7).do(fails)
    assert slept == []


async def test_time_without_the_processor_is_seen_by_the_real_clocks(slept: list[float]) -> None:
    leisure = Leisure(100)
    gone = threading.Event()
    await leisure.do(lambda: time.sleep(0.05))
    await leisure.do(gone.set)
    assert slept[0] >= 4 * 0.04
    assert slept[1] < slept[0]
