"""A wallet is given up for another: points, debts and the refunds of old sales go with it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import movement_pb2, points_pb2

from services.runtime import grpc_client
from services.runtime.ids import to_text
from tests.support.points import PointsHouse
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, reason, reasons, redemption, refund, reversal, void
from tests.support.wallet_wire import adjustment, merge, opening, transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000
_K = movement_pb2.MovementKind


async def _kinds(house: PointsHouse, last: int) -> list[str]:
    records = (await house.journal())[-last:]
    return [_K.Name(record.transaction.kind).removeprefix("MOVEMENT_KIND_").lower() for record in records]


async def test_all_points_go_on_as_they_are_and_the_old_wallet_keeps_its_history(house: PointsHouse) -> None:
    grocer, fuel = await house.till(), await house.till()
    old, new = house.member(), house.member()
    await grocer.earn(old, 1_000)
    await fuel.earn(old, 500)
    (merged,) = await house.post(merge(old, new, key="m"))
    assert (merged.transaction.points, merged.transaction.balance_after) == (-15, 0)
    assert await _kinds(house, 2) == ["merge", "receive"]
    given, received = (await house.journal())[-2:]
    assert [(lot.issuer_id, lot.points) for lot in received.lots_opened] == [
        (grocer.partner_id.bytes, 10), (fuel.partner_id.bytes, 5),
    ]  # fmt: skip
    assert received.transaction.original_seq == given.transaction.seq
    assert [(await grocer.balance(member)).available for member in (old, new)] == [0, 15]
    asked = points_pb2.ListTransactionsRequest(member_id=old.bytes)
    history = await house.as_staff(house.stub.ListTransactions, asked)
    assert [each.points for each in history.transactions] == [-15, 5, 10]
    events = (await house.events())[-2:]
    assert [event.type for event in events] == ["points.merged", "points.received"]
    assert told.PointsMerged.FromString(events[0].payload).into_member_id == new.bytes
    (again,) = await house.post(merge(old, new, key="m"))
    assert again.replayed
    await house.assert_sound()


async def test_an_empty_wallet_is_given_up_too(house: PointsHouse) -> None:
    (merged,) = await house.post(merge(house.member(), house.member()))
    assert merged.outcome == movement_pb2.OUTCOME_ACCEPTED
    assert await _kinds(house, 5) == ["merge"]
    await house.assert_sound()


async def test_afterwards_everything_for_the_old_one_is_refused_and_says_who_it_is_now(
    house: PointsHouse,
) -> None:
    till, old, new, third = await house.till(), house.member(), house.member(), house.member()
    await house.set_limits()
    await till.earn(third, 1_000)
    await house.post(merge(old, new))
    answers = await till.post(
        earn(old, 100), redemption(old, 1), hold(old, 1), transfer(old, third, 1), transfer(third, old, 1),
        earn(old, 100, linked=True), redemption(old, 1),
    )  # fmt: skip
    answers += await house.post(
        adjustment(old, 1), opening(old, 1), merge(old, third), merge(third, old), merge(new, old)
    )
    codes = reasons(answers)
    assert codes == ["MEMBER_MERGED"] * 6 + ["LINKED_ITEM_FAILED"] + ["MEMBER_MERGED"] * 5
    refused = [each for each in answers if reason(each) == "MEMBER_MERGED"]
    assert {each.error.metadata["member"] for each in refused} == {to_text("mem", new)}
    assert {each.outcome for each in refused} == {movement_pb2.OUTCOME_REFUSED}
    await house.assert_sound()


async def test_open_holds_keep_a_wallet_and_those_past_their_time_do_not(house: PointsHouse) -> None:
    till, old, new = await house.till(), house.member(), house.member()
    await till.earn(old, 1_000)
    answers = await till.post(hold(old, 2), hold(old, 3, seconds=60))
    (refused,) = await house.post(merge(old, new, key="first"))
    assert (reason(refused), dict(refused.error.metadata)) == ("HOLDS_OPEN", {"count": "2"})
    await house.move_clock(STARTS_AT_US + 120_000_000)
    (refused,) = await house.post(merge(old, new, key="second"))
    assert dict(refused.error.metadata) == {"count": "1"}
    await till.capture(answers[0].transaction.transaction_id, 1)
    (merged,) = await house.post(merge(old, new, key="third"))
    assert merged.transaction.points == -9
    assert reasons(await till.post(void(answers[0].transaction.transaction_id))) == ["HOLD_RESOLVED"]
    assert reasons(await till.post(capture(answers[1].transaction.transaction_id))) == ["HOLD_RESOLVED"]
    await house.assert_sound()


async def test_debts_go_to_the_new_one_who_pays_them_at_once_as_far_as_it_can(house: PointsHouse) -> None:
    grocer, fuel = await house.till(), await house.till()
    old, new = house.member(), house.member()
    await grocer.post(earn(old, 2_000, reference="g"), redemption(old, 20), refund("g", 1_500))
    await fuel.post(earn(old, 200, reference="f"))
    await fuel.post(refund("f"))
    assert (await grocer.balance(old)).owed == 15
    await grocer.earn(new, 700)
    await house.post(merge(old, new))
    assert await _kinds(house, 4) == ["merge", "assume", "assume", "repay"]
    assert (await grocer.balance(old)).owed == 0
    balance = await grocer.balance(new)
    assert (balance.available, balance.owed) == (-8, 8)
    first, second = (record for record in (await house.journal()) if record.transaction.kind == movement_pb2.MOVEMENT_KIND_ASSUME)  # fmt: skip
    assert [each.transaction.partner_id for each in (first, second)] == [
        grocer.partner_id.bytes,
        fuel.partner_id.bytes,
    ]
    repaid = (await house.journal())[-1]
    assert [(part.debt_seq, part.points) for part in repaid.debts_paid] == [(first.transaction.seq, 7)]
    event = told.PointsAssumed.FromString((await house.events())[-2].payload)
    assert (event.member_id, event.from_member_id, event.partner_id) == (
        new.bytes,
        old.bytes,
        fuel.partner_id.bytes,
    )
    await grocer.earn(new, 1_000)
    assert (await grocer.balance(new)).available == 2
    await house.assert_sound()


async def test_refunds_and_reversals_of_old_sales_reach_the_new_wallet_also_after_a_second_merge(
    house: PointsHouse,
) -> None:
    grocer, fuel = await house.till(), await house.till()
    old, new, newest = house.member(), house.member(), house.member()
    sold = await grocer.earn(old, 2_000, key="sale")
    burned = await fuel.redeem(old, 8)
    alone = await fuel.earn(old, 300, key="alone")
    await grocer.earn(new, 100)
    await house.post(merge(old, new))
    (part,) = await grocer.post(refund(sold.transaction.transaction_id, 500))
    assert (part.transaction.member_id, part.transaction.refund.clawed_back) == (new.bytes, 5)
    # From what had been the sale's own lot.
    own = next(
        record
        for record in await house.journal()
        if record.transaction.kind == movement_pb2.MOVEMENT_KIND_CLAWBACK
    )
    assert {use.issuer_id for use in own.lot_uses} == {grocer.partner_id.bytes}
    await house.post(merge(new, newest))
    (back,) = await fuel.post(refund(burned.transaction.transaction_id, points=3))
    assert (back.transaction.member_id, back.transaction.balance_after) == (newest.bytes, 14)
    returned = (await house.journal())[-2]
    assert [(lot.parent_lot_no, lot.points) for lot in returned.lots_opened] == [(1, 3)]
    assert not returned.lot_returns
    undone = await grocer.post(reversal("sale"))
    assert undone[0].transaction.refund.clawed_back == 14
    (other,) = await fuel.post(reversal("alone"))
    assert (other.transaction.member_id, other.transaction.refund.owed) == (newest.bytes, 3)
    assert other.transaction.original_id == alone.transaction.transaction_id
    await house.assert_sound()


async def test_points_of_an_old_burn_come_back_with_their_expiry_or_with_grace(house: PointsHouse) -> None:
    till, old, new = await house.till(), house.member(), house.member()
    await till.earn(old, 1_000)
    burned = await till.redeem(old, 8)
    await house.post(merge(old, new))
    expires_us = (await house.journal())[0].lots_opened[0].expires_at_us
    await till.refund(burned.transaction.transaction_id, points=2)
    later_us = expires_us + DAY_US
    await house.move_clock(later_us)
    await till.refund(burned.transaction.transaction_id, points=3, occurred_at_us=later_us)
    lots = [lot for record in await house.journal() for lot in record.lots_opened if lot.parent_lot_no == 1]
    assert [lot.points for lot in lots] == [2, 2, 3]
    assert [lot.expires_at_us for lot in lots[:2]] == [expires_us, expires_us]
    assert lots[2].expires_at_us > later_us
    assert (await till.balance(new)).available == 3
    await house.assert_sound()


async def test_a_closed_member_may_be_merged_into_another_but_takes_nothing(house: PointsHouse) -> None:
    till, closed, member = await house.till(), house.member(), house.member()
    house.neighbours.closed.add(closed.bytes)
    refused, merged = await house.post(merge(member, closed), merge(closed, member))
    assert (reason(refused), merged.outcome) == ("MEMBER_CLOSED", movement_pb2.OUTCOME_ACCEPTED)
    assert reasons(await till.post(earn(closed, 100))) == ["MEMBER_MERGED"]
    (same,) = await house.post(merge(member, member))
    assert (reason(same), same.error.metadata["field"]) == ("INVALID_REQUEST", "into_member")


async def test_it_takes_a_maker(house: PointsHouse) -> None:
    request = points_pb2.PostRequest(items=[merge(house.member(), house.member())])
    for token in (house.staff_with("admin", "checker", "service_desk"), (await house.till()).principal):
        answer = await grpc_client.call(house.stub.Post, request, token)
        assert reasons(answer.results) == ["PERMISSION_DENIED"]


async def test_a_merge_among_earns_burns_holds_and_refunds_loses_nothing(house: PointsHouse) -> None:
    """Whatever comes first: each is done for the old wallet or refused, and refunds find the one that has the points."""
    till = await house.till()
    for _ in range(4):
        old, new = house.member(), house.member()
        sold = await till.post(*(earn(old, 1_000) for _ in range(6)))
        answers = await asyncio.gather(
            *(till.post(earn(old, 100), redemption(old, 2)) for _ in range(4)),
            *(till.post(refund(each.transaction.transaction_id, 300)) for each in sold),
            house.post(merge(old, new)),
            *(till.post(earn(old, 100), redemption(new, 1)) for _ in range(4)),
            *(till.post(refund(each.transaction.transaction_id, 200)) for each in sold),
        )
        codes = {reason(each) for results in answers for each in results}
        assert codes <= {"", "MEMBER_MERGED", "INSUFFICIENT_POINTS"}
        refunds = [each for results in answers for each in results if each.transaction.HasField("refund")]
        assert len(refunds) == 12
        assert {UUID(bytes=each.transaction.member_id) for each in refunds} <= {old, new}
        assert (await till.balance(old)).available == 0
    await house.assert_sound()


async def test_a_refund_in_the_call_after_its_merge_reaches_the_new_wallet(house: PointsHouse) -> None:
    """What is asked before the merge is done finds the old wallet; the door sends it to look again."""
    till, old, new = await house.till(), house.member(), house.member()
    sold = await till.earn(old, 1_000)
    request = points_pb2.PostRequest(
        items=[merge(old, new, principal=0), refund(sold.transaction.transaction_id, principal=1)],
        principals=[house.staff, till.principal],
    )
    merged, refunded = (await grpc_client.call(house.stub.Post, request, house.staff)).results
    assert merged.outcome == refunded.outcome == movement_pb2.OUTCOME_ACCEPTED
    assert (refunded.transaction.member_id, refunded.transaction.refund.clawed_back) == (new.bytes, 10)
    await house.assert_sound()
