from __future__ import annotations

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse
from tests.support.points_wire import earn, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_earned_points_can_be_spent_at_another_partner(house: PointsHouse) -> None:
    grocer, fuel, member = await house.till(), await house.till(), house.member()
    earned = await grocer.earn(member, 12_345)
    assert (earned.outcome, earned.transaction.points, earned.transaction.balance_after) == (
        pb.OUTCOME_ACCEPTED,
        123,
        123,
    )
    spent = await fuel.redeem(member, 100)
    assert (spent.outcome, spent.transaction.points, spent.transaction.balance_after) == (
        pb.OUTCOME_ACCEPTED,
        -100,
        23,
    )
    assert (await grocer.balance(member)).available == 23
    assert all(finding.holds for finding in (await house.findings()).values())


async def test_a_burn_in_the_same_batch_uses_what_was_earned_before_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(
        redemption(member, 1), earn(member, 500), redemption(member, 5), redemption(member, 1)
    )
    assert [result.outcome for result in results] == [
        pb.OUTCOME_REFUSED,
        pb.OUTCOME_ACCEPTED,
        pb.OUTCOME_ACCEPTED,
        pb.OUTCOME_REFUSED,
    ]
    assert all(finding.holds for finding in (await house.findings()).values())
