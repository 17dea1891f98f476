"""Quotes: what a sale or a refund would come to, without anything being written."""

from __future__ import annotations

import pytest
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.errors import CoalitionError, NotFound, PermissionDenied, code_of
from services.runtime.ids import new_id
from tests.support.burn_wire import rich
from tests.support.campaign_wire import promote
from tests.support.points import PointsHouse
from tests.support.points_wire import earn, redemption, refund
from tests.support.quote_wire import contents, exchange_of, figures, quote

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_till_is_told_what_a_sale_gives_and_what_may_be_burned_for_it(house: PointsHouse) -> None:
    till, member = await rich(house, minimum_points=200, step_points=10, share_percent=40)
    campaign = await promote(house, 1_000, name="Spring")
    told = await quote(till, earn(member, 3_109))
    assert (told.available, told.owed, told.member_id) == (10_000, 0, member.bytes)
    assert (told.earn.outcome, told.earn.transaction.points) == (pb.OUTCOME_ACCEPTED, 31)
    assert [each.points for each in told.earn.transaction.bonuses] == [62]
    assert [(each.campaign_id, each.name) for each in told.campaigns] == [(campaign, "Spring")]
    burn = told.burn
    # 40 per cent of 31.09 are 12.43.
    assert (burn.least, burn.most, burn.step, burn.worth.amount_minor) == (200, 1_240, 10, 1_240)
    assert (burn.ratio_points, burn.ratio_worth_minor, burn.HasField("left_today")) == (100, 100, False)
    assert not burn.HasField("refusal")


async def test_what_speaks_against_a_burn_is_told(house: PointsHouse) -> None:
    till, member = await rich(house, minimum_points=200, share_percent=50, daily_points=300)
    small = (await quote(till, earn(member, 300))).burn
    assert (small.most, code_of(small.refusal.reason), small.left_today) == (0, "BURN_SHARE", 300)
    assert (await quote(till, earn(member, 10_000))).burn.most == 300
    poor = (await quote(till, earn(house.member(), 10_000))).burn
    assert (poor.most, code_of(poor.refusal.reason)) == (0, "INSUFFICIENT_POINTS")
    assert dict(poor.refusal.metadata) == {"available": "0", "required": "200"}
    basket = pb.Basket(amount_minor=10_000, currency="USD")
    assert (await till.redeem(member, 200, basket=basket)).outcome == pb.OUTCOME_ACCEPTED
    left = (await quote(till, earn(member, 10_000))).burn
    assert (left.most, left.left_today, code_of(left.refusal.reason)) == (0, 100, "BURN_DAILY_LIMIT")


async def test_a_quote_changes_no_row_and_makes_no_account(house: PointsHouse) -> None:
    till, member = await rich(house)
    (sold,) = await till.post(earn(member, 1_000))
    nobody = house.member()
    back = refund(sold.transaction.transaction_id, 500)
    before = await contents(house.database)
    async with house.locked_head():
        # (It waits for nobody who posts.)
        await quote(till, earn(member, 700))
        assert (await quote(till, earn(nobody, 700))).available == 0
        await quote(till, back)
        await quote(till, *exchange_of(back, earn(member, 800)))
    assert await contents(house.database) == before


async def test_a_refund_is_quoted_as_it_is_posted(house: PointsHouse) -> None:
    till, member = await rich(house)
    tenders = [pb.Tender(kind="points", amount_minor=400)]
    sale, _ = await till.post(earn(member, 1_000, linked=True, tenders=tenders), redemption(member, 400))
    asked = refund(sale.transaction.transaction_id, 300)
    told = await quote(till, asked)
    assert (told.HasField("earn"), told.HasField("burn")) == (False, False)
    assert told.refund.transaction.refund.returned == 120
    (posted,) = await till.post(asked)
    assert figures(told.refund) == figures(posted)
    with pytest.raises(CoalitionError, match="700 is left to refund, 701 is required"):
        await quote(till, refund(sale.transaction.transaction_id, 701))
    with pytest.raises(NotFound, match="the sale has not arrived"):
        await quote(till, refund("not sold yet", 701))


async def test_an_earn_that_would_not_be_posted_says_why_and_what_may_be_burned_all_the_same(
    house: PointsHouse,
) -> None:
    till, member = await rich(house)
    await house.set_floor(till.partner_id, -10_005)
    told = await quote(till, earn(member, 600))
    assert (told.earn.outcome, code_of(told.earn.error.reason)) == (pb.OUTCOME_REFUSED, "CREDIT_LIMIT")
    assert dict(told.earn.error.metadata) == {"headroom": "5", "required": "6"}
    assert told.burn.most == 600
    await house.set_floor(till.partner_id, -10_005, 1, parks=True)
    told = await quote(till, earn(member, 600))
    assert (told.earn.outcome, told.earn.transaction.parked.points) == (pb.OUTCOME_PARKED, 6)


async def test_what_is_wrong_with_what_is_asked_is_an_error(house: PointsHouse) -> None:
    till, member = await rich(house)
    with pytest.raises(CoalitionError, match="no member has this id"):
        await quote(till, earn(new_id(), 100))
    with pytest.raises(CoalitionError, match="the store is not one of the partner's"):
        await quote(till, earn(member, 100, store_id=new_id()))
    with pytest.raises(CoalitionError, match="the lines sum to 7"):
        await quote(till, earn(member, 100, lines=[pb.SaleLine(sku="s", amount_minor=7)]))
    with pytest.raises(CoalitionError, match="ahead of the programme's clock"):
        await quote(till, earn(member, 100, occurred_at_us=2**52))
    with pytest.raises(CoalitionError, match="a sale or a refund is needed"):
        await quote(till)
    till.grants = ("points:earn",)
    with pytest.raises(PermissionDenied):
        await quote(till, earn(member, 100))


async def test_another_partners_sale_is_as_unknown_as_one_that_nobody_has(house: PointsHouse) -> None:
    till, member = await rich(house)
    (sold,) = await till.post(earn(member, 1_000))
    other = await house.till()
    for original in (sold.transaction.transaction_id, new_id().bytes):
        with pytest.raises(CoalitionError, match="the partner has no such sale or burn"):
            await quote(other, refund(original, 100))
