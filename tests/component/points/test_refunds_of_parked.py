"""Refunds that wait for a sale that is parked: decided with it, or refused along with it, and never of another sale."""

from __future__ import annotations

import asyncio

import pytest
from coalition.points.v1 import movement_pb2 as pb

from tests.support.points import PointsHouse
from tests.support.points_database import as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, outcomes, reason, reasons, redemption, refund, reversal

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED, WAITING, PARKED = (
    pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED, pb.OUTCOME_WAITING, pb.OUTCOME_PARKED,
)  # fmt: skip


async def test_a_sale_that_is_reversed_takes_its_refunds_along_and_no_other_sale_is_refunded(
    house: PointsHouse,
) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    (parked,) = await till.post(earn(member, 700, key="k", reference="sale"))
    by_id = refund(parked.transaction.transaction_id, 300, reference="back 1", key="r")
    waiting = [*(await till.post(by_id)), await till.refund("sale", 200, reference="back 2", key="s")]
    assert outcomes(waiting) == [WAITING] * 2
    assert reasons(await till.post(reversal("k"))) == ["NOTHING_TO_REVERSE"]
    (ended,) = await till.post(by_id)
    assert (ended.outcome, ended.replayed, reason(ended)) == (REFUSED, True, "ORIGINAL_UNKNOWN")
    await house.assert_sound()

    await house.set_floor(till.partner_id, None, 1)
    (sold,) = await till.post(earn(other, 1_000, key="k9", reference="sale"))
    assert sold.outcome == ACCEPTED
    assert (await till.balance(other)).available == 10
    again = await till.refund("sale", 200, reference="back 2", key="s")
    assert (again.outcome, again.replayed, reason(again)) == (REFUSED, True, "ORIGINAL_UNKNOWN")
    # By what had parked its sale nothing is refunded any more, and the key of the first answers with what it was told.
    named = refund(parked.transaction.transaction_id, 300, reference="back 3", key="t")
    other_content = refund(parked.transaction.transaction_id, 301, reference="back 1", key="r")
    late = await till.post(by_id, named, other_content)
    assert reasons(late) == ["ORIGINAL_UNKNOWN", "ORIGINAL_UNKNOWN", "IDEMPOTENCY_KEY_REUSED"]
    assert [result.outcome for result in late] == [REFUSED, pb.OUTCOME_TURNED_AWAY, pb.OUTCOME_TURNED_AWAY]
    assert (await till.balance(other)).available == 10
    await house.assert_sound()


@pytest.mark.parametrize("key", ["sale", "burn"])
async def test_a_pair_that_is_reversed_takes_them_along(house: PointsHouse, key: str) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 2_000)
    await house.set_floor(till.partner_id, -20, parks=True)
    pair = (earn(member, 600, linked=True, key="sale", reference="s"), redemption(member, 5, key="burn"))
    assert outcomes(await till.post(*pair)) == [PARKED, ACCEPTED]
    assert (await till.refund("s", 300, key="r")).outcome == WAITING
    assert outcomes(await till.post(reversal(key))) == [ACCEPTED]
    await house.set_floor(till.partner_id, None, 1)
    anew = (earn(member, 600, linked=True, reference="s"), redemption(member, 5))
    assert outcomes(await till.post(*anew)) == [ACCEPTED] * 2
    assert (await till.balance(member)).available == 20 - 5 + 6
    await house.assert_sound()


async def test_a_member_who_was_closed_takes_them_along(house: PointsHouse) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    await till.post(earn(member, 700, reference="sale"))
    assert (await till.refund("sale", 300, reference="back", key="r")).outcome == WAITING
    async with as_superuser(house.database) as connection:
        await connection.execute(
            "INSERT INTO closed_member VALUES ($1, $2, now())", house.programme.ledger_id, member
        )
    assert await house.unpark() == 1
    await house.set_floor(till.partner_id, None, 1)
    assert (await till.earn(other, 1_000, reference="sale")).outcome == ACCEPTED
    assert (await till.balance(other)).available == 10
    await house.assert_sound()


async def test_they_wait_as_long_as_it_is_parked_whoever_asks_meanwhile(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    (parked,) = await till.post(earn(member, 700, key="k", reference="sale"))
    by_id = refund(parked.transaction.transaction_id, 300, reference="back", key="r")
    await till.post(by_id)
    await house.move_clock(STARTS_AT_US + 500 * 86_400_000_000)
    (again,) = await till.post(by_id)
    assert (again.outcome, again.replayed) == (WAITING, True)
    await house.set_floor(till.partner_id, None, 1)
    assert await house.unpark() == 1
    (posted,) = await till.post(by_id)
    assert (posted.outcome, posted.transaction.refund.clawed_back) == (ACCEPTED, 3)
    await house.assert_sound()


async def test_a_refund_that_comes_at_the_moment_of_the_reversal_does_not_wait_for_another_sale(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    (parked,) = await till.post(earn(member, 700, key="k", reference="sale"))
    # (Looked for while the sale was parked, decided after the reversal.)
    results = await till.post(
        reversal("k"), refund(parked.transaction.transaction_id, 300, reference="back", key="r")
    )
    assert reasons(results) == ["NOTHING_TO_REVERSE", "ORIGINAL_UNKNOWN"]
    await house.set_floor(till.partner_id, None, 1)
    assert (await till.earn(member, 1_000, reference="sale")).outcome == ACCEPTED
    assert (await till.balance(member)).available == 10
    await house.assert_sound()


async def test_a_refund_that_comes_as_its_sale_is_posted_is_of_that(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await house.set_floor(till.partner_id, 0, parks=True)
    (parked,) = await till.post(earn(member, 700, key="k", reference="sale"))
    await house.set_floor(till.partner_id, None, 1)
    by_id = refund(parked.transaction.transaction_id, 300, reference="back", key="r")
    (result,), posted = await asyncio.gather(till.post(by_id), house.unpark())
    assert posted == 1
    assert result.outcome in (ACCEPTED, WAITING)
    assert outcomes(await till.post(by_id)) == [ACCEPTED]
    assert (await till.balance(member)).available == 4
    await house.assert_sound()
