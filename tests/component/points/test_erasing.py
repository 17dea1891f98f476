"""A member's words are erased; what was posted stays, and so does what its references and keys were taken for."""

from __future__ import annotations

from typing import Any

import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from services.runtime.errors import InvalidRequest
from tests.support.points import PointsHouse
from tests.support.points_database import as_superuser
from tests.support.points_wire import earn, outcomes, reasons, redemption, refund, reversal
from tests.support.wallet_wire import adjustment

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED, REFUSED, TURNED_AWAY = pb.OUTCOME_ACCEPTED, pb.OUTCOME_REFUSED, pb.OUTCOME_TURNED_AWAY


async def _erase(house: PointsHouse, member: bytes) -> int:
    request = points_pb2.EraseWordsRequest(member_id=member)
    answer: points_pb2.EraseWordsResponse = await house.as_staff(house.stub.EraseWords, request)
    return answer.postings


def _sale(member: object, **changes: object) -> pb.Item:
    lines = [pb.SaleLine(sku="pregnancy test", category="HEALTH", quantity="1", amount_minor=1_000)]
    tenders = [pb.Tender(kind="card", amount_minor=1_000)]
    return earn(member, 1_000, reference="R-1", lines=lines, tenders=tenders, **changes)  # pyright: ignore[reportArgumentType]


async def test_the_words_of_a_member_are_erased_and_nobody_elses(house: PointsHouse) -> None:
    till, member, other = await house.till(), house.member(), house.member()
    await till.post(_sale(member), redemption(member, 4), earn(other, 500, reference="R-2"))
    assert await _erase(house, member.bytes) == 2
    journal = [record.transaction for record in await house.journal()]
    assert [each.reference for each in journal] == ["", "", "R-2"]
    assert [each.points for each in journal] == [10, -4, 5]
    first, second = await house.purchases()
    assert (list(first.sale.lines), list(first.sale.tenders), first.sale.receipt.number) == ([], [], "")
    assert (first.sale.amount_minor, first.points, second.sale.receipt.number) == (1_000, 10, "17")
    assert await _erase(house, member.bytes) == 0
    await house.assert_sound()


async def test_what_was_asked_before_gets_its_first_answer_after_its_words_were_erased(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    (first,) = await till.post(_sale(member, key="k1"))
    await _erase(house, member.bytes)
    again = await till.post(_sale(member, key="k1"), _sale(member, key="k2"))
    assert outcomes(again) == [ACCEPTED, ACCEPTED]
    assert [each.replayed for each in again] == [True, True]
    assert {each.transaction.transaction_id for each in again} == {first.transaction.transaction_id}
    assert (await house.head()).last_seq == 1
    await house.assert_sound()


async def test_a_reference_stays_taken_after_it_was_erased(house: PointsHouse) -> None:
    till, other_till, member, other = await house.till(), await house.till(), house.member(), house.member()
    await till.post(_sale(member))
    await _erase(house, member.bytes)
    results = await till.post(earn(other, 700, reference="R-1"), redemption(member, 3, reference="R-1"))
    assert outcomes(results) == [TURNED_AWAY, ACCEPTED]
    assert reasons(results) == ["REFERENCE_REUSED", ""]
    # Of another partner it is another reference.
    assert outcomes(await other_till.post(earn(other, 700, reference="R-1"))) == [ACCEPTED]
    await house.assert_sound()


async def test_a_sale_without_words_is_refunded_by_its_id(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    (sold,) = await till.post(_sale(member))
    await _erase(house, member.bytes)
    results = await till.post(refund("R-1", 500), refund(sold.transaction.transaction_id, 500))
    assert reasons(results) == ["ORIGINAL_UNKNOWN", ""]
    assert results[1].transaction.refund.clawed_back == 5
    await house.assert_sound()


async def test_the_words_that_a_refund_waited_with_are_erased_with_it_and_no_others(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    waits: dict[str, Any] = {"reference": "R-2", "receipt": pb.Receipt(number="secret")}
    await till.post(
        refund("R-1", 100, key="a", **waits),
        refund("R-1", 100, key="b", **waits),
        refund("R-9", 1, reference="R-8"),
    )
    await till.post(_sale(member))
    assert await _erase(house, member.bytes) == 2
    async with as_superuser(house.database) as connection:
        left = await connection.fetch(
            "SELECT reference, original_reference, receipt_number FROM waiting_refund WHERE ledger_id = $1 ORDER BY key",
            house.programme.ledger_id,
        )
    assert [row["reference"] for row in left] == ["", "R-8"]
    assert tuple(left[0]) == ("", "", "")
    again = await till.post(refund("R-1", 100, key="a", **waits), refund("R-1", 100, key="b", **waits))
    assert [each.replayed for each in again] == [True, True]
    await house.assert_sound()


async def test_what_staff_noted_is_erased_but_not_what_is_still_to_be_approved(house: PointsHouse) -> None:
    member = house.member()
    await house.post(adjustment(member, 5, note="he is ill"))
    await house.adjust_by_two(adjustment(member, 20_000, note="very ill"))
    proposed: list[bytes] = []
    for note in ("no", "may be"):
        asked = adjustment(member, 20_000, note=note)
        request = points_pb2.ProposeAdjustmentRequest(key=asked.key, adjustment=asked.adjustment)
        answer = await house.as_staff(house.stub.ProposeAdjustment, request)
        proposed.append(answer.proposal.proposal_id)
    await house.as_staff(
        house.stub.RejectAdjustment, points_pb2.RejectAdjustmentRequest(proposal_id=proposed[0])
    )
    assert await _erase(house, member.bytes) == 2
    async with as_superuser(house.database) as connection:
        notes = await connection.fetch(
            "SELECT note FROM adjustment_note WHERE ledger_id = $1", house.programme.ledger_id
        )
    # It is looked at once more, and hashed when it is posted.
    assert [row["note"] for row in notes] == ["may be"]
    await house.assert_sound()


async def test_more_postings_than_are_erased_at_once_are_erased(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.post(*(earn(member, 100) for _ in range(450)))
    assert await _erase(house, member.bytes) == 450
    assert not any(record.transaction.reference for record in await house.journal())
    await house.assert_sound()


async def test_a_member_that_is_none_is_said_so_and_one_without_postings_has_no_words(
    house: PointsHouse,
) -> None:
    assert await _erase(house, house.member().bytes) == 0
    with pytest.raises(InvalidRequest):
        await _erase(house, b"short")


async def test_the_words_of_refunds_that_waited_go_too_whatever_came_of_them(house: PointsHouse) -> None:
    """Two were too large, one was reversed; they left their references free, and two of these were used again."""
    till, member = await house.till(), house.member()
    receipt = pb.Receipt(number="secret")
    for key, amount in (("a", 99_999), ("b", 100), ("c", 99_999)):
        await till.post(refund("sale", amount, key=key, reference=f"back-{key}", receipt=receipt))
    await till.post(reversal("b"))
    await till.earn(member, 2_000, reference="sale")
    again = await till.post(*(refund("sale", 500, key=f"{key}2", reference=f"back-{key}") for key in "ab"))
    assert outcomes(again) == [ACCEPTED] * 2
    assert await _erase(house, member.bytes) == 3
    async with as_superuser(house.database) as connection:
        left = await connection.fetch(
            "SELECT reference, original_reference, receipt_number, salt FROM waiting_refund WHERE ledger_id = $1",
            house.programme.ledger_id,
        )
    assert [tuple(row) for row in left] == [("", "", "", None)] * 3
    await house.assert_sound()
