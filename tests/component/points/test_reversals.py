"""Reversals: undone by its key, whether or not it arrived."""

from __future__ import annotations

import asyncio

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse, RunningPoints, running_points
from tests.support.points_wire import (
    capture,
    earn,
    hold,
    outcomes,
    reason,
    reasons,
    redemption,
    reversal,
    void,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_arrived_is_undone(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000)
    held = await till.hold(member, 20, key="hold")
    await till.post(
        earn(member, 900, key="earn", reference="e"), redemption(member, 30, key="burn"),
        earn(member, 1_000, linked=True, key="sale", reference="s"), redemption(member, 11, key="with the sale"),
    )  # fmt: skip
    undone = await till.post(reversal("hold"), reversal("earn"), reversal("burn"), reversal("sale"))
    assert reasons(undone) == [""] * 4
    assert [result.transaction.kind for result in undone] == [
        pb.MOVEMENT_KIND_VOID, *[pb.MOVEMENT_KIND_REFUND] * 3,
    ]  # fmt: skip
    assert undone[0].transaction.hold_id == held.transaction.transaction_id
    assert [result.transaction.refund.returned for result in undone[1:]] == [0, 30, 11]
    assert [result.transaction.refund.clawed_back for result in undone[1:]] == [9, 0, 10]
    assert (await till.balance(member)).available == 100
    # Once: with the same key it is the same answer, with another there is nothing left.
    assert reasons(await till.post(reversal("earn"), reversal("hold"), reversal("with the sale"))) == [
        "NOTHING_TO_REVERSE", "HOLD_RESOLVED", "NOTHING_TO_REVERSE",
    ]  # fmt: skip
    # The original's answer stays what it was.
    again = await till.earn(member, 900, key="earn", reference="e")
    assert (again.replayed, again.transaction.points) == (True, 9)
    await house.assert_sound()


async def test_a_burn_of_a_sale_reverses_the_sale(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000)
    held = (await till.hold(member, 20)).transaction.transaction_id
    await till.post(earn(member, 1_000, linked=True, key="s"), capture(held, 15, key="c"))
    undone = (await till.post(reversal("c", by="r")))[0]
    assert (undone.transaction.refund.returned, undone.transaction.refund.clawed_back) == (15, 10)
    assert (await till.balance(member)).available == 100
    again = (await till.post(reversal("c", by="r")))[0]
    assert (again.replayed, again.transaction) == (True, undone.transaction)
    await house.assert_sound()


async def test_a_further_key_of_the_same_sale_reverses_it_too(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, key="a", reference="sale")
    assert (await till.earn(member, 1_000, key="b", reference="sale")).replayed
    undone = (await till.post(reversal("b", occurred_at_us=0)))[0]
    assert undone.transaction.refund.clawed_back == 10
    assert 0 <= undone.transaction.recorded_at_us - undone.transaction.occurred_at_us < 100
    assert reason((await till.post(reversal("a")))[0]) == "NOTHING_TO_REVERSE"
    await house.assert_sound()


async def test_what_is_left_of_a_refunded_sale_is_reversed(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, key="e", reference="sale")
    await till.refund("sale", 300)
    undone = (await till.post(reversal("e")))[0]
    assert (undone.transaction.refund.amount, undone.transaction.refund.clawed_back) == (700, 7)
    await house.assert_sound()


async def test_what_never_arrived_is_refused_when_it_does(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 10_000)
    held = (await till.hold(member, 20)).transaction.transaction_id
    nothing = await till.post(reversal("late", by="r1"), reversal("late sale", by="r2"))
    assert reasons(nothing) == ["NOTHING_TO_REVERSE"] * 2
    assert outcomes(nothing) == [pb.OUTCOME_REFUSED] * 2
    late = await till.post(
        redemption(member, 10, key="late"), earn(member, 500, key="late"),
        earn(member, 1_000, linked=True, key="late sale"), capture(held, key="its burn"),
    )  # fmt: skip
    assert reasons(late) == [
        "REVERSED_BEFORE_ARRIVAL", "REVERSED_BEFORE_ARRIVAL", "REVERSED_BEFORE_ARRIVAL", "LINKED_ITEM_FAILED",
    ]  # fmt: skip
    assert reasons(await till.post(reversal("late", by="r1"), reversal("late", by="r3"))) == [
        "NOTHING_TO_REVERSE", "NOTHING_TO_REVERSE",
    ]  # fmt: skip
    # A key is one partner's own.
    other = await house.till()
    assert reason(await other.earn(member, 100, key="late")) == ""
    assert reason(await till.capture(held)) == ""
    await house.assert_sound()


async def test_what_was_refused_or_cannot_be_undone(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, key="e")
    held = (await till.hold(member, 2)).transaction.transaction_id
    await till.post(
        redemption(member, 50, key="refused"),
        void(held, key="v"),
        earn(member, 5, key="free", reference="zero"),
    )
    answers = await till.post(
        reversal("refused"),
        reversal("v"),
        reversal(""),
        reversal("x", by="x"),
        reversal("free"),
        reversal("free"),
    )
    assert reasons(answers) == [
        "NOTHING_TO_REVERSE", "INVALID_REQUEST", "INVALID_REQUEST", "INVALID_REQUEST", "", "NOTHING_TO_REVERSE",
    ]  # fmt: skip
    assert reason(await till.redeem(member, 50, key="refused")) != ""
    blind = await till.post(earn(member, 100, linked=True), reversal("e"))
    assert reasons(blind) == ["INVALID_REQUEST"] * 2
    await house.assert_sound()


async def test_the_original_in_the_same_call_and_at_the_same_moment(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(
        earn(member, 1_000, key="k1"), reversal("k1"), earn(member, 200, key="k2"), reversal("k3"),
        earn(member, 300, key="k3"),
    )  # fmt: skip
    assert reasons(results) == ["", "", "", "NOTHING_TO_REVERSE", "REVERSED_BEFORE_ARRIVAL"]
    assert (await till.balance(member)).available == 2
    await house.assert_sound()


async def test_original_and_reversal_race_at_two_replicas(house: PointsHouse, running: RunningPoints) -> None:
    async with running_points(running.database, beside=running) as replica:
        till, member = await house.till(), house.member()
        there = till.at(house.at(replica))
        await till.earn(member, 100_000)
        pairs = await asyncio.gather(
            *(
                asyncio.gather(
                    till.post(redemption(member, 3, key=f"o{n}")), there.post(reversal(f"o{n}", by=f"r{n}"))
                )
                for n in range(40)
            )
        )
    ends = {(reason(original), reason(undone)) for (original,), (undone,) in pairs}
    assert ends <= {("", ""), ("REVERSED_BEFORE_ARRIVAL", "NOTHING_TO_REVERSE")}
    assert (await till.balance(member)).available == 1_000
    await house.assert_sound()


async def test_a_hold_of_a_call_that_was_reversed_is_free(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    results = await till.post(earn(member, 1_000), hold(member, 7, key="h"), reversal("h"), hold(member, 10))
    assert reasons(results) == ["", "", "", "INSUFFICIENT_POINTS"]
    assert reason((await till.post(hold(member, 10)))[0]) == ""
    await house.assert_sound()
