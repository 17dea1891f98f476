"""Where points expire with inactivity: what is pending, and what comes to a wallet without any activity."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.clock import to_micros
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, outcomes, redemption
from tests.support.wallet_wire import adjustment, merge, opening, transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000
HALF_A_YEAR = ExpiryPolicy(ExpiryRule.ACTIVITY, 6, 0, 0, 30)


def _end_us(year: int, month: int) -> int:
    """The end of a month in New York."""
    after = datetime(year + month // 12, month % 12 + 1, 1, 5 if month in (1, 2, 11, 12) else 4, tzinfo=UTC)
    return to_micros(after)


# Of those who do nothing any more from January 2017 on, from April on, and from August on.
JULY_US, OCTOBER_US, FEBRUARY_US = _end_us(2017, 7), _end_us(2017, 10), _end_us(2018, 2)
APRIL_US, AUGUST_US = (to_micros(datetime(2017, month, 10, tzinfo=UTC)) for month in (4, 8))


@pytest.fixture
def quiet(running: RunningPoints) -> PointsHouse:
    """A ledger in which half a year without activity ends all points."""
    return running.house(expiry=HALF_A_YEAR)


async def _next(till: Till, member: UUID) -> tuple[int, int, int]:
    found = await till.balance(member)
    return found.available, found.next_expiry_points, found.next_expiry_at_us


async def _kinds(house: PointsHouse) -> list[tuple[str, int]]:
    return [
        (pb.MovementKind.Name(record.transaction.kind)[14:], record.transaction.points)
        for record in await house.journal()
    ]


async def test_no_wallet_is_over_while_points_are_pending_in_it(quiet: PointsHouse) -> None:
    till, shoes = await quiet.till(), await quiet.till(pending_days=300)
    member = quiet.member()
    await till.earn(member, 700)
    assert await _next(till, member) == (7, 7, JULY_US)
    await shoes.earn(member, 2_000)
    matures_us = STARTS_AT_US + 300 * DAY_US
    # They mature on the last of October or the first of November: half a year after that.
    over_us = _end_us(2018, 4) if matures_us < OCTOBER_US else _end_us(2018, 5)
    assert await _next(till, member) == (7, 7, over_us)
    # A burn counts from its own time, which brings no date forward.
    await till.redeem(member, 1)
    await quiet.move_clock(AUGUST_US)
    assert await _next(till, member) == (6, 6, over_us)
    assert (await till.balance(member)).pending == 20
    await quiet.move_clock(matures_us)
    assert await _next(till, member) == (26, 26, over_us)
    await quiet.move_clock(over_us)
    assert await _next(till, member) == (0, 0, 0)
    assert (await till.redeem(member, 1, occurred_at_us=over_us)).outcome == pb.OUTCOME_REFUSED
    assert (await _kinds(quiet))[-2:] == [("MATURE", 20), ("EXPIRE", -26)]
    await quiet.assert_sound()


async def test_what_arrives_without_an_activity_has_a_date_where_none_is_to_come(quiet: PointsHouse) -> None:
    await quiet.set_limits()
    till, given, imported, gifted, giver = await quiet.till(), *(quiet.member() for _ in range(4))
    await till.earn(giver, 5_000)
    asked = [adjustment(given, 10), opening(imported, 20, earned_at_us=STARTS_AT_US - 300 * DAY_US)]
    assert outcomes(await quiet.post(*asked)) == [pb.OUTCOME_ACCEPTED] * 2
    assert outcomes(await till.post(transfer(giver, gifted, 30))) == [pb.OUTCOME_ACCEPTED]
    for member, points in ((given, 10), (imported, 20), (gifted, 30)):
        assert await _next(till, member) == (points, points, JULY_US)
    await quiet.move_clock(APRIL_US)
    now = {"occurred_at_us": APRIL_US}
    # More of it moves no date that is to come; a sale does.
    await quiet.post(adjustment(given, 1), opening(imported, 2))
    await till.post(transfer(giver, gifted, 3, **now))
    assert await _next(till, given) == (11, 11, JULY_US)
    assert await _next(till, imported) == (22, 22, JULY_US)
    assert await _next(till, gifted) == (33, 33, JULY_US)
    assert await _next(till, giver) == (17, 17, JULY_US)
    await till.earn(gifted, 100, **now)
    assert await _next(till, gifted) == (34, 34, OCTOBER_US)
    await quiet.move_clock(AUGUST_US)
    await quiet.post(adjustment(given, 5), opening(imported, 6))
    await till.post(transfer(gifted, giver, 4, occurred_at_us=AUGUST_US))
    assert await _next(till, given) == (5, 5, FEBRUARY_US)
    assert await _next(till, imported) == (6, 6, FEBRUARY_US)
    assert await _next(till, giver) == (4, 4, FEBRUARY_US)
    assert await _next(till, gifted) == (30, 30, OCTOBER_US)
    await quiet.assert_sound()


async def test_a_date_that_was_taken_over_stays_and_dates_no_wallet(quiet: PointsHouse) -> None:
    till, member, spring_us = await quiet.till(), quiet.member(), _end_us(2017, 3)
    await quiet.post(opening(member, 20, expires_at_us=spring_us))
    assert await _next(till, member) == (20, 20, spring_us)
    await till.earn(member, 500)
    assert await _next(till, member) == (25, 20, spring_us)
    await quiet.move_clock(APRIL_US)
    assert await _next(till, member) == (5, 5, JULY_US)
    await quiet.assert_sound()


@pytest.mark.parametrize("later_first", [True, False])
async def test_after_a_merge_the_later_date_counts(quiet: PointsHouse, later_first: bool) -> None:
    till, idle, active, never = await quiet.till(), *(quiet.member() for _ in range(3))
    sold = await till.post(earn(idle, 1_000), earn(active, 1_000), redemption(idle, 3))
    await quiet.move_clock(APRIL_US)
    await till.earn(active, 500, occurred_at_us=APRIL_US)
    old, new = (active, idle) if later_first else (idle, active)
    assert outcomes(await quiet.post(merge(old, new))) == [pb.OUTCOME_ACCEPTED]
    assert await _next(till, new) == (22, 22, OCTOBER_US)
    # What comes back of an old burn joins it, and one who never did anything takes the date over.
    await till.refund(sold[2].transaction.transaction_id, points=2, occurred_at_us=APRIL_US)
    assert await _next(till, new) == (24, 24, OCTOBER_US)
    await quiet.move_clock(AUGUST_US)
    assert outcomes(await quiet.post(merge(new, never))) == [pb.OUTCOME_ACCEPTED]
    assert await _next(till, never) == (24, 24, OCTOBER_US)
    await quiet.move_clock(OCTOBER_US)
    assert await _next(till, never) == (0, 0, 0)
    await till.refund(sold[2].transaction.transaction_id, points=1, occurred_at_us=OCTOBER_US)
    assert await _next(till, never) == (1, 1, _end_us(2017, 12))
    await quiet.assert_sound()
