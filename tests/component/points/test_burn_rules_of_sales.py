"""Sales that points pay for by a rule: as a tender, or as a discount."""

from __future__ import annotations

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.burn_wire import basket, in_points, rich, told
from tests.support.points import PointsHouse
from tests.support.points_wire import (
    capture,
    earn,
    outcomes,
    reason,
    reasons,
    redemption,
    refund,
    reversal,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DAY_US = 86_400_000_000
_DISCOUNT = pb.BURN_TREATMENT_DISCOUNT


async def test_a_sale_with_points_as_a_tender_tells_what_they_are_worth(house: PointsHouse) -> None:
    till, member = await rich(house, points=100, worth_minor=80, share_percent=50)
    for wrong in ([], in_points(399), in_points(401)):
        pair = await till.post(earn(member, 1_000, linked=True, tenders=wrong), redemption(member, 500))
        assert reasons(pair) == ["LINKED_ITEM_FAILED", "BURN_WORTH_MISMATCH"]
        assert outcomes(pair) == [pb.OUTCOME_TURNED_AWAY] * 2
        assert dict(pair[1].error.metadata) == {
            "worth_minor": "400", "treatment": "tender", "told_minor": str(sum(each.amount_minor for each in wrong)),
        }  # fmt: skip
    sale, burn = await till.post(
        earn(member, 1_000, linked=True, tenders=in_points(400)), redemption(member, 500)
    )
    assert (sale.transaction.points, burn.transaction.worth.amount_minor) == (6, 400)
    # Half of 10.00 and no more: 625 points are worth 5.00, 630 worth 5.04.
    over = await till.post(earn(member, 1_000, linked=True, tenders=in_points(504)), redemption(member, 630))
    assert reasons(over) == ["LINKED_ITEM_FAILED", "BURN_SHARE"]
    assert dict(over[1].error.metadata)["most"] == "626"
    assert 626 * 80 // 100 == 500
    await house.assert_sound()


async def test_a_sale_with_points_as_a_discount_is_told_without_them(house: PointsHouse) -> None:
    till, member = await rich(house, share_percent=50, treatment=_DISCOUNT, excluded_categories=["tobacco"])
    held = (await till.hold(member, 400, basket=basket(1_000, {"food": 1_000}))).transaction
    assert held.worth.treatment == _DISCOUNT
    wrong = await till.post(
        earn(member, 1_000, linked=True, tenders=in_points(400)), capture(held.transaction_id)
    )
    assert reasons(wrong) == ["LINKED_ITEM_FAILED", "BURN_WORTH_MISMATCH"]
    # 6.00 are paid; it would have been 10.00, of which up to 5.00 in points.
    food = [pb.SaleLine(sku="s", category="food", amount_minor=600)]
    sale, burn = await till.post(earn(member, 600, linked=True, lines=food), capture(held.transaction_id))
    assert (sale.transaction.points, burn.transaction.worth.amount_minor) == (6, 400)
    food = [pb.SaleLine(sku="s", category="food", amount_minor=399)]
    over = await till.post(earn(member, 399, linked=True, lines=food), redemption(member, 401))
    assert reasons(over) == ["LINKED_ITEM_FAILED", "BURN_SHARE"]
    # Given back: points in proportion to what was paid.
    half = await till.refund(sale.transaction.transaction_id, 300)
    assert (half.transaction.refund.returned, half.transaction.refund.money_minor) == (200, 300)
    await house.assert_sound()


async def test_numbers_as_large_as_they_may_be_are_counted(house: PointsHouse) -> None:
    """The most points at the highest worth, on top of the largest sale: none of it is more than the database counts."""
    till, member = await house.till(points=1_000_000, per_minor=1), house.member()
    await till.earn(member, 10**6)
    most = 10**9
    await house.set_burn_rule(
        till.partner_id,
        points=1,
        worth_minor=10**9,
        share_percent=100,
        treatment=_DISCOUNT,
        daily_points=most,
    )
    held = await till.hold(member, most)
    assert held.transaction.worth.amount_minor == 10**18
    await till.void(held.transaction.transaction_id)
    await house.set_rate(till.partner_id, 0, 1, 2)
    sale, burn = await till.post(earn(member, 10**12, linked=True), redemption(member, most))
    assert outcomes([sale, burn]) == [pb.OUTCOME_ACCEPTED] * 2
    assert burn.transaction.worth.amount_minor == 10**18
    await house.assert_sound()


async def test_a_sale_that_points_pay_for_wholly_gives_them_back(house: PointsHouse) -> None:
    """As a discount nothing is left to pay: then there are only points to give back, all of them or some."""
    till, member = await rich(house, treatment=_DISCOUNT)
    for undo in ("refund", "in parts", "reversal"):
        key = f"sale-{undo}"
        sale, burn = await till.post(earn(member, 0, linked=True, key=key), redemption(member, 1_000))
        assert outcomes([sale, burn]) == [pb.OUTCOME_ACCEPTED] * 2
        sale_id = sale.transaction.transaction_id
        if undo == "refund":
            back = [await till.refund(sale_id)]
        elif undo == "in parts":
            assert reason(await till.refund(sale_id, 10)) == "INVALID_REQUEST"
            back = [await till.refund(sale_id, points=300), await till.refund(sale_id)]
            assert reason(await till.refund(sale_id, points=1)) == "REFUND_TOO_LARGE"
        else:
            back = await till.post(reversal(key))
        figures = [each.transaction.refund for each in back]
        assert sum(each.returned for each in figures) == sum(each.amount for each in figures) == 1_000
        assert (await till.balance(member)).available == 10_000
    # A refund that waited for such a sale, and tells an amount, finds nothing that it could give back.
    waiting = refund("late", 100, key="w")
    assert outcomes(await till.post(waiting)) == [pb.OUTCOME_WAITING]
    await till.post(earn(member, 0, linked=True, reference="late"), redemption(member, 500))
    assert told((await till.post(waiting))[0]) == ("REFUND_TOO_LARGE", {"left": "0", "required": "100"})
    await house.assert_sound()
