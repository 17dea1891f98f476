"""Why movements came to their points: what explains them sums to what was posted."""

from __future__ import annotations

import pytest
from coalition.points.v1 import explanations_pb2 as pb
from coalition.points.v1 import movement_pb2
from coalition.points.v1.explanations_pb2_grpc import ExplanationsServiceStub

from services.runtime import grpc_client
from services.runtime.errors import NotFound, PermissionDenied
from tests.support.burn_wire import basket, in_points, rich
from tests.support.campaign_wire import promote
from tests.support.points import PointsHouse, Till
from tests.support.points_wire import earn, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def explain(till: Till, transaction_id: bytes) -> pb.ExplainResponse:
    stub = ExplanationsServiceStub(till.house.running.channel)
    return await grpc_client.call(
        stub.Explain, pb.ExplainRequest(transaction_id=transaction_id), till.principal
    )


async def test_an_earn_is_explained_with_all_campaigns_that_were_there_for_it(house: PointsHouse) -> None:
    till, member = await house.till(points=3, per_minor=250), house.member()
    await promote(house, 1_000, name="Triple")
    await promote(house, 5, name="Poor", fixed_points=6)
    await promote(house, 1_000, name="Large", fixed_points=9, min_amount_minor=100_000)
    await promote(house, 1_000, name="A little", multiplier_percent=101)
    sold = (await till.earn(member, 2_599, tenders=in_points(100))).transaction
    # Nothing of this one was known then.
    await promote(house, 1_000, name="Late")
    told = await explain(till, sold.transaction_id)
    counted = told.earn
    assert (counted.amount_minor, counted.in_points_minor, counted.money_minor) == (2_599, 100, 2_499)
    assert counted.points == sold.points == 29
    assert (
        counted.money_minor * counted.rate_points == counted.points * counted.rate_per_minor + counted.dropped
    )
    assert 0 <= counted.dropped < counted.rate_per_minor
    assert [
        (each.name, each.due, each.points, pb.CampaignOutcome.Name(each.outcome)) for each in told.campaigns
    ] == [
        ("Triple", 58, 58, "CAMPAIGN_OUTCOME_GIVEN"),
        ("Poor", 6, 0, "CAMPAIGN_OUTCOME_NOT_COVERED"),
        ("Large", 0, 0, "CAMPAIGN_OUTCOME_AMOUNT_TOO_SMALL"),
        ("A little", 0, 0, "CAMPAIGN_OUTCOME_NO_POINTS"),
    ]
    assert sum(each.points for each in told.campaigns) == sold.bonus_points
    (lot,) = told.lots
    assert (lot.act, lot.own, lot.points, lot.expires_at_us) == (
        pb.LOT_ACT_OPENED,
        True,
        29,
        sold.expires_at_us,
    )
    bonus = next(
        each.transaction
        for each in await house.journal()
        if each.transaction.HasField("campaign") and each.transaction.original_seq == sold.seq
    )
    of_bonus = await explain(till, bonus.transaction_id)
    assert [(each.name, each.points) for each in of_bonus.campaigns] == [("Triple", bonus.points)]
    assert of_bonus.earn == told.earn
    assert [each.points for each in of_bonus.lots] == [bonus.points]


async def test_a_burn_is_explained_without_saying_from_whom_else_points_are(house: PointsHouse) -> None:
    till, member = await rich(house, points=3, worth_minor=2, share_percent=50)
    other = await house.till()
    await other.earn(member, 100_000)
    held = (await till.hold(member, 500, basket=basket(9_000))).transaction
    burned = (await till.redeem(member, 10_400, basket=basket(20_000))).transaction
    for posted, counted, act in ((held, 9_000, pb.LOT_ACT_SET_ASIDE), (burned, 20_000, pb.LOT_ACT_TAKEN)):
        told = await explain(till, posted.transaction_id)
        burn = told.burn
        assert burn.points == abs(posted.points) + posted.held
        assert burn.points * burn.ratio_worth_minor // burn.ratio_points == posted.worth.amount_minor
        assert (burn.worth, burn.counted_minor, burn.share_percent) == (posted.worth, counted, 50)
        assert sum(lot.points for lot in told.lots) == burn.points
        assert {lot.act for lot in told.lots} == {act}
    assert {(lot.own, lot.points) for lot in told.lots} == {(True, 9_500), (False, 900)}
    with pytest.raises(NotFound):
        await explain(other, burned.transaction_id)
    till.grants = ("points:earn",)
    with pytest.raises(PermissionDenied):
        await explain(till, burned.transaction_id)


