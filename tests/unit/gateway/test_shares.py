"""Places for what takes long: nobody has them all, and nobody's first is refused for another's many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from services.gateway.auth.shares import Shares
from services.gateway.domain.caller import Caller, KeyFacts, Partner
from services.runtime.clock import wall_now_us
from services.runtime.errors import Unavailable
from services.runtime.ids import new_id
from services.runtime.principal import Programme


def _caller() -> Caller:
    programme = Programme(3, "plaza", "Europe/Berlin", "EUR", is_test=True)
    facts = KeyFacts(new_id(), "till", "sk_…", frozenset(), Partner(new_id(), "grocer", "Grocer"), programme)
    return Caller(facts, "key_1", b"")


class _Work:
    """What sits in places until it is let go."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self.begun: list[str] = []

    def start(
        self, name: str, caller: Caller, seconds: float = 5.0
    ) -> tuple[asyncio.Task[None], Callable[[], None]]:
        done = asyncio.Event()

        async def work() -> None:
            async with self._shares.place(caller, wall_now_us() + int(seconds * 1e6)):
                self.begun.append(name)
                await done.wait()

        return asyncio.create_task(work()), done.set


async def _settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_partner_has_half_and_more_of_it_are_refused() -> None:
    shares, greedy = Shares("batches", 5, retry_after_seconds=2), _caller()
    work = _Work(shares)
    started = [work.start("greedy", greedy) for _ in range(4)]
    await _settled()
    assert work.begun == ["greedy"] * 3
    with pytest.raises(Unavailable, match="3 of your batches") as refused:
        await started[3][0]
    assert refused.value.metadata == {"retry_after_seconds": "2"}
    for task, end in started[:3]:
        end()
        await task


async def test_whoever_finds_all_taken_waits_and_the_one_with_the_fewest_goes_first() -> None:
    work = _Work(Shares("files", 2, 2, retry_after_seconds=5))
    first, second, third = _caller(), _caller(), _caller()
    one, end_one = work.start("first", first)
    two, end_two = work.start("second", second)
    await _settled()
    again, end_again = work.start("first again", first)
    await _settled()
    three, end_three = work.start("third", third)
    await _settled()
    assert work.begun == ["first", "second"]
    end_two()
    await two
    await _settled()
    # It came later than the other's second.
    assert work.begun == ["first", "second", "third"]
    end_three()
    await three
    await _settled()
    assert work.begun[3:] == ["first again"]
    end_one()
    end_again()
    await asyncio.gather(one, again)


async def test_no_more_wait_than_memory_is_meant_for() -> None:
    shares = Shares("files", 1, retry_after_seconds=5)
    work = _Work(shares)
    started = [work.start(str(number), _caller()) for number in range(18)]
    await _settled()
    assert (work.begun, shares.waiting) == (["0"], 16)
    with pytest.raises(Unavailable, match="too many files"):
        await started[-1][0]
    for task, end in started[:-1]:
        end()
        await task
    assert shares.taken == 0


async def test_waiting_ends_in_time_and_leaves_no_place_taken() -> None:
    shares = Shares("files", 1, retry_after_seconds=5)
    work = _Work(shares)
    held = shares.place(_caller(), wall_now_us() + 1_000_000)
    await held.__aenter__()
    late, _ = work.start("late", _caller(), seconds=0.01)
    with pytest.raises(Unavailable, match="too many files"):
        await late
    gone, _ = work.start("gone", _caller())
    await _settled()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    # One that is called and goes in the same moment gives the place on.
    called, _ = work.start("called", _caller())
    follows, end_follows = work.start("follows", _caller())
    await _settled()
    await held.__aexit__(None, None, None)
    called.cancel()
    with pytest.raises(asyncio.CancelledError):
        await called
    await _settled()
    assert work.begun == ["follows"]
    end_follows()
    await follows
    fresh, end_fresh = work.start("fresh", _caller())
    await _settled()
    assert work.begun[1:] == ["fresh"]
    end_fresh()
    await fresh
