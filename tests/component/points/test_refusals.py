"""Members, stores, rates and times: who is asked of whom, and what one bad item does to its neighbours: nothing."""

from __future__ import annotations

import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, outcomes, reason, reasons, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED, TURNED_AWAY = pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED, pb.OUTCOME_TURNED_AWAY
DAY_US = 86_400_000_000


async def test_one_bad_item_fails_no_neighbour(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(
        earn(member, 500),
        earn(member, -1),
        pb.Item(key="nothing"),
        earn(new_id(), 500),
        earn(member, 500, store_id=new_id()),
        earn(member, 500, currency="EUR"),
        earn(member, 500, lines=[pb.SaleLine(sku="a\x00", amount_minor=500)]),
        redemption(member, 10**9),
        redemption(member, 2),
        earn(member, 300),
    )
    assert reasons(results) == [
        "",
        "INVALID_REQUEST",
        "INVALID_REQUEST",
        "MEMBER_UNKNOWN",
        "STORE_UNKNOWN",
        "CURRENCY_UNSUPPORTED",
        "INVALID_REQUEST",
        "INSUFFICIENT_POINTS",
        "",
        "",
    ]
    assert (await till.balance(member)).available == 6
    await house.assert_sound()


async def test_an_unknown_member_is_turned_away_and_taken_once_it_is_enrolled(house: PointsHouse) -> None:
    till, member = await house.till(), new_id()
    item = earn(member, 500)
    (before,) = await till.post(item)
    house.neighbours.members.add(member.bytes)
    (after,) = await till.post(item)
    assert (before.outcome, reason(before), after.outcome) == (TURNED_AWAY, "MEMBER_UNKNOWN", ACCEPTED)


async def test_members_seen_before_are_not_asked_for_again(running: RunningPoints) -> None:
    house = running.house()
    till, members = await house.till(), [house.member() for _ in range(3)]
    asked = house.neighbours.asked
    for _ in range(3):
        await till.post(*(earn(member, 500) for member in members))
    assert house.neighbours.asked == asked + 1


async def test_a_member_closed_before_it_was_first_seen_is_refused_and_the_refusal_stands(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    house.neighbours.closed.add(member.bytes)
    items = [earn(member, 500), redemption(member, 5)]
    first, again = await till.post(*items), await till.post(*items)
    assert outcomes(first) == outcomes(again) == [REFUSED, REFUSED]
    assert set(reasons(first)) == {"MEMBER_CLOSED"}
    assert [result.replayed for result in again] == [True, True]
    assert (await house.head()).last_seq == 0
    await house.assert_sound()


async def test_a_store_must_be_the_partners_own(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    store, others_store = new_id(), new_id()
    house.neighbours.stores[till.partner_id.bytes] = {store.bytes}
    house.neighbours.stores[other.partner_id.bytes] = {others_store.bytes}
    results = await till.post(
        earn(member, 500, store_id=store),
        earn(member, 500, store_id=others_store),
        redemption(member, 1, store_id=store),
        redemption(member, 1, store_id=others_store),
    )
    assert reasons(results) == ["", "STORE_UNKNOWN", "", "STORE_UNKNOWN"]


async def test_a_partner_that_the_registry_does_not_know_has_no_stores_and_fails_no_neighbour(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    house.neighbours.unknown_partners.add(till.partner_id.bytes)
    results = await till.post(earn(member, 500, store_id=new_id()), earn(member, 500))
    assert reasons(results) == ["STORE_UNKNOWN", ""]


async def test_an_earn_without_a_rate_then_is_turned_away_until_there_is_one(house: PointsHouse) -> None:
    till, member = Till(house), house.member()
    early, item = earn(member, 500, occurred_at_us=STARTS_AT_US - 1), earn(member, 500)
    first = await till.post(item, early)
    assert (outcomes(first), reasons(first)) == ([TURNED_AWAY] * 2, ["EARN_RATE_MISSING"] * 2)
    await house.set_rate(till.partner_id, 1, 100, STARTS_AT_US)
    again = await till.post(item, early)
    assert reasons(again) == ["", "EARN_RATE_MISSING"]
    assert not again[0].replayed


async def test_the_rate_of_the_tills_time_counts_rounded_down_once_a_purchase(house: PointsHouse) -> None:
    till, member = Till(house), house.member()
    now_us = (await house.head()).now_us
    await house.set_rate(till.partner_id, 1, 100, 1)
    await house.set_rate(till.partner_id, 7, 300, now_us - 10 * DAY_US)
    await house.set_rate(till.partner_id, 0, 1, now_us - 2 * DAY_US)
    points = {
        (days, amount): (
            await till.earn(member, amount, occurred_at_us=now_us - days * DAY_US)
        ).transaction.points
        for days in (20, 5, 1)
        for amount in (0, 42, 99, 100, 12_345)
    }
    assert points == {
        (days, amount): amount * rate // per
        for days, rate, per in ((20, 1, 100), (5, 7, 300), (1, 0, 1))
        for amount in (0, 42, 99, 100, 12_345)
    }
    await house.assert_sound()


async def test_setting_the_same_rate_again_changes_nothing_and_a_correction_of_one_start_wins(
    house: PointsHouse,
) -> None:
    till, member = Till(house), house.member()
    for points in (1, 1, 2):
        await house.set_rate(till.partner_id, points, 100, STARTS_AT_US)
    answer = await till.call("ListEarnRates", points_pb2.ListEarnRatesRequest())
    assert [(rate.points, rate.per_minor, rate.valid_from_us) for rate in answer.rates] == [
        (2, 100, STARTS_AT_US)
    ]
    assert (await till.earn(member, 500)).transaction.points == 10


@pytest.mark.parametrize(
    ("points", "per_minor", "valid_from_us", "field"),
    [
        (-1, 100, 1, "points"),
        (1_000_001, 100, 1, "points"),
        (1, 0, 1, "per_minor"),
        (1, 1_000_000_001, 1, "per_minor"),
        (1, 100, 0, "valid_from_us"),
        (1, 100, 2**62, "valid_from_us"),
    ],
)
async def test_a_rate_out_of_range_is_invalid(
    house: PointsHouse, points: int, per_minor: int, valid_from_us: int, field: str
) -> None:
    with pytest.raises(CoalitionError) as caught:
        await house.set_rate(new_id(), points, per_minor, valid_from_us)
    assert (caught.value.reason, caught.value.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, field)


async def test_a_partner_that_is_not_there_gets_no_rate(house: PointsHouse) -> None:
    partner = new_id()
    house.neighbours.unknown_partners.add(partner.bytes)
    with pytest.raises(CoalitionError) as caught:
        await house.set_rate(partner, 1, 100, 1)
    assert caught.value.reason == Reason.REASON_PARTNER_UNKNOWN


@pytest.mark.parametrize(
    ("offset_us", "expected"),
    [
        (290_000_000, ""),
        (310_000_000, "OCCURRED_IN_FUTURE"),
        (2**62, "OCCURRED_IN_FUTURE"),
        (-399 * DAY_US, ""),
        (-401 * DAY_US, "OCCURRED_TOO_LONG_AGO"),
    ],
)
async def test_the_tills_clock_may_be_five_minutes_ahead_and_four_hundred_days_behind(
    house: PointsHouse, offset_us: int, expected: str
) -> None:
    till, member = await house.till(), house.member()
    occurred_at_us = (await house.head()).now_us + offset_us
    results = await till.post(
        earn(member, 500, occurred_at_us=occurred_at_us), redemption(member, 1, occurred_at_us=occurred_at_us)
    )
    assert reasons(results) == [expected, expected]
    limits = {
        "OCCURRED_IN_FUTURE": ("tolerance_seconds", "300"),
        "OCCURRED_TOO_LONG_AGO": ("limit_days", "400"),
    }
    if expected:
        name, limit = limits[expected]
        assert results[0].error.metadata[name] == limit


@pytest.mark.parametrize("count", [0, 513])
async def test_a_call_has_1_to_512_items(house: PointsHouse, count: int) -> None:
    till, member = await house.till(), house.member()
    with pytest.raises(CoalitionError) as caught:
        await till.post(*(earn(member, 100) for _ in range(count)))
    assert (caught.value.reason, caught.value.metadata["items"]) == (
        Reason.REASON_INVALID_REQUEST,
        str(count),
    )


async def test_512_items_are_posted_together(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(*(earn(member, 100) for _ in range(512)))
    assert [result.transaction.seq for result in results] == list(range(1, 513))
    assert results[-1].transaction.balance_after == 512
    await house.assert_sound()


async def test_a_partner_cannot_issue_more_than_the_ledger_can_count(house: PointsHouse) -> None:
    """Counters are 64 bits wide: an overflow would fail every batch that touches the account."""
    till, other, member = await house.till(1_000_000, 1), await house.till(1, 1), house.member()
    results = await till.post(*(earn(member, 10**12) for _ in range(12)), earn(member, 5))
    assert reasons(results) == ["INVALID_REQUEST"] * 12 + [""]
    assert outcomes(results[:12]) == [TURNED_AWAY] * 12
    assert outcomes(await other.post(earn(member, 10**12), redemption(member, 10**9))) == [ACCEPTED] * 2
    await house.assert_sound()
