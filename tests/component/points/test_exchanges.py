"""Exchanges: a refund and the earn that is taken for its goods, both or neither."""

from __future__ import annotations

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse
from tests.support.points_wire import earn, outcomes, reason, reasons, redemption, refund, reversal
from tests.support.quote_wire import exchange_of, figures, quote

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ACCEPTED = [pb.OUTCOME_ACCEPTED] * 2


async def test_what_is_taken_instead_is_of_the_member_whose_sale_it_was(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    sold = (await till.earn(member, 10_000, reference="first")).transaction
    pair = exchange_of(refund("first", 4_000, key="back"), earn(member, 6_000, key="new"))
    pair[1].earn.ClearField("member_id")
    told = await quote(till, *pair)
    posted = await till.post(*pair)
    assert outcomes(posted) == _ACCEPTED
    assert [figures(each) for each in (told.refund, told.earn)] == [figures(each) for each in posted]
    back, new = posted[0].transaction, posted[1].transaction
    assert (back.refund.clawed_back, back.original_id) == (40, sold.transaction_id)
    assert (new.member_id, new.points, new.balance_after) == (member.bytes, 60, 120)
    assert new.seq > back.seq
    await house.assert_sound()


async def test_the_same_exchange_again_is_answered_with_the_first_one(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000, reference="first")
    pair = exchange_of(
        refund("first", 4_000, key="back", reference="b"), earn(member, 6_000, key="new", reference="n")
    )
    first = await till.post(*pair)
    again = await till.post(*pair)
    assert [each.replayed for each in again] == [True, True]
    assert [each.transaction for each in again] == [each.transaction for each in first]
    # Under other keys it is found by its references; and then by those keys too.
    for _ in range(2):
        pair[0].key, pair[1].key = "back again", "new again"
        by_reference = await till.post(*pair)
        assert [each.transaction for each in by_reference] == [each.transaction for each in first]
    # Neither of them is found without the other, or with another.
    alone = refund("first", 4_000, reference="b")
    assert reason((await till.post(alone))[0]) == "REFERENCE_REUSED"
    assert reason((await till.post(earn(member, 6_000, reference="n")))[0]) == "REFERENCE_REUSED"
    other = exchange_of(refund("first", 4_000, reference="b"), earn(member, 6_000, reference="m"))
    assert reasons(await till.post(*other)) == ["REFERENCE_REUSED", "LINKED_ITEM_FAILED"]
    other = exchange_of(refund("first", 4_000, key="back"), earn(member, 6_000, key="new"))
    assert reasons(await till.post(*other)) == ["IDEMPOTENCY_KEY_REUSED", "LINKED_ITEM_FAILED"]
    assert (await till.balance(member)).available == 120
    await house.assert_sound()


async def test_where_one_cannot_be_neither_is(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000, reference="first")
    late = await house.till()
    too_much = exchange_of(refund("first", 10_001), earn(member, 6_000))
    for _ in range(2):
        answers = await till.post(*too_much)
        assert reasons(answers) == ["REFUND_TOO_LARGE", "LINKED_ITEM_FAILED"]
        assert outcomes(answers) == [pb.OUTCOME_REFUSED] * 2
    unknown = exchange_of(refund("never sold", 100), earn(member, 6_000))
    assert reasons(await till.post(*unknown)) == ["ORIGINAL_UNKNOWN", "LINKED_ITEM_FAILED"]
    foreign = exchange_of(refund("first", 100), earn(member, 6_000))
    assert reasons(await late.post(*foreign)) == ["ORIGINAL_UNKNOWN", "LINKED_ITEM_FAILED"]
    somebody = exchange_of(refund("first", 100), earn(house.member(), 6_000))
    assert reasons(await till.post(*somebody)) == ["INVALID_REQUEST"] * 2
    early = exchange_of(refund("first", 100), earn(member, 6_000, occurred_at_us=2**52))
    assert reasons(await till.post(*early)) == ["LINKED_ITEM_FAILED", "OCCURRED_IN_FUTURE"]
    assert (await till.balance(member)).available == 100
    assert len(await house.journal()) == 1
    await house.assert_sound()


async def test_items_that_are_no_exchange_are_turned_away(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000, reference="first")
    stray = earn(member, 100)
    stray.earn.in_exchange = True
    plain = refund("first", 100)
    linked = refund("first", 100)
    linked.linked = True
    giving, taking = exchange_of(refund("first", 100), earn(member, 100, linked=True))
    answers = await till.post(
        stray, plain, stray, linked, earn(member, 100), giving, taking, redemption(member, 1)
    )
    assert reasons(answers) == [
        "INVALID_REQUEST", "", "INVALID_REQUEST", "INVALID_REQUEST", "INVALID_REQUEST",
        "INVALID_REQUEST", "INVALID_REQUEST", "LINKED_ITEM_FAILED",
    ]  # fmt: skip
    await house.assert_sound()


async def test_a_reversal_is_no_refund_that_something_is_taken_for(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000, key="sale", reference="first")
    undone, taken = reversal("sale", by="undo"), earn(member, 6_000, key="new")
    undone.linked = taken.earn.in_exchange = True
    assert reasons(await till.post(undone, taken)) == ["INVALID_REQUEST"] * 2
    assert (await till.balance(member)).available == 100
    await house.assert_sound()


async def test_what_comes_back_makes_room_below_the_credit_limit(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000, reference="first")
    await house.set_floor(till.partner_id, -110)
    fits = exchange_of(refund("first", 4_000), earn(member, 5_000))
    told = await quote(till, *fits)
    posted = await till.post(*fits)
    assert outcomes(posted) == _ACCEPTED
    assert told.earn.transaction.points == posted[1].transaction.points == 50
    beyond = exchange_of(refund("first", 1_000), earn(member, 1_100))
    assert reasons(await till.post(*beyond)) == ["LINKED_ITEM_FAILED", "CREDIT_LIMIT"]
    await house.set_floor(till.partner_id, -110, (await house.head()).last_seq, parks=True)
    parked = await till.post(*exchange_of(refund("first", 1_000), earn(member, 1_100, key="parked")))
    assert outcomes(parked) == [pb.OUTCOME_ACCEPTED, pb.OUTCOME_PARKED]
    await house.set_floor(till.partner_id, None, (await house.head()).last_seq)
    assert await house.unpark() == 1
    await house.assert_sound()


async def test_what_comes_back_by_chance_makes_room_too(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_refund_rule(till.partner_id, "WITHIN_BALANCE")
    await till.earn(member, 10_000, reference="first")
    await house.set_floor(till.partner_id, -100, (await house.head()).last_seq, parks=True)
    # Nothing is certain to come back, since what the wallet lacks is written off; but it has them.
    pair = exchange_of(refund("first", 4_000), earn(member, 4_000, key="new"))
    assert outcomes(await till.post(*pair)) == _ACCEPTED
    beyond = exchange_of(refund("first", 1_000), earn(member, 1_100, key="more"))
    assert outcomes(await till.post(*beyond)) == [pb.OUTCOME_ACCEPTED, pb.OUTCOME_PARKED]
    await house.assert_sound()


async def test_an_exchange_that_was_reversed_before_it_arrived_never_does(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000, reference="first")
    await till.post(reversal("back"))
    pair = exchange_of(refund("first", 4_000, key="back"), earn(member, 6_000, key="new"))
    for _ in range(2):
        assert reasons(await till.post(*pair)) == ["REVERSED_BEFORE_ARRIVAL", "LINKED_ITEM_FAILED"]
    assert (await till.balance(member)).available == 100
    await house.assert_sound()


@pytest.mark.parametrize("shortfall", ["ALLOW_NEGATIVE", "WITHIN_BALANCE", "PENDING_ONLY"])
async def test_an_exchange_comes_to_what_a_refund_and_then_a_sale_would(
    house: PointsHouse, shortfall: str
) -> None:
    ends: list[list[pb.Result]] = []
    for at_once in (True, False):
        till, other, member = await house.till(), await house.till(), house.member()
        await house.set_refund_rule(till.partner_id, shortfall)
        await till.earn(member, 10_000, reference="first")
        await other.redeem(member, 70)
        pair = exchange_of(refund("first", 9_000), earn(member, 3_000))
        if not at_once:
            pair[0].linked = pair[1].earn.in_exchange = False
            posted = [(await till.post(item))[0] for item in pair]
        else:
            posted = await till.post(*pair)
        ends.append([figures(each) for each in posted])
        for each in ends[-1]:
            each.transaction.ClearField("member_id")
            each.transaction.ClearField("partner_id")
    assert ends[0] == ends[1]
    await house.assert_sound()
