"""Linked items: both or neither, whatever makes one of them fail, and however often they are sent."""

from __future__ import annotations

from uuid import UUID

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse
from tests.support.points_wire import (
    capture,
    earn,
    hold,
    outcomes,
    reason,
    reasons,
    redemption,
    refund,
    reversal,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_sale_and_its_capture_are_posted_together(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 5_000)
    held = (await till.hold(member, 20)).transaction.transaction_id
    both = await till.post(earn(member, 1_000, linked=True), capture(held, 15))
    assert outcomes(both) == [pb.OUTCOME_ACCEPTED] * 2
    assert both[1].transaction.original_seq == both[0].transaction.seq
    assert (await till.balance(member)).available == 50 + 10 - 15
    await house.assert_sound()


async def test_what_was_paid_in_points_earns_none(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 100_000)
    tenders = [
        pb.Tender(kind="points", amount_minor=300), pb.Tender(kind="cash", amount_minor=500),
        pb.Tender(kind="points", amount_minor=200),
    ]  # fmt: skip
    sale, _ = await till.post(earn(member, 1_000, linked=True, tenders=tenders), redemption(member, 500))
    assert sale.transaction.points == 5
    assert reason(await till.earn(member, 499, tenders=tenders)) == "INVALID_REQUEST"
    purchases = await house.purchases()
    assert [purchase.sale.amount_minor for purchase in purchases] == [100_000, 1_000]


async def test_where_the_burn_fails_nothing_is_earned(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    held = (await till.hold(member, 4)).transaction.transaction_id
    chain = (
        earn(member, 1_000, linked=True, key="e", reference="s"), redemption(member, 50, key="b", reference="b"),
        earn(member, 700, key="alone"), earn(member, 1_000, linked=True, key="c1"), capture(held, 5, key="c2"),
    )  # fmt: skip
    results = await till.post(*chain)
    assert reasons(results) == [
        "LINKED_ITEM_FAILED", "INSUFFICIENT_POINTS", "", "LINKED_ITEM_FAILED", "HOLD_TOO_SMALL",
    ]  # fmt: skip
    assert dict(results[0].error.metadata) == {"item": "1", "code": "insufficient_points"}
    assert outcomes(results)[0] == pb.OUTCOME_REFUSED
    assert (await till.balance(member)).available == 10 + 7 - 4
    # Points come in; the answers stand all the same, and another key is another chance.
    await till.earn(member, 100_000)
    again = await till.post(*chain)
    assert reasons(again) == reasons(results)
    assert [result.replayed for result in again] == [True] * 5
    retried = await till.post(
        earn(member, 1_000, linked=True, key="e2", reference="s"), redemption(member, 50, reference="b")
    )
    assert reasons(retried) == ["", ""]
    await house.assert_sound()


async def test_where_the_earn_fails_nothing_is_burned(house: PointsHouse) -> None:
    till, unpriced, member = await house.till(), await house.till(), house.member()
    await house.set_rate(unpriced.partner_id, 1, 100, 4_000_000_000_000_000)
    await till.earn(member, 5_000)
    held = (await till.hold(member, 20)).transaction.transaction_id
    answers = await till.post(
        earn(member, 1_000, linked=True, currency="EUR"), capture(held),
        earn(member, 1_000, linked=True), capture(b"\1" * 16),
        earn(member, 1_000, linked=True, reference="x"), capture(held), earn(member, 100, reference="x"),
    )  # fmt: skip
    assert reasons(answers) == [
        "CURRENCY_UNSUPPORTED", "LINKED_ITEM_FAILED", "LINKED_ITEM_FAILED", "HOLD_UNKNOWN", "", "", "REFERENCE_REUSED",
    ]  # fmt: skip
    assert outcomes(answers)[1] == pb.OUTCOME_TURNED_AWAY
    assert (await till.balance(member)).available == 50 + 10 - 20
    await house.assert_sound()


async def test_a_chain_sent_again_is_answered_as_it_was(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 5_000)
    held = (await till.hold(member, 20)).transaction.transaction_id
    first = await till.post(
        earn(member, 1_000, linked=True, key="e", reference="s"), capture(held, 7, key="c")
    )
    by_key = await till.post(
        earn(member, 1_000, linked=True, key="e", reference="s"), capture(held, 7, key="c")
    )
    # The till has lost its key: the reference of the sale answers for all that is linked with it.
    by_reference = await till.post(
        earn(member, 1_000, linked=True, key="e2", reference="s"), capture(held, 7, key="c2"),
        earn(member, 1_000, linked=True, key="e3", reference="s"), capture(held, 7, key="c3"),
    )  # fmt: skip
    for again in (by_key, by_reference[:2], by_reference[2:]):
        assert [result.transaction for result in again] == [result.transaction for result in first]
        assert all(result.replayed for result in again)
    # With another burn it is another sale, and so it is without one.
    other = await till.post(
        earn(member, 1_000, linked=True, key="e4", reference="s"), capture(held, 8, key="c4"),
        earn(member, 1_000, key="e5", reference="s"),
        earn(member, 1_000, key="e"),
    )  # fmt: skip
    assert reasons(other)[1:] == ["REFERENCE_REUSED", "REFERENCE_REUSED", "IDEMPOTENCY_KEY_REUSED"]
    assert (await till.balance(member)).available == 50 + 10 - 7
    await house.assert_sound()


async def test_a_chain_twice_in_one_batch_is_posted_once(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 5_000)
    held = (await till.hold(member, 20)).transaction.transaction_id
    chain = (earn(member, 1_000, linked=True, key="e", reference="s"), capture(held, 7, key="c"))
    renamed = (earn(member, 1_000, linked=True, key="f", reference="s"), capture(held, 7, key="d"))
    results = await till.post(*chain, *chain, *renamed)
    assert [result.replayed for result in results] == [False, False, True, True, True, True]
    assert [result.transaction for result in results[2:4]] == [result.transaction for result in results[:2]]
    assert [result.transaction for result in results[4:]] == [result.transaction for result in results[:2]]
    await house.assert_sound()


async def test_pairs_that_cannot_be(house: PointsHouse) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    earned = (await till.earn(member, 5_000, reference="s")).transaction.transaction_id
    await till.earn(other, 5_000)
    stray = await house.till()
    for dangling in ([earn(member, 100, linked=True)], [earn(member, 100), earn(member, 100, linked=True)]):
        assert reasons(await till.post(*dangling))[-1] == "INVALID_REQUEST"
    answers = await till.post(
        earn(member, 100, linked=True), redemption(other, 1),
        earn(member, 100, linked=True), redemption(member, 1, linked=True), redemption(member, 1),
        earn(member, 100, linked=True), refund(earned),
        earn(member, 100, linked=True), hold(member, 1),
        hold(member, 1, linked=True), redemption(member, 1),
        earn(member, 100, linked=True), refund("s"),
        earn(member, 100), earn(member, 100, linked=True),
    )  # fmt: skip
    assert reasons(answers) == ["INVALID_REQUEST"] * 13 + ["", "INVALID_REQUEST"]
    # Whatever comes next in the ledger is nobody's partner.
    assert reason(await stray.earn(other, 100)) == ""
    assert (await till.balance(other)).available == 51
    assert (await till.balance(member)).available == 52
    await house.assert_sound()


async def test_one_turned_away_before_the_door_takes_the_other_with_it(house: PointsHouse) -> None:
    """Alone in its call, so that nothing else makes the ledger look at pairs."""
    till, member = await house.till(), house.member()
    await till.earn(member, 5_000)
    nobody = UUID(int=member.int + 1)
    pairs = (
        ((earn(member, 1_000, linked=True, currency="EUR"), redemption(member, 7)), "CURRENCY_UNSUPPORTED", 0),
        ((earn(member, 1_000, linked=True, lines=[pb.SaleLine(amount_minor=1)]), redemption(member, 7)), "AMOUNT_MISMATCH", 0),
        ((earn(member, 1_000, linked=True), capture(b"\1" * 16)), "HOLD_UNKNOWN", 1),
        ((earn(member, 1_000, linked=True), redemption(member, 0)), "INVALID_REQUEST", 1),
        ((earn(member, 1_000, linked=True), redemption(member, 1, store_id=nobody)), "STORE_UNKNOWN", 1),
        ((earn(nobody, 1_000, linked=True), redemption(nobody, 1)), "MEMBER_UNKNOWN", 0),
    )  # fmt: skip
    for pair, why, fallen in pairs:
        told = reasons(await till.post(*pair))
        assert told[fallen] == why
        assert told[1 - fallen] in ("LINKED_ITEM_FAILED", why)
    assert (await till.balance(member)).available == 50
    assert len(await house.journal()) == 1


async def test_a_burn_that_was_posted_before_pays_for_no_other_sale(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000)
    await till.post(redemption(member, 5, key="old", reference="old"))
    for burn in (redemption(member, 5, key="old", reference="old"), redemption(member, 5, reference="old")):
        told = reasons(await till.post(earn(member, 1_000, linked=True), burn))
        assert told[0] == "LINKED_ITEM_FAILED"
        assert told[1] in ("IDEMPOTENCY_KEY_REUSED", "REFERENCE_REUSED")
    assert (await till.balance(member)).available == 95
    await house.assert_sound()


async def test_a_further_key_of_a_burn_stands_for_it_for_ever(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000)
    sale = (
        earn(member, 1_000, linked=True, key="e", reference="s"),
        redemption(member, 5, key="c", reference="b"),
    )
    await till.post(*sale)
    again = await till.post(
        earn(member, 1_000, linked=True, key="e2", reference="s"),
        redemption(member, 5, key="c2", reference="b"),
    )
    assert reasons(again) == ["", ""]
    assert reason((await till.post(redemption(member, 9, key="c2")))[0]) == "IDEMPOTENCY_KEY_REUSED"
    undone = (await till.post(reversal("c2")))[0]
    assert (undone.transaction.refund.returned, undone.transaction.refund.clawed_back) == (5, 10)
    assert (await till.balance(member)).available == 100
    await house.assert_sound()


async def test_what_a_sale_earns_does_not_pay_for_it(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    told = await till.post(earn(member, 10_000, linked=True), redemption(member, 5))
    assert reasons(told) == ["LINKED_ITEM_FAILED", "INSUFFICIENT_POINTS"]
    assert told[1].error.metadata["available"] == "0"
    assert len(await house.journal()) == 0


async def test_what_ends_before_a_pair_is_refused_pays_what_is_owed(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    sold = await till.earn(member, 10_000)
    await till.hold(member, 80, seconds=5)
    await till.redeem(member, 20)
    returned = await till.refund(sold.transaction.transaction_id)
    assert returned.transaction.refund.owed == 100
    await house.move_clock((await house.head()).now_us + 5_000_000)
    both = await till.post(earn(member, 1_000, linked=True), redemption(member, 50))
    assert reasons(both) == ["LINKED_ITEM_FAILED", "INSUFFICIENT_POINTS"]
    assert both[1].error.metadata["available"] == "-20"
    last = (await house.journal())[-1]
    assert (last.transaction.kind, last.transaction.points) == (pb.MOVEMENT_KIND_REPAY, -80)
    await house.assert_sound()
