"""Points that a member gives another, within the limits that the operator sets."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, code_of
from services.runtime.ids import new_id
from tests.support.points import GRANTS, PointsHouse, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, hold, reason, reasons, redemption, refund
from tests.support.wallet_wire import transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


async def _with_points(house: PointsHouse, till: Till, points: int) -> UUID:
    member = house.member()
    await till.earn(member, points * 100)
    return member


async def test_two_postings_take_the_points_and_bring_them_with_all_they_were(house: PointsHouse) -> None:
    grocer, fuel = await house.till(), await house.till()
    await house.set_limits()
    giver, other = await _with_points(house, grocer, 10), house.member()
    await fuel.earn(giver, 700)
    (answer,) = await fuel.post(transfer(giver, other, 12, reference="gift"))
    assert answer.transaction.kind == movement_pb2.MOVEMENT_KIND_TRANSFER
    assert (answer.transaction.points, answer.transaction.balance_after) == (-12, 5)
    given, received = (await house.journal())[-2:]
    assert received.transaction.original_id == given.transaction.transaction_id
    assert (received.transaction.points, received.transaction.balance_after) == (12, 12)
    assert received.transaction.partner_id == fuel.partner_id.bytes
    assert [(use.issuer_id, use.points) for use in given.lot_uses] == [
        (grocer.partner_id.bytes, 10), (fuel.partner_id.bytes, 2),
    ]  # fmt: skip
    earned = {record.transaction.seq: record.lots_opened[0] for record in (await house.journal())[:2]}
    assert [
        (lot.issuer_id, lot.earned_at_us, lot.expires_at_us, lot.parent_lot_no, lot.points)
        for lot in received.lots_opened
    ] == [
        (lot.issuer_id, lot.earned_at_us, lot.expires_at_us, lot.lot_no, points)
        for lot, points in zip(earned.values(), (10, 2), strict=True)
    ]
    assert [lot.earned_seq for lot in received.lots_opened] == list(earned)
    assert [entry.account_kind for record in (given, received) for entry in record.entries] == [
        "wallet", "transit", "transit", "wallet",
    ]  # fmt: skip
    events = (await house.events())[-2:]
    assert [event.type for event in events] == ["points.transferred", "points.received"]
    payload = told.PointsReceived.FromString(events[1].payload)
    assert (payload.member_id, payload.from_member_id) == (other.bytes, giver.bytes)
    (again,) = await fuel.post(transfer(giver, other, 12, reference="gift"))
    assert again.replayed
    assert again.transaction == answer.transaction
    (differs,) = await fuel.post(transfer(giver, other, 11, reference="gift"))
    assert (reason(differs), differs.error.metadata["fields"]) == ("REFERENCE_REUSED", "points")
    await house.assert_sound()


async def test_nobody_gives_anything_until_the_operator_sets_limits(house: PointsHouse) -> None:
    till = await house.till()
    giver, other = await _with_points(house, till, 10), house.member()
    (refused,) = await till.post(transfer(giver, other, 1))
    assert reason(refused) == "TRANSFER_LIMIT"
    assert dict(refused.error.metadata) == {"limit": "0", "left": "0"}


async def test_a_giver_has_a_limit_at_once_and_one_for_a_day_of_the_programmes_zone(
    house: PointsHouse,
) -> None:
    till = await house.till()
    await house.set_limits(transfer=40, transfer_a_day=100)
    giver, other, third = await _with_points(house, till, 1_000), house.member(), house.member()
    await house.move_clock(STARTS_AT_US + 3 * DAY_US + 23 * HOUR_US)
    answers = await till.post(
        transfer(giver, other, 41), transfer(giver, other, 40), transfer(giver, third, 40), transfer(giver, other, 21),
        transfer(giver, other, 20), transfer(giver, third, 1), transfer(other, third, 40),
    )  # fmt: skip
    assert reasons(answers) == ["TRANSFER_LIMIT", "", "", "TRANSFER_LIMIT", "", "TRANSFER_LIMIT", ""]
    assert [dict(answers[place].error.metadata) for place in (0, 3, 5)] == [
        {"limit": "40", "left": "40"}, {"limit": "100", "left": "20"}, {"limit": "100", "left": "0"},
    ]  # fmt: skip
    # Also of what was posted in batches before; and the till's clock does not count.
    (late,) = await till.post(transfer(giver, third, 1, occurred_at_us=STARTS_AT_US))
    assert reason(late) == "TRANSFER_LIMIT"
    # An hour later it is another day in New York.
    await house.move_clock(STARTS_AT_US + 4 * DAY_US + 60_000_000)
    (next_day,) = await till.post(transfer(giver, third, 40))
    assert next_day.outcome == movement_pb2.OUTCOME_ACCEPTED
    await house.assert_sound()


async def test_transfers_at_once_never_exceed_the_day(house: PointsHouse) -> None:
    till = await house.till()
    await house.set_limits(transfer=10, transfer_a_day=100)
    giver, others = await _with_points(house, till, 1_000), [house.member() for _ in range(5)]
    answers = await asyncio.gather(
        *(till.post(transfer(giver, others[number % 5], 9)) for number in range(30))
    )
    assert sorted(reasons(each for (each,) in answers)) == [""] * 11 + ["TRANSFER_LIMIT"] * 19
    await house.assert_sound()


async def test_only_what_is_free_is_given_and_what_is_owed_is_paid_of_it_first(house: PointsHouse) -> None:
    till = await house.till()
    await house.set_limits()
    giver, owing = await _with_points(house, till, 10), house.member()
    await till.post(
        earn(owing, 2_000, reference="back"), redemption(owing, 15), refund("back"), hold(giver, 4)
    )
    (much,) = await till.post(transfer(giver, owing, 7))
    assert reason(much) == "INSUFFICIENT_POINTS"
    assert dict(much.error.metadata) == {"available": "6", "required": "7"}
    (given,) = await till.post(transfer(giver, owing, 6))
    assert given.outcome == movement_pb2.OUTCOME_ACCEPTED
    kinds = [record.transaction.kind for record in (await house.journal())[-3:]]
    assert kinds == [
        movement_pb2.MOVEMENT_KIND_TRANSFER, movement_pb2.MOVEMENT_KIND_RECEIVE, movement_pb2.MOVEMENT_KIND_REPAY,
    ]  # fmt: skip
    balance = await till.balance(owing)
    assert (balance.available, balance.owed) == (-9, 9)
    await house.assert_sound()


async def test_what_is_over_in_both_wallets_ends_first_and_what_is_given_lapses_when_it_would_have(
    house: PointsHouse,
) -> None:
    till = await house.till()
    await house.set_limits()
    giver, other = await _with_points(house, till, 10), await _with_points(house, till, 20)
    later_us = STARTS_AT_US + 700 * DAY_US
    await house.move_clock(later_us)
    await till.post(
        earn(giver, 500, occurred_at_us=later_us), transfer(giver, other, 4, occurred_at_us=later_us)
    )
    assert (await till.balance(other)).available == 24
    after_us = STARTS_AT_US + 770 * DAY_US
    await house.move_clock(after_us)
    (given,) = await till.post(transfer(giver, other, 5, occurred_at_us=after_us))
    assert given.outcome == movement_pb2.OUTCOME_ACCEPTED
    assert [record.transaction.kind for record in (await house.journal())[-4:]] == [
        movement_pb2.MOVEMENT_KIND_EXPIRE, movement_pb2.MOVEMENT_KIND_EXPIRE, movement_pb2.MOVEMENT_KIND_TRANSFER,
        movement_pb2.MOVEMENT_KIND_RECEIVE,
    ]  # fmt: skip
    assert (await till.balance(other)).available == 5
    await house.assert_sound()


async def test_points_travel_on_within_a_call_and_come_back_with_their_earn(house: PointsHouse) -> None:
    till = await house.till()
    await house.set_limits()
    first, second, third = await _with_points(house, till, 10), house.member(), house.member()
    answers = await till.post(
        transfer(first, second, 10),
        transfer(second, third, 10),
        transfer(third, first, 10),
        redemption(third, 1),
    )
    assert reasons(answers) == ["", "", "", "INSUFFICIENT_POINTS"]
    sold = (await house.journal())[0].transaction
    (back,) = await till.post(refund(sold.transaction_id))
    # Of the earn's own lot, which is the fourth by now.
    assert (back.transaction.refund.clawed_back, back.transaction.refund.owed) == (10, 0)
    await house.assert_sound()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"points": 0}, "points"), ({"occurred_at_us": 0}, "occurred_at"), ({"reference": ""}, "reference")],
)
async def test_what_cannot_be_read_says_which_field(
    house: PointsHouse, changes: dict[str, Any], field: str
) -> None:
    till, points = await house.till(), changes.pop("points", 5)
    (answer,) = await till.post(transfer(house.member(), house.member(), points, **changes))
    assert (reason(answer), answer.error.metadata["field"]) == ("INVALID_REQUEST", field)


async def test_both_must_be_members_and_another_than_oneself(house: PointsHouse) -> None:
    till = await house.till()
    await house.set_limits()
    giver, closed = await _with_points(house, till, 10), house.member()
    house.neighbours.closed.add(closed.bytes)
    answers = await till.post(
        transfer(giver, giver, 1),
        transfer(giver, new_id(), 1),
        transfer(new_id(), giver, 1),
        transfer(giver, closed, 1),
    )
    assert reasons(answers) == ["INVALID_REQUEST", "MEMBER_UNKNOWN", "MEMBER_UNKNOWN", "MEMBER_CLOSED"]
    assert answers[0].error.metadata["field"] == "to_member"


async def test_it_takes_a_grant_of_its_own_and_the_limits_are_pricings_to_set(house: PointsHouse) -> None:
    till = await house.till()
    till.grants = [grant for grant in GRANTS if grant != "points:transfer"]
    giver = await _with_points(house, till, 10)
    (answer,) = await till.post(transfer(giver, house.member(), 1))
    assert (reason(answer), answer.error.metadata["needed"]) == ("PERMISSION_DENIED", "points:transfer")
    assert reasons(await house.post(transfer(giver, house.member(), 1))) == ["PERMISSION_DENIED"]
    request = points_pb2.SetTransferLimitsRequest(points=1, points_a_day=1)
    for token in (house.staff_with("admin", "maker", "checker"), till.principal):
        with pytest.raises(CoalitionError) as caught:
            await grpc_client.call(house.stub.SetTransferLimits, request, token)
        assert code_of(caught.value.reason) == "PERMISSION_DENIED"


async def test_a_transfer_is_not_reversed_and_not_linked(house: PointsHouse) -> None:
    till = await house.till()
    await house.set_limits()
    giver, other = await _with_points(house, till, 10), house.member()
    await till.post(transfer(giver, other, 1, key="given"))
    reversal = movement_pb2.Item(key="undo", reversal=movement_pb2.Reversal(key="given"))
    assert reasons(await till.post(reversal)) == ["INVALID_REQUEST"]
    answers = await till.post(transfer(giver, other, 1, linked=True), redemption(giver, 1))
    assert reasons(answers) == ["INVALID_REQUEST", "INVALID_REQUEST"]
