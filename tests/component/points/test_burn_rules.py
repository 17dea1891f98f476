"""What a partner takes points for: their worth, fewest, steps, a share of the basket, so many a day."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from services.runtime import grpc_client
from services.runtime.errors import InvalidRequest, NotFound, PermissionDenied
from services.runtime.ids import new_id
from tests.support.burn_wire import basket, in_points, rich, told
from tests.support.points import PointsHouse
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import (
    earn,
    hold,
    outcomes,
    reason,
    reasons,
    redemption,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DAY_US = 86_400_000_000
_DISCOUNT = pb.BURN_TREATMENT_DISCOUNT


async def test_points_are_worth_what_the_rule_says_rounded_down_once(house: PointsHouse) -> None:
    till, member = await rich(house, points=3, worth_minor=2)
    # (A single one is worth nothing, so it is not taken.)
    assert told(await till.redeem(member, 1)) == ("BURN_TOO_SMALL", {"minimum": "2", "required": "1"})
    for points, minor in ((2, 1), (3, 2), (100, 66), (1_000, 666)):
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


async def test_a_hold_in_money_sets_aside_the_fewest_points_that_are_worth_the_most_of_it(
    house: PointsHouse,
) -> None:
    till, member = await rich(house, points=3, worth_minor=2, minimum_points=30, step_points=10)
    dollars = {"currency": "USD"}
    for minor, points, worth in ((20, 30, 20), (100, 150, 100), (105, 150, 100), (106, 160, 106)):
        held = (await till.hold(member, 0, money_minor=minor, **dollars)).transaction
        assert (held.held, held.worth.amount_minor) == (points, worth)
        await till.void(held.transaction_id)
    assert told(await till.hold(member, 0, money_minor=19, **dollars)) == (
        "BURN_TOO_SMALL",
        {"minimum": "30", "minimum_minor": "20", "asked_minor": "19"},
    )
    assert reason(await till.hold(member, 0, money_minor=1_000_000, **dollars)) == "INSUFFICIENT_POINTS"
    assert told(await till.hold(member, 30, money_minor=20, **dollars))[0] == "INVALID_REQUEST"
    assert told(await till.hold(member, 0, money_minor=20, currency="EUR"))[0] == "CURRENCY_UNSUPPORTED"
    # Nobody says what points are worth elsewhere.
    other = await house.till()
    assert told(await other.hold(member, 0, money_minor=20, **dollars)) == (
        "INVALID_REQUEST",
        {"field": "money"},
    )
    await house.assert_sound()


async def test_a_hold_in_money_is_what_it_was_when_the_rule_has_changed_since(house: PointsHouse) -> None:
    till, member = await rich(house)
    asked = hold(member, 0, money_minor=500, currency="USD")
    first = (await till.post(asked))[0].transaction
    await house.set_burn_rule(till.partner_id, worth_minor=50)
    # By the rule that holds now; also in the first batch since it was set.
    (now,) = await till.post(hold(member, 0, money_minor=500, currency="USD"))
    (again,) = await till.post(asked)
    assert (again.replayed, again.transaction) == (True, first)
    assert (first.held, now.transaction.held) == (500, 1_000)
    elsewhere = pb.Item(key="another", hold=asked.hold)
    elsewhere.hold.money_minor = 400
    assert told((await till.post(elsewhere))[0])[1]["fields"] == "seconds,money"
    await house.assert_sound()


async def test_an_amount_that_takes_too_many_points_stops_nobody_else(house: PointsHouse) -> None:
    till, member = await rich(house, points=1_000_000, worth_minor=1)
    # Ten of the largest fit no column together, and what stands beside them may be another partner's.
    largest = [hold(member, 0, money_minor=10**12, currency="USD") for _ in range(10)]
    beside, *refused = await till.post(earn(house.member(), 100), *largest)
    assert reason(beside) == ""
    assert [told(each) for each in refused] == [("INVALID_REQUEST", {"field": "money"})] * 10
    # As many as a hold in points may have are too many for the wallet alone.
    most = await till.hold(member, 0, money_minor=1_000, currency="USD")
    assert told(most)[0] in {"INSUFFICIENT_POINTS", "AUTHORISATION_REQUIRED"}
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
    tiny = await till.redeem(member, 10, basket=basket(12, {"food": 12}))
    assert (told(tiny)[1]["most"], told(tiny)[1]["most_minor"]) == ("0", "4")
    # Where some categories do not count, the lines say which do.
    for unsaid in (basket(500), basket(0, {})):
        asked = await till.redeem(member, 10, basket=unsaid)
        assert told(asked) == (
            ("INVALID_REQUEST", {"field": "basket.lines"})
            if unsaid.amount_minor
            else ("BURN_SHARE", told(asked)[1])
        )
    pair = await till.post(earn(member, 500, linked=True, tenders=in_points(5)), redemption(member, 10))
    assert told(pair[1]) == ("INVALID_REQUEST", {"field": "lines"})
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
    assert told(await till.redeem(member, 1, basket=below)) == ("INVALID_REQUEST", {"field": "basket.amount"})


async def test_a_hold_of_before_the_rule_counts_in_the_same_call_too(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000_000)
    await house.set_burn_rule(till.partner_id, valid_from_us=STARTS_AT_US, daily_points=100)
    results = await till.post(hold(member, 80, occurred_at_us=STARTS_AT_US - 1), redemption(member, 90))
    assert reasons(results) == ["", "BURN_DAILY_LIMIT"]
    assert told(results[1])[1]["left"] == "20"
    await house.assert_sound()


async def test_what_is_left_of_a_day_is_a_number_that_is_taken(house: PointsHouse) -> None:
    till, member = await rich(house, minimum_points=200, step_points=20, daily_points=610)
    await till.redeem(member, 200)
    assert told(await till.redeem(member, 420))[1]["left"] == "400"
    await till.redeem(member, 400)
    assert told(await till.redeem(member, 200))[1]["left"] == "0"


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
