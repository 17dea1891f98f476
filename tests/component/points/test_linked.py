"""Linked items: both or neither, whatever makes one of them fail, and however often they are sent."""

from __future__ import annotations

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse
from tests.support.points_wire import capture, earn, hold, outcomes, reason, reasons, redemption, refund, void

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


async def test_chains_that_cannot_be(house: PointsHouse) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    earned = (await till.earn(member, 5_000, reference="s")).transaction.transaction_id
    dangling = await till.post(earn(member, 100), earn(member, 100, linked=True))
    assert reasons(dangling) == ["", "INVALID_REQUEST"]
    answers = await till.post(
        earn(member, 100, linked=True), redemption(other, 1),
        earn(member, 100, linked=True), redemption(member, 1, linked=True), redemption(member, 1),
        earn(member, 100, linked=True), refund(earned),
        *(earn(member, 100, linked=place < 8) for place in range(9)),
        earn(member, 100),
    )  # fmt: skip
    assert reasons(answers) == ["INVALID_REQUEST"] * 16 + [""]
    await house.assert_sound()


async def test_a_fallen_chain_undoes_what_it_freed_and_paid(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, reference="sale")
    held = (await till.hold(member, 10)).transaction.transaction_id
    await till.refund("sale")
    assert (await till.balance(member)).owed == 10
    # The void frees what pays the debt, and the redemption finds nothing left: so neither happened.
    fallen = await till.post(
        void(held, linked=True, key="v"), redemption(member, 1, key="r"), earn(member, 300)
    )
    assert reasons(fallen) == ["LINKED_ITEM_FAILED", "INSUFFICIENT_POINTS", ""]
    balance = await till.balance(member)
    assert (balance.available, balance.owed) == (-7, 7)
    assert reason(await till.capture(held, 10)) == ""
    await house.assert_sound()
    await till.post(earn(member, 10_000, linked=True), hold(member, 5))
    assert (await till.balance(member)).owed == 0
    await house.assert_sound()