@pytest.mark.parametrize("order", ["PRO_RATA", "POINTS_FIRST", "MONEY_FIRST"])
@pytest.mark.parametrize("shortfall", ["ALLOW_NEGATIVE", "WITHIN_BALANCE"])
async def test_refunds_are_explained_by_what_was_due_for_all_of_them_together(
    house: PointsHouse, order: str, shortfall: str
) -> None:
    till, member = await rich(house)
    await promote(house, 1_000, name="Triple")
    await house.set_refund_rule(till.partner_id, shortfall, order)
    sale, _ = await till.post(
        earn(member, 2_599, linked=True, tenders=in_points(450)), redemption(member, 450)
    )
    other = await house.till()
    left = (await till.balance(member)).available
    await other.redeem(member, left - 20)
    told = pb.ExplainedRefund()
    for place, amount in enumerate((700, 1, 0)):
        refund = (await till.refund(sale.transaction.transaction_id, amount)).transaction
        told = (await explain(till, refund.transaction_id)).refund
        figures = refund.refund
        assert (told.refunds_before, told.whole, told.burned, told.earned, told.bonus) == (
            place,
            2_599,
            450,
            21,
            42,
        )
        assert told.due.returned - told.before.returned == figures.returned
        taken = figures.clawed_back + figures.owed + figures.written_off
        assert told.due.taken - told.before.taken == taken
        assert told.due.money_minor - told.before.money_minor == figures.money_minor
    assert told.given == told.whole
    assert (told.due.returned, told.due.taken, told.due.money_minor) == (450, 63, 2_149)


async def test_every_kind_of_movement_can_be_explained_and_its_lots_sum_to_its_points(
    house: PointsHouse,
) -> None:
    till, member = await rich(house)
    await promote(house, 1_000)
    sold = (await till.earn(member, 5_000)).transaction
    held = (await till.hold(member, 300)).transaction
    await till.capture(held.transaction_id, 100)
    await till.void((await till.hold(member, 5)).transaction.transaction_id)
    burned = (await till.redeem(member, 40)).transaction
    await till.refund(burned.transaction_id, 0, points=15)
    await till.redeem(member, (await till.balance(member)).available - 10)
    await till.refund(sold.transaction_id, 4_000)
    await till.earn(member, 9_000)
    kinds: set[movement_pb2.MovementKind.ValueType] = set()
    for record in await house.journal():
        posted = record.transaction
        if not posted.member_id:
            continue
        told = (
            await explain(till, posted.transaction_id) if posted.partner_id == till.partner_id.bytes else None
        )
        if told is None:
            continue
        kinds.add(posted.kind)
        assert told.transaction.points == posted.points
        into = sum(lot.points for lot in told.lots if lot.act in (pb.LOT_ACT_OPENED, pb.LOT_ACT_GIVEN_BACK))
        out = sum(lot.points for lot in told.lots if lot.act == pb.LOT_ACT_TAKEN)
        assert into - out == posted.points, posted
    names = {movement_pb2.MovementKind.Name(kind).removeprefix("MOVEMENT_KIND_") for kind in kinds}
    assert names >= {
        "EARN",
        "GRANT",
        "HOLD",
        "CAPTURE",
        "VOID",
        "REDEEM",
        "REFUND",
        "RETURN",
        "CLAWBACK",
        "OWE",
    }
