"""Points that cannot be spent yet: earned, matured, taken back first, and never dependent on when a job ran."""

from __future__ import annotations

import pytest
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.errors import code_of
from tests.support.ledger_replay import journal_of
from tests.support.points import PointsHouse, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_US = 86_400_000_000
DUE_US = STARTS_AT_US + 14 * DAY_US


async def _kinds(house: PointsHouse) -> list[str]:
    return [pb.MovementKind.Name(record.transaction.kind)[14:] for record in await house.journal()]


async def test_points_are_pending_until_their_days_are_over(house: PointsHouse) -> None:
    till, member = await house.till(pending_days=14), house.member()
    earned = (await till.earn(member, 1_000)).transaction
    assert (earned.points, earned.pending, earned.balance_after) == (0, 10, 0)
    assert earned.matures_at_us == DUE_US
    balance = await till.balance(member)
    assert (balance.available, balance.pending) == (0, 10)
    assert (balance.next_maturity_points, balance.next_maturity_at_us) == (10, DUE_US)
    early = await till.redeem(member, 1)
    assert code_of(early.error.reason) == "INSUFFICIENT_POINTS"
    # Once they are due they can be spent, whether or not a job has been there.
    await house.move_clock(DUE_US)
    balance = await till.balance(member)
    assert (balance.available, balance.pending, balance.next_maturity_points) == (10, 0, 0)
    spent = await till.redeem(member, 4, occurred_at_us=DUE_US)
    assert spent.transaction.balance_after == 6
    assert await _kinds(house) == ["EARN", "MATURE", "REDEEM"]
    matured = (await house.journal())[1]
    assert [(lot.lot_no, lot.points) for lot in matured.lots_matured] == [(1, 10)]
    assert (matured.transaction.points, matured.transaction.pending) == (10, -10)
    told = {record.type: record.payload for record in await house.events()}
    assert events.PointsEarned.FromString(told["points.earned"]).points == 10
    assert events.PointsEarned.FromString(told["points.earned"]).matures_at_us == DUE_US
    assert events.PointsMatured.FromString(told["points.matured"]).points == 10
    assert [purchase.points for purchase in await house.purchases()] == [10]
    await house.assert_sound()


async def test_a_sale_told_of_once_its_days_are_over_can_be_spent_at_once(house: PointsHouse) -> None:
    till, member = await house.till(pending_days=14), house.member()
    await house.move_clock(DUE_US)
    assert (await till.earn(member, 1_000)).transaction.points == 10
    tomorrow = (await till.earn(member, 1_000, occurred_at_us=STARTS_AT_US + DAY_US)).transaction
    assert (tomorrow.points, tomorrow.pending) == (0, 10)
    await house.assert_sound()


async def test_a_partners_points_become_pending_while_its_tills_are_at_work(house: PointsHouse) -> None:
    """The door finds out under the ledger's lock, and has not asked for the accounts that this needs."""
    till, member = await house.till(), house.member()
    assert (await till.earn(member, 500)).transaction.points == 5
    await house.set_rate(till.partner_id, 1, 100, STARTS_AT_US - DAY_US, pending_days=3)
    assert (await till.earn(member, 500)).transaction.pending == 5
    assert (await till.earn(house.member(), 700)).transaction.pending == 7
    await house.assert_sound()


async def test_a_refund_takes_what_is_pending_of_its_own_sale_first(house: PointsHouse) -> None:
    till, other, member = await house.till(pending_days=14), await house.till(), house.member()
    await other.earn(member, 3_000)
    await till.post(earn(member, 2_000, reference="sale"), earn(member, 1_000, reference="kept"))
    back = (await till.refund("sale", 500)).transaction
    assert (back.refund.clawed_back, back.refund.owed, back.balance_after) == (5, 0, 30)
    balance = await till.balance(member)
    assert (balance.available, balance.pending) == (30, 25)
    taken = (await house.journal())[3].transaction
    assert (taken.kind, taken.points, taken.pending) == (pb.MOVEMENT_KIND_CLAWBACK, 0, -5)
    told = [record for record in await house.events() if record.type == "points.clawed_back"]
    event = events.PointsClawedBack.FromString(told[0].payload)
    assert (event.points, event.pending) == (5, True)
    # What has matured meanwhile comes from the wallet.
    await house.move_clock(DUE_US)
    rest = (await till.refund("sale", occurred_at_us=DUE_US)).transaction
    assert (rest.refund.clawed_back, rest.balance_after) == (15, 40)
    assert (await till.balance(member)).available == 40
    await house.assert_sound()


async def test_pending_only_takes_nothing_that_can_be_spent(house: PointsHouse) -> None:
    till, member = await house.till(pending_days=14), house.member()
    await house.set_refund_rule(till.partner_id, "PENDING_ONLY")
    await till.earn(member, 2_000, reference="sale")
    early = (await till.refund("sale", 500)).transaction.refund
    assert (early.clawed_back, early.owed, early.written_off) == (5, 0, 0)
    await house.move_clock(DUE_US)
    late = (await till.refund("sale", occurred_at_us=DUE_US)).transaction.refund
    assert (late.clawed_back, late.owed, late.written_off) == (0, 0, 15)
    assert (await till.balance(member)).available == 15
    await house.assert_sound()


async def test_a_pending_sale_given_back_whole_leaves_nothing_to_mature(house: PointsHouse) -> None:
    till, member = await house.till(pending_days=14), house.member()
    await till.earn(member, 2_000, reference="sale")
    await till.refund("sale")
    await house.move_clock(DUE_US)
    assert await house.running.wired.application.lapse_overdue.of(house.programme) == 0
    balance = await till.balance(member)
    assert (balance.available, balance.pending) == (0, 0)
    await house.assert_sound()


async def test_the_job_matures_what_nobody_comes_to(house: PointsHouse) -> None:
    till, owners = await house.till(pending_days=14), [house.member() for _ in range(5)]
    await till.post(*(earn(member, 1_000) for member in owners))
    lapse = house.running.wired.application.lapse_overdue
    assert await lapse.of(house.programme) == 0
    await house.move_clock(DUE_US)
    assert await lapse.of(house.programme) == 5
    assert await lapse.of(house.programme) == 0
    assert (await _kinds(house)).count("MATURE") == 5
    await house.assert_sound()


async def _owing(house: PointsHouse) -> Till:
    """A member who owes 10 points, with 20 pending that expire a year after they mature."""
    till, slow = await house.till(), await house.till(pending_days=366)
    member = house.member()
    await till.post(earn(member, 1_000, reference="sale"), redemption(member, 10), earn(member, 0))
    await till.refund("sale")
    await slow.earn(member, 2_000)
    return slow


@pytest.mark.parametrize("days", [[366, 370, 800], [800]])
async def test_what_matures_pays_the_debt_as_of_its_own_time_however_late_the_job_is(
    house: PointsHouse, days: list[int]
) -> None:
    slow = await _owing(house)
    for day in days:
        await house.move_clock(STARTS_AT_US + day * DAY_US)
        await house.running.wired.application.lapse_overdue.of(house.programme)
    moved = [(posted.kind, posted.points) for posted in journal_of(await house.journal())[-3:]]
    # The debt is paid with points that had not expired when they matured; the rest has, since then.
    assert moved == [("mature", 20), ("repay", -10), ("expire", -10)]
    await house.assert_sound()
    assert slow.house is house
