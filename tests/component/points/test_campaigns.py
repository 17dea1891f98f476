"""What campaigns give on top of sales: out of a budget, by the version in force, whole or not at all, and taken back with the sale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.events.v1 import points_pb2 as events
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.points.v1.points_pb2 import Funder

from services.points.commands.set_campaign import UNENDED_MAX
from services.runtime.errors import CoalitionError, code_of
from services.runtime.ids import new_id
from tests.support.campaign_wire import budget, campaigns, load_budget, promote, set_campaign, terms
from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, redemption, refund, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_US = 86_400_000_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(running: RunningPoints) -> AsyncIterator[RunningPoints]:
    """A second process, as far as the database can tell."""
    async with running_points(running.database, beside=running) as second:
        yield second


def _bonuses(result: pb.Result) -> list[tuple[bytes, int, int]]:
    bonuses = result.transaction.bonuses
    assert result.transaction.bonus_points == sum(bonus.points for bonus in bonuses)
    return [(bonus.campaign_id, bonus.version, bonus.points) for bonus in bonuses]


async def _kinds(house: PointsHouse) -> list[str]:
    return [pb.MovementKind.Name(record.transaction.kind)[14:] for record in await house.journal()]


async def test_a_sale_brings_what_the_campaigns_give_on_top_and_is_told_the_same_again(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    triple, fixed = await promote(house, 1_000), await promote(house, 90, fixed_points=7)
    item = earn(member, 1_050, key="k", reference="r")
    (first,) = await till.post(item)
    assert (first.transaction.points, first.transaction.balance_after) == (10, 10)
    assert _bonuses(first) == [(triple, 1, 20), (fixed, 1, 7)]
    assert [bonus.balance_after for bonus in first.transaction.bonuses] == [30, 37]
    (again,) = await till.post(item)
    assert again.replayed
    assert again.transaction == first.transaction
    # Under another key, and within one batch.
    other = await till.post(*(earn(member, 1_050, key=key, reference="r") for key in ("l", "m")))
    assert [result.transaction for result in other] == [first.transaction] * 2
    assert (await till.balance(member)).available == 37
    records = await house.journal()
    assert await _kinds(house) == ["LOAD", "LOAD", "EARN", "GRANT", "GRANT"]
    grant = records[3]
    assert (grant.transaction.original_id, grant.transaction.campaign.points) == (
        first.transaction.transaction_id,
        20,
    )
    assert [(lot.point_type, lot.issuer_id, lot.points) for lot in grant.lots_opened] == [
        ("bonus", till.partner_id.bytes, 20)
    ]
    assert [(entry.account_kind, entry.owner_id) for entry in grant.entries] == [
        ("budget", triple),
        ("wallet", member.bytes),
    ]
    told = [record for record in await house.events() if record.type == "points.granted"]
    granted = events.PointsGranted.FromString(told[0].payload)
    assert (granted.campaign_id, granted.version, granted.points, granted.original_seq) == (triple, 1, 20, 3)
    assert [(funder.partner_id, funder.percent) for funder in granted.funders] == [(bytes(16), 100)]
    assert await budget(house, triple) == (1_000, 20, 0, 980)
    await house.assert_sound()


async def test_history_shows_each_bonus_as_a_line_of_its_own_and_no_load(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    campaign = await promote(house, 50)
    sold = await till.earn(member, 500)
    request = points_pb2.ListTransactionsRequest(member_id=member.bytes)
    listed = (await till.call("ListTransactions", request)).transactions
    assert [pb.MovementKind.Name(each.kind)[14:] for each in listed] == ["GRANT", "EARN"]
    assert listed[1] == sold.transaction
    assert (listed[0].campaign.campaign_id, listed[0].points, listed[0].balance_after) == (campaign, 10, 15)
    every = await house.as_staff(house.stub.ListTransactions, points_pb2.ListTransactionsRequest())
    assert len(every.transactions) == 2
    read = await till.call(
        "GetTransaction", points_pb2.GetTransactionRequest(transaction_id=sold.transaction.transaction_id)
    )
    assert read.transaction == sold.transaction


async def test_the_window_the_amount_and_the_partner_decide_at_the_tills_time(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    await house.move_clock(STARTS_AT_US + 40 * DAY_US)
    start, end = STARTS_AT_US + 10 * DAY_US, STARTS_AT_US + 20 * DAY_US
    await promote(
        house, 10_000, valid_from_us=start, valid_to_us=end, min_amount_minor=500,
        partner_ids=[till.partner_id.bytes],
    )  # fmt: skip

    async def bonus(amount: int, at_us: int, at: object = till) -> int:
        result = await (other if at is other else till).earn(member, amount, occurred_at_us=at_us)
        return result.transaction.bonus_points

    assert [await bonus(500, at) for at in (start - 1, start, end - 1, end)] == [0, 10, 10, 0]
    assert [await bonus(amount, start) for amount in (499, 500)] == [0, 10]
    assert await bonus(500, start, other) == 0
    paid = [pb.Tender(kind="points", amount_minor=1), pb.Tender(kind="card", amount_minor=499)]
    (result,) = await till.post(earn(member, 500, tenders=paid, occurred_at_us=start))
    assert result.transaction.bonus_points == 0
    await house.assert_sound()


async def test_a_new_version_decides_from_its_start_on_and_may_end_a_campaign_early(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    campaign = await promote(house, 10_000, valid_from_us=STARTS_AT_US)
    at = {"occurred_at_us": STARTS_AT_US}
    assert _bonuses(await till.earn(member, 1_000, **at)) == [(campaign, 1, 20)]
    again = await set_campaign(house, UUID(bytes=campaign), valid_from_us=STARTS_AT_US)
    assert again.version == 1
    later = STARTS_AT_US + DAY_US
    await set_campaign(house, UUID(bytes=campaign), valid_from_us=later, multiplier_percent=150)
    await house.move_clock(STARTS_AT_US + 10 * DAY_US)
    assert _bonuses(await till.earn(member, 1_000, occurred_at_us=later - 1)) == [(campaign, 1, 20)]
    assert _bonuses(await till.earn(member, 1_000, occurred_at_us=later)) == [(campaign, 2, 5)]
    ends = STARTS_AT_US + 5 * DAY_US
    ended = await set_campaign(
        house, UUID(bytes=campaign), valid_from_us=later, multiplier_percent=150, valid_to_us=ends
    )
    assert (ended.version, ended.campaign.valid_to_us) == (3, ends)
    assert _bonuses(await till.earn(member, 1_000, occurred_at_us=ends - 1)) == [(campaign, 3, 5)]
    assert _bonuses(await till.earn(member, 1_000, occurred_at_us=ends)) == []
    await house.assert_sound()


async def test_a_grant_is_whole_or_not_at_all_and_a_smaller_one_may_still_pass(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    campaign = await promote(house, 25)
    results = await till.post(*(earn(member, amount) for amount in (1_000, 300, 200, 100)))
    assert [result.outcome for result in results] == [pb.OUTCOME_ACCEPTED] * 4
    assert [result.transaction.bonus_points for result in results] == [20, 0, 4, 0]
    assert await budget(house, campaign) == (25, 24, 0, 1)
    await load_budget(house, campaign, 9)
    assert (await till.earn(member, 500)).transaction.bonus_points == 10
    assert await budget(house, campaign) == (34, 34, 0, 0)
    await house.assert_sound()


async def test_a_budget_is_never_overrun_by_two_replicas(house: PointsHouse, replica: RunningPoints) -> None:
    till = await house.till()
    campaign = await promote(house, 300)
    tills, members = (till, till.at(house.at(replica))), [house.member() for _ in range(6)]

    async def shop(place: int) -> int:
        given = 0
        for number in range(5):
            amount = 100 * (1 + (place + number) % 9)
            results = await tills[place % 2].post(
                earn(members[place % 6], amount), earn(members[(place + 1) % 6], 200)
            )
            given += sum(result.transaction.bonus_points for result in results)
        return given

    given = sum(await asyncio.gather(*(shop(place) for place in range(12))))
    assert 290 < given <= 300
    assert await budget(house, campaign) == (300, given, 0, 300 - given)
    await house.assert_sound()


async def test_bonus_points_are_pending_as_long_as_those_of_the_sale(house: PointsHouse) -> None:
    till, member = await house.till(pending_days=14), house.member()
    await promote(house, 100)
    # A sale that earns nothing itself brings a bonus all the same.
    await promote(house, 100, fixed_points=3)
    sold = (await till.earn(member, 1_000)).transaction
    assert (sold.pending, sold.bonus_points, sold.bonuses[-1].balance_after) == (10, 23, 0)
    assert (await till.earn(member, 50)).transaction.bonus_points == 3
    balance = await till.balance(member)
    assert (balance.available, balance.pending) == (0, 36)
    grant = (await house.journal())[3].transaction
    assert (grant.points, grant.pending, grant.matures_at_us) == (0, 20, STARTS_AT_US + 14 * DAY_US)
    await till.refund(sold.transaction_id, 400)
    assert (await till.balance(member)).pending == 24
    await house.move_clock(STARTS_AT_US + 14 * DAY_US)
    assert (await till.balance(member)).available == 24
    await till.redeem(member, 24, occurred_at_us=STARTS_AT_US + 14 * DAY_US)
    await house.assert_sound()


async def test_a_refund_takes_back_what_would_not_have_been_granted_and_fills_the_budget_again(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    triple, fixed = await promote(house, 500), await promote(house, 50, fixed_points=7, min_amount_minor=500)
    sold = (await till.earn(member, 1_050)).transaction
    assert sold.bonus_points == 27
    one = (await till.refund(sold.transaction_id, 100)).transaction
    # 9.50 is left: 9 points, twice as many on top, and the fixed ones stay.
    assert (one.refund.clawed_back, one.balance_after) == (1 + 2, 34)
    two = (await till.refund(sold.transaction_id, 500)).transaction
    assert (two.refund.clawed_back, two.balance_after) == (5 + 10 + 7, 12)
    three = (await till.refund(sold.transaction_id)).transaction
    assert (three.refund.clawed_back, three.balance_after) == (12, 0)
    assert await budget(house, triple) == (500, 20, 20, 500)
    assert await budget(house, fixed) == (50, 7, 7, 50)
    clawbacks = [
        record for record in await house.journal() if record.transaction.kind == pb.MOVEMENT_KIND_CLAWBACK
    ]
    assert [(each.transaction.original_seq, -each.transaction.points) for each in clawbacks] == [
        (3, 1), (4, 2), (3, 5), (4, 10), (5, 7), (3, 4), (4, 8),
    ]  # fmt: skip
    assert [each.lot_uses[0].point_type for each in clawbacks] == [
        "base", "bonus", "base", "bonus", "bonus", "base", "bonus",
    ]  # fmt: skip
    assert [each.entries[1].account_kind for each in clawbacks[:2]] == ["issuance", "budget"]
    await house.assert_sound()


async def test_what_is_spent_is_owed_for_the_sale_and_for_each_grant_and_paid_by_later_points(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    campaign = await promote(house, 500)
    sold = (await till.earn(member, 1_000)).transaction
    await till.redeem(member, 25)
    back = (await till.refund(sold.transaction_id)).transaction.refund
    assert (back.clawed_back, back.owed) == (5, 25)
    assert (await till.balance(member)).available == -25
    # What is owed is in the budget at once.
    assert await budget(house, campaign) == (500, 20, 20, 500)
    await till.earn(member, 900)
    assert (await till.balance(member)).available == 2
    await house.assert_sound()


async def test_what_was_written_off_of_a_grant_is_caught_up_by_a_later_refund(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_refund_rule(till.partner_id, "WITHIN_BALANCE")
    campaign = await promote(house, 20)
    sold = (await till.earn(member, 1_000)).transaction
    await till.redeem(member, 28)
    first = (await till.refund(sold.transaction_id, 500)).transaction.refund
    assert (first.clawed_back, first.owed, first.written_off) == (2, 0, 13)
    await till.earn(member, 900)
    second = (await till.refund(sold.transaction_id, 100)).transaction.refund
    assert (second.clawed_back, second.written_off) == (9, 7)
    # Eleven of the eighteen that are due, those that fell due first: four of the sale, seven of the grant.
    assert await budget(house, campaign) == (20, 20, 7, 7)
    await house.assert_sound()


async def test_a_reversal_by_key_and_refunds_that_waited_take_back_the_bonus_too(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    campaign = await promote(house, 500)
    await till.post(earn(member, 1_000, key="undo"))
    (undone,) = await till.post(reversal("undo"))
    assert undone.transaction.refund.clawed_back == 30
    assert await budget(house, campaign) == (500, 20, 20, 500)
    (waits,) = await till.post(refund("late", 400))
    assert waits.outcome == pb.OUTCOME_WAITING
    sold = (await till.earn(member, 1_000, reference="late")).transaction
    assert sold.bonus_points == 20
    assert (await till.balance(member)).available == 18
    assert await budget(house, campaign) == (500, 40, 28, 488)
    await house.assert_sound()


async def test_a_sale_with_its_burn_brings_its_bonus_and_does_not_pay_with_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await promote(house, 500)
    await till.earn(member, 100)
    pair = await till.post(earn(member, 1_000, linked=True), redemption(member, 4))
    assert [code_of(result.error.reason) for result in pair] == ["LINKED_ITEM_FAILED", "INSUFFICIENT_POINTS"]
    sold, burned = await till.post(earn(member, 1_000, linked=True), redemption(member, 3))
    assert (sold.transaction.bonus_points, burned.transaction.balance_after) == (20, 30)
    assert burned.transaction.original_id == sold.transaction.transaction_id
    await till.refund(sold.transaction.transaction_id)
    assert (await till.balance(member)).available == 3
    await house.assert_sound()


async def test_a_load_is_posted_once_per_key(house: PointsHouse) -> None:
    campaign_id = (await set_campaign(house)).campaign.campaign_id
    first = await load_budget(house, campaign_id, 100, "k")
    again = await load_budget(house, campaign_id, 100, "k")
    assert (first.result.replayed, again.result.replayed) == (False, True)
    assert again.result.transaction == first.result.transaction
    assert (again.campaign.loaded, again.campaign.left) == (100, 100)
    with pytest.raises(CoalitionError) as conflict:
        await load_budget(house, campaign_id, 101, "k")
    assert code_of(conflict.value.reason) == "IDEMPOTENCY_KEY_REUSED"
    told = [record for record in await house.events() if record.type == "points.budget_loaded"]
    loaded = events.PointsBudgetLoaded.FromString(told[0].payload)
    assert (loaded.campaign_id, loaded.points, loaded.left) == (campaign_id, 100, 100)
    await house.assert_sound()


async def test_a_campaign_that_is_not_there_is_neither_loaded_nor_changed(house: PointsHouse) -> None:
    for call in (load_budget(house, new_id().bytes, 5), set_campaign(house, new_id())):
        with pytest.raises(CoalitionError) as unknown:
            await call
        assert code_of(unknown.value.reason) == "CAMPAIGN_UNKNOWN"
    assert await campaigns(house) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"multiplier_percent": 100}, "multiplier_percent"),
        ({"multiplier_percent": 10_001}, "multiplier_percent"),
        ({"fixed_points": -1}, "fixed_points"),
        ({"fixed_points": 10**9 + 1}, "fixed_points"),
        ({"min_amount_minor": -1}, "min_amount_minor"),
        ({"valid_from_us": 0}, "valid_from_us"),
        ({"valid_from_us": 9, "valid_to_us": 9}, "valid_to_us"),
        ({"funders": []}, "funders"),
        ({"funders": [Funder(percent=99)]}, "funders"),
        ({"funders": [Funder(percent=60), Funder(percent=40)]}, "funders"),
        ({"funders": [Funder(percent=101), Funder(partner_id=bytes(15) + b"1", percent=-1)]}, "funders"),
        ({"partner_ids": [b"1"]}, "partner_ids"),
    ],
)
async def test_terms_that_make_no_sense_are_named(
    house: PointsHouse, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(CoalitionError) as refused:
        await set_campaign(house, **changes)
    assert (code_of(refused.value.reason), refused.value.metadata["field"]) == ("INVALID_REQUEST", field)


async def test_so_many_campaigns_run_at_a_time_and_one_that_ended_makes_room(house: PointsHouse) -> None:
    for number in range(UNENDED_MAX):
        await set_campaign(house, name=f"campaign {number}")
    with pytest.raises(CoalitionError) as refused:
        await set_campaign(house)
    assert code_of(refused.value.reason) == "INVALID_REQUEST"
    page = await campaigns(house, limit=100)
    assert [each.no for each in page] == list(range(1, UNENDED_MAX + 1))
    first = page[0].campaign
    ended = terms(new_id(), name=first.name, valid_to_us=2)
    ended.campaign_id = first.campaign_id
    await house.as_staff(house.stub.SetCampaign, points_pb2.SetCampaignRequest(campaign=ended))
    await set_campaign(house)
    assert [each.no for each in await campaigns(house, after_no=UNENDED_MAX)] == [UNENDED_MAX + 1]


async def test_staff_for_prices_set_and_load_and_nobody_else(house: PointsHouse) -> None:
    for token in (house.staff_with("maker", "partners"), (await house.till()).principal):
        for call in (set_campaign(house, token=token), load_budget(house, new_id().bytes, 1, token=token)):
            with pytest.raises(CoalitionError) as denied:
                await call
            assert code_of(denied.value.reason) == "PERMISSION_DENIED"
