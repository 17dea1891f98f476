"""What a partner takes points for: their worth, fewest, steps, a share of the basket, so many a day."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from services.runtime import grpc_client
from services.runtime.errors import InvalidRequest, NotFound, PermissionDenied
from services.runtime.ids import new_id
from tests.support.points import PointsHouse, Till
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, outcomes, reason, reasons, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DAY_US = 86_400_000_000
_DISCOUNT = pb.BURN_TREATMENT_DISCOUNT


def basket(amount_minor: int, lines: dict[str, int] | None = None, **tenders: int) -> pb.Basket:
    """A basket with lines by category."""
    return pb.Basket(
        amount_minor=amount_minor,
        currency="USD",
        lines=[
            pb.SaleLine(sku="s", category=category, amount_minor=amount)
            for category, amount in (lines or {}).items()
        ],
        tenders=[pb.Tender(kind=kind, amount_minor=amount) for kind, amount in tenders.items()],
    )


def in_points(amount_minor: int) -> list[pb.Tender]:
    """The tender of a sale that is paid in points in part."""
    return [pb.Tender(kind="points", amount_minor=amount_minor)]


def told(result: pb.Result) -> tuple[str, dict[str, str]]:
    """Why not, and the figures."""
    return reason(result), dict(result.error.metadata)


async def rich(house: PointsHouse, **rule: Any) -> tuple[Till, UUID]:
    """A till with a burn rule, and a member with 10,000 points."""
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000_000)
    await house.set_burn_rule(till.partner_id, **rule)
    return till, member


async def test_points_are_worth_what_the_rule_says_rounded_down_once(house: PointsHouse) -> None:
    till, member = await rich(house, points=3, worth_minor=2)
    for points, minor in ((1, 0), (2, 1), (3, 2), (100, 66), (1_000, 666)):
        burned = (await till.redeem(member, points)).transaction
        assert (burned.worth.amount_minor, burned.worth.treatment) == (minor, pb.BURN_TREATMENT_TENDER)
        read = await till.call(
            "GetTransaction", points_pb2.GetTransactionRequest(transaction_id=burned.transaction_id)
        )
        assert read.transaction == burned
    # A partner without a rule takes any number, and says nothing of their worth.
    other = await house.till()
    assert not (await other.redeem(member, 7)).transaction.HasField("worth")
    await house.assert_sound()


async def test_fewest_points_and_steps(house: PointsHouse) -> None:
    till, member = await rich(house, minimum_points=200, step_points=10)
    assert told(await till.redeem(member, 199)) == (
        "BURN_TOO_SMALL",
        {"minimum": "200", "required": "199"},
    )
    assert told(await till.hold(member, 217)) == (
        "BURN_STEP",
        {"step": "10", "required": "217", "below": "210"},
    )
    held = await till.hold(member, 500)
    assert held.transaction.worth.amount_minor == 500
    hold_id = held.transaction.transaction_id
    assert reason(await till.capture(hold_id, 190)) == "BURN_TOO_SMALL"
    assert reason(await till.capture(hold_id, 215)) == "BURN_STEP"
    assert (await till.capture(hold_id, 220)).transaction.worth.amount_minor == 220
    await house.assert_sound()


async def test_a_refusal_by_the_rule_is_remembered_for_ever(house: PointsHouse) -> None:
    till, member = await rich(house, minimum_points=200, step_points=10)
    asked = redemption(member, 50, key="small")
    assert outcomes(await till.post(asked)) == [pb.OUTCOME_REFUSED]
    await house.set_burn_rule(till.partner_id)
    (again,) = await till.post(asked)
    assert (reason(again), again.replayed) == ("BURN_TOO_SMALL", True)
    assert outcomes(await till.post(redemption(member, 50))) == [pb.OUTCOME_ACCEPTED]
    await house.assert_sound()


async def test_a_share_of_the_basket_without_what_is_excluded(house: PointsHouse) -> None:
    till, member = await rich(
        house, points=100, worth_minor=50, step_points=10, minimum_points=10, share_percent=40,
        excluded_categories=["tobacco", "gift cards"], excluded_tenders=["voucher"],
    )  # fmt: skip
    # 25.00, of which 5.00 is tobacco and 2.00 paid by voucher: 40 % of 18.00 are 7.20, which 1,440 points are worth.
    bought = basket(2_500, {"food": 2_000, "tobacco": 500}, voucher=200)
    over = await till.hold(member, 1_450, basket=bought)
    assert told(over) == (
        "BURN_SHARE",
        {"most": "1440", "required": "1450", "most_minor": "720", "worth_minor": "725"},
    )
    assert outcomes([await till.hold(member, 1_440, basket=bought)]) == [pb.OUTCOME_ACCEPTED]
    assert outcomes([await till.redeem(member, 1_440, basket=bought)]) == [pb.OUTCOME_ACCEPTED]
    # Nothing of it may be paid in points, or less than the fewest points are worth.
    nothing = await till.redeem(member, 10, basket=basket(500, {"gift cards": 500}))
    assert told(nothing)[1]["most"] == "0"
    tiny = await till.redeem(member, 10, basket=basket(12))
    assert (told(tiny)[1]["most"], told(tiny)[1]["most_minor"]) == ("0", "4")
    # Without a basket nobody can tell; nothing is decided, so the till may say it under the same key.
    without = await till.redeem(member, 100, key="k")
    assert (without.outcome, told(without)) == (
        pb.OUTCOME_TURNED_AWAY,
        ("INVALID_REQUEST", {"field": "basket"}),
    )
    assert outcomes([await till.redeem(member, 100, key="k", basket=bought)]) == [pb.OUTCOME_ACCEPTED]
    await house.assert_sound()


async def test_a_line_taken_back_raises_no_share(house: PointsHouse) -> None:
    till, member = await rich(house, share_percent=50, excluded_categories=["tobacco"])
    bought = basket(1_000, {"food": 1_500, "tobacco": -500})
    assert told(await till.redeem(member, 501, basket=bought))[1]["most"] == "500"
    assert outcomes([await till.redeem(member, 500, basket=bought)]) == [pb.OUTCOME_ACCEPTED]
    assert (
        told(await till.redeem(member, 1, basket=basket(300, {"food": 0, "tobacco": 300})))[1]["most"] == "0"
    )


async def test_a_basket_that_makes_no_sense_is_turned_away(house: PointsHouse) -> None:
    till, member = await rich(house)
    wrong = basket(1_000, {"food": 999})
    euros = pb.Basket(amount_minor=10, currency="EUR")
    assert reason(await till.hold(member, 1, basket=wrong)) == "AMOUNT_MISMATCH"
    assert reason(await till.redeem(member, 1, basket=euros)) == "CURRENCY_UNSUPPORTED"
    below = pb.Basket(amount_minor=-1, currency="USD")
    assert told(await till.redeem(member, 1, basket=below)) == ("INVALID_REQUEST", {"field": "basket"})


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
    held = (await till.hold(member, 400, basket=basket(1_000))).transaction
    assert held.worth.treatment == _DISCOUNT
    wrong = await till.post(
        earn(member, 1_000, linked=True, tenders=in_points(400)), capture(held.transaction_id)
    )
    assert reasons(wrong) == ["LINKED_ITEM_FAILED", "BURN_WORTH_MISMATCH"]
    # 6.00 are paid; it would have been 10.00, of which up to 5.00 in points.
    sale, burn = await till.post(earn(member, 600, linked=True), capture(held.transaction_id))
    assert (sale.transaction.points, burn.transaction.worth.amount_minor) == (6, 400)
    over = await till.post(earn(member, 399, linked=True), redemption(member, 401))
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


async def test_a_capture_goes_by_the_rule_of_its_hold(house: PointsHouse) -> None:
    till, member = await rich(house)
    before = (await till.hold(member, 100)).transaction
    # From now on they are worth half as much, and fewer than 500 are not taken; but what was promised holds.
    await house.set_burn_rule(till.partner_id, worth_minor=50, minimum_points=500)
    assert reason(await till.hold(member, 100)) == "BURN_TOO_SMALL"
    taken = (await till.capture(before.transaction_id, occurred_at_us=STARTS_AT_US + 1)).transaction
    assert (taken.worth.amount_minor, taken.worth.rule_version) == (100, before.worth.rule_version)
    # And a hold of the time before there was a rule is captured without one.
    other, second = await house.till(), house.member()
    await other.earn(second, 10_000)
    free = (await other.hold(second, 70)).transaction.transaction_id
    await house.set_burn_rule(other.partner_id, minimum_points=500)
    assert not (await other.capture(free, 3)).transaction.HasField("worth")
    await house.assert_sound()


async def test_the_tills_clock_decides_which_rule_counts(house: PointsHouse) -> None:
    till, member = await rich(house, points=100, worth_minor=100)
    later = STARTS_AT_US - 5 * 60_000_000
    await house.set_burn_rule(till.partner_id, valid_from_us=later, points=100, worth_minor=90)
    newest = await house.set_burn_rule(till.partner_id, valid_from_us=later, points=100, worth_minor=95)
    assert (await till.redeem(member, 100, occurred_at_us=later - 1)).transaction.worth.amount_minor == 100
    assert (await till.redeem(member, 100, occurred_at_us=later)).transaction.worth.amount_minor == 95
    # Set again, it stays what it is; the list has one a start, and a partner sees its own.
    assert (
        await house.set_burn_rule(till.partner_id, valid_from_us=later, points=100, worth_minor=95)
    ).version == newest.version
    listed = await till.call("ListBurnRules", points_pb2.ListBurnRulesRequest())
    assert [(rule.valid_from_us, rule.worth_minor) for rule in listed.rules] == [(1, 100), (later, 95)]
    assert not (await (await house.till()).call("ListBurnRules", points_pb2.ListBurnRulesRequest())).rules
    # Before the first rule there was none.
    other, second = await house.till(), house.member()
    await other.earn(second, 10_000)
    await house.set_burn_rule(other.partner_id, valid_from_us=STARTS_AT_US + 1, minimum_points=50)
    assert outcomes([await other.redeem(second, 1)]) == [pb.OUTCOME_ACCEPTED]
    assert reason(await other.redeem(second, 1, occurred_at_us=STARTS_AT_US + 1)) == "BURN_TOO_SMALL"
    await house.assert_sound()


async def test_so_many_points_a_day_with_open_holds_among_them(house: PointsHouse) -> None:
    till, member = await rich(house, daily_points=1_000)
    await till.redeem(member, 300)
    first = (await till.hold(member, 400)).transaction.transaction_id
    second = (await till.hold(member, 200)).transaction.transaction_id
    over = await till.redeem(member, 101)
    assert told(over) == (
        "BURN_DAILY_LIMIT",
        {"limit": "1000", "left": "100", "required": "101"},
    )
    # What a capture leaves is free again for the day, and so is what a void gives up; what is given back is not.
    await till.capture(first, 150)
    await till.void(second)
    assert told(await till.hold(member, 551))[1]["left"] == "550"
    burn = (await till.redeem(member, 550)).transaction
    await till.refund(burn.transaction_id)
    assert told(await till.redeem(member, 1))[1]["left"] == "0"
    # Another member, another partner: their own day.
    other = await house.till()
    await house.set_burn_rule(other.partner_id, daily_points=1_000)
    assert outcomes([await other.redeem(member, 1_000)]) == [pb.OUTCOME_ACCEPTED]
    await house.assert_sound()


async def test_within_one_call_the_day_is_counted_item_by_item(house: PointsHouse) -> None:
    till, member = await rich(house, daily_points=100)
    results = await till.post(
        redemption(member, 60), redemption(member, 60), hold(member, 40), redemption(member, 1)
    )
    assert reasons(results) == ["", "BURN_DAILY_LIMIT", "", "BURN_DAILY_LIMIT"]
    await house.assert_sound()


async def test_a_hold_of_yesterday_counts_until_it_is_resolved_and_then_on_its_day(
    house: PointsHouse,
) -> None:
    till, member = await rich(house, daily_points=100)
    held = (await till.hold(member, 100, seconds=7 * 86_400)).transaction.transaction_id
    await house.move_clock(STARTS_AT_US + 2 * _DAY_US)
    now_us = STARTS_AT_US + 2 * _DAY_US
    assert reason(await till.redeem(member, 1, occurred_at_us=now_us)) == "BURN_DAILY_LIMIT"
    # The capture itself is never over the limit: that was promised.
    assert outcomes([await till.capture(held, 40, occurred_at_us=now_us)]) == [pb.OUTCOME_ACCEPTED]
    assert told(await till.redeem(member, 61, occurred_at_us=now_us))[1]["left"] == "60"
    await house.move_clock(STARTS_AT_US + 3 * _DAY_US)
    assert outcomes([await till.redeem(member, 100, occurred_at_us=now_us)]) == [pb.OUTCOME_ACCEPTED]
    await house.assert_sound()


async def test_a_rule_that_is_new_is_known_to_the_next_call(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000_000)
    await till.redeem(member, 1)
    for limit in (1_000, 2_000):
        await house.set_burn_rule(till.partner_id, daily_points=limit)
        assert reason(await till.redeem(member, limit + 1)) == "BURN_DAILY_LIMIT"
    # What was burned before there was a rule does not count.
    assert outcomes([await till.redeem(member, 2_000)]) == [pb.OUTCOME_ACCEPTED]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("points", {"points": 0}),
        ("points", {"points": 1_000_001}),
        ("worth_minor", {"worth_minor": 0}),
        ("step_points", {"step_points": 0}),
        ("minimum_points", {"minimum_points": 0}),
        ("minimum_points", {"minimum_points": 15, "step_points": 10}),
        ("share_percent", {"share_percent": 0}),
        ("share_percent", {"share_percent": 101}),
        ("daily_points", {"daily_points": 4, "minimum_points": 5}),
        ("daily_points", {"daily_points": -1}),
        ("excluded_categories", {"excluded_categories": [str(number) for number in range(101)]}),
        ("excluded_categories", {"excluded_categories": ["a\0b"]}),
        ("excluded_categories", {"excluded_categories": [""]}),
        ("excluded_tenders", {"excluded_tenders": ["points"]}),
        ("treatment", {"treatment": pb.BURN_TREATMENT_UNSPECIFIED}),
        ("valid_from_us", {"valid_from_us": 0}),
    ],
)
async def test_a_rule_out_of_its_range_is_refused(
    house: PointsHouse, field: str, changes: dict[str, Any]
) -> None:
    till = await house.till()
    with pytest.raises(InvalidRequest) as refused:
        await house.set_burn_rule(till.partner_id, **changes)
    assert refused.value.metadata["field"] == field


async def test_only_pricing_sets_a_rule_and_only_of_a_partner(house: PointsHouse) -> None:
    till = await house.till()
    rule = points_pb2.BurnRule(
        partner_id=till.partner_id.bytes, valid_from_us=1, points=1, worth_minor=1, minimum_points=1, step_points=1,
        share_percent=100, treatment=pb.BURN_TREATMENT_TENDER,
    )  # fmt: skip
    for token in (house.staff_with("maker", "admin"), till.principal):
        with pytest.raises(PermissionDenied):
            await grpc_client.call(house.stub.SetBurnRule, points_pb2.SetBurnRuleRequest(rule=rule), token)
    unknown = new_id()
    house.neighbours.unknown_partners.add(unknown.bytes)
    with pytest.raises(NotFound):
        await house.set_burn_rule(unknown)


async def test_the_database_refuses_a_worth_that_the_rule_does_not_make(house: PointsHouse) -> None:
    till, member = await rich(house, minimum_points=20, step_points=10, share_percent=50)
    burned = (await till.redeem(member, 20, basket=basket(1_000))).transaction
    columns = "points, worth_minor, basket_minor, rule_version, wallet_no, partner_no, day, ledger_id, burned"
    for changed in (
        "20, 21, NULL", "10, 10, NULL", "25, 25, NULL", "20, 20, 39",
    ):  # fmt: skip
        with pytest.raises(asyncpg.CheckViolationError):
            async with as_superuser(house.database) as connection:
                await connection.execute(
                    f"""INSERT INTO burn_worth (seq, {columns})
                    SELECT seq + 1000, {changed}, rule_version, wallet_no, partner_no, day, ledger_id, burned
                    FROM burn_worth WHERE seq = $1 AND ledger_id = $2""",
                    burned.seq,
                    house.programme.ledger_id,
                )
