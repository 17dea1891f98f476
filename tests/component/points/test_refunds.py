"""Refunds: what goes back, what is taken back, and what is owed where it is not there any more."""

from __future__ import annotations

from uuid import UUID

import pytest
from coalition.points.v1 import movement_pb2 as pb

from services.runtime.expiry_policy import DEFAULT_POLICY
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, outcomes, reason, reasons, redemption, refund

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_US = 86_400_000_000


def figures(result: pb.Result) -> tuple[int, ...]:
    """amount, returned, clawed back, owed, written off, money."""
    told = result.transaction.refund
    return told.amount, told.returned, told.clawed_back, told.owed, told.written_off, told.money_minor


async def accounts(house: PointsHouse) -> dict[tuple[str, bytes], int]:
    """What is on each account, by kind and owner."""
    found: dict[tuple[str, bytes], int] = {}
    for record in await house.journal():
        for entry in record.entries:
            place = entry.account_kind, entry.owner_id
            found[place] = found.get(place, 0) + entry.amount
    return {place: amount for place, amount in found.items() if amount}


async def lots(house: PointsHouse) -> dict[int, tuple[bytes, int]]:
    """Issuer and what remains of each lot that is not used up."""
    found: dict[int, tuple[bytes, int]] = {}
    for record in await house.journal():
        for lot in record.lots_opened:
            found[lot.lot_no] = lot.issuer_id, lot.points
        for sign, parts in ((-1, record.lot_uses), (1, record.lot_returns)):
            for part in parts:
                issuer, left = found[part.lot_no]
                found[part.lot_no] = issuer, left + sign * part.points
    return {lot_no: (issuer, left) for lot_no, (issuer, left) in found.items() if left}


async def test_half_of_a_purchase_paid_in_points_and_money(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 100_000)
    held = (await till.hold(member, 500)).transaction.transaction_id
    sale = await till.post(
        earn(
            member, 2_000, linked=True, reference="sale",
            tenders=[pb.Tender(kind="points", amount_minor=500), pb.Tender(kind="card", amount_minor=1_500)],
        ),
        capture(held, 500),
    )  # fmt: skip
    assert outcomes(sale) == [pb.OUTCOME_ACCEPTED] * 2
    assert sale[1].transaction.original_id == sale[0].transaction.transaction_id
    assert (sale[0].transaction.points, sale[1].transaction.points) == (15, -500)
    half = await till.refund("sale", 1_000)
    assert figures(half) == (1_000, 250, 8, 0, 0, 750)
    assert half.transaction.original_id == sale[0].transaction.transaction_id
    assert half.transaction.balance_after == 1_000 + 15 - 500 + 250 - 8
    rest = await till.refund(sale[0].transaction.transaction_id)
    assert figures(rest) == (1_000, 250, 7, 0, 0, 750)
    assert (await till.balance(member)).available == 1_000
    assert reason(await till.refund("sale", 1)) == "REFUND_TOO_LARGE"
    await house.assert_sound()


@pytest.mark.parametrize(
    ("order", "first", "second"),
    [
        ("PRO_RATA", (600, 150, 5, 0, 0, 450), (1_400, 350, 10, 0, 0, 1_050)),
        ("POINTS_FIRST", (600, 500, 1, 0, 0, 100), (1_400, 0, 14, 0, 0, 1_400)),
        ("MONEY_FIRST", (600, 0, 6, 0, 0, 600), (1_400, 500, 9, 0, 0, 900)),
    ],
)
async def test_what_goes_back_first(
    house: PointsHouse, order: str, first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    till, member = await house.till(), house.member()
    await house.set_refund_rule(till.partner_id, "ALLOW_NEGATIVE", order)
    await till.earn(member, 100_000)
    tenders = [pb.Tender(kind="points", amount_minor=500), pb.Tender(kind="cash", amount_minor=1_500)]
    await till.post(earn(member, 2_000, linked=True, reference="s", tenders=tenders), redemption(member, 500))
    assert figures(await till.refund("s", 600)) == first
    # The rule of the first refund stays the sale's.
    await house.set_refund_rule(till.partner_id, "ALLOW_NEGATIVE", "PRO_RATA")
    assert figures(await till.refund("s")) == second
    await house.assert_sound()


async def _spent_elsewhere(
    house: PointsHouse, shortfall: str
) -> tuple[Till, Till, Till, UUID, pb.Result, pb.Result]:
    """Earn 100 at A, burn 90 of it at B, refund all at A, earn 30 at C."""
    issuer, burner, third = await house.till(), await house.till(), await house.till()
    await house.set_refund_rule(issuer.partner_id, shortfall)
    member = house.member()
    await issuer.earn(member, 10_000, reference="sale")
    await burner.redeem(member, 90)
    refunded = await issuer.refund("sale")
    earned = await third.earn(member, 3_000)
    return issuer, burner, third, member, refunded, earned


async def test_points_that_were_spent_are_owed_and_later_earns_pay_them_first(house: PointsHouse) -> None:
    issuer, burner, third, member, refunded, _ = await _spent_elsewhere(house, "ALLOW_NEGATIVE")
    assert figures(refunded) == (10_000, 0, 10, 90, 0, 10_000)
    balance = await third.balance(member)
    assert (balance.available, balance.owed) == (-60, 60)
    # Of what the issuer gave, 10 were taken back and 90 are owed to it, of which 30 have been paid since.
    assert await accounts(house) == {
        ("redemption", burner.partner_id.bytes): 90,
        ("issuance", third.partner_id.bytes): -30,
        ("debt", member.bytes): -60,
    }
    assert await lots(house) == {}
    kinds = [pb.MovementKind.Name(record.transaction.kind)[14:] for record in await house.journal()]
    assert kinds == ["EARN", "REDEEM", "CLAWBACK", "OWE", "REFUND", "EARN", "REPAY"]
    repaid = (await house.journal())[-1]
    assert [(each.partner_id, each.points, each.original_seq) for each in repaid.debts_paid] == [
        (issuer.partner_id.bytes, 30, 1)
    ]
    # What is owed cannot be spent, and is paid off before anything is left to spend.
    await third.earn(member, 10_000)
    balance = await third.balance(member)
    assert (balance.available, balance.owed) == (40, 0)
    await house.assert_sound()


async def test_within_the_balance_the_rest_is_written_off(house: PointsHouse) -> None:
    issuer, burner, third, member, refunded, _ = await _spent_elsewhere(house, "WITHIN_BALANCE")
    assert figures(refunded) == (10_000, 0, 10, 0, 90, 10_000)
    assert (await third.balance(member)).available == 30
    assert await accounts(house) == {
        ("issuance", issuer.partner_id.bytes): -90,
        ("redemption", burner.partner_id.bytes): 90,
        ("issuance", third.partner_id.bytes): -30,
        ("wallet", member.bytes): 30,
    }
    assert await lots(house) == {2: (third.partner_id.bytes, 30)}
    await house.assert_sound()


async def test_the_earns_own_points_are_taken_back_first(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    await other.earn(member, 5_000)
    await till.earn(member, 3_000, reference="sale")
    await till.redeem(member, 40)
    refunded = await till.refund("sale")
    assert figures(refunded) == (3_000, 0, 30, 0, 0, 3_000)
    # The redemption took 40 of the first lot; the refund takes the second one, which is the earn's own.
    assert await lots(house) == {1: (other.partner_id.bytes, 10)}
    await till.earn(member, 3_000, reference="again")
    await till.redeem(member, 25)
    # Of the third lot 15 are left: ten of the 25 that are due are owed.
    assert figures(await till.refund("again", 2_500)) == (2_500, 0, 15, 10, 0, 2_500)
    taken = [record.lot_uses for record in await house.journal()][-3]
    assert [(part.lot_no, part.points) for part in taken] == [(3, 15)]
    await house.assert_sound()


async def test_a_burn_goes_back_to_its_lots_the_last_one_first(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    await till.earn(member, 2_000)
    burned = await till.redeem(member, 25)
    back = await till.refund(burned.transaction.transaction_id, points=18)
    assert figures(back) == (18, 18, 0, 0, 0, 0)
    assert await lots(house) == {1: (till.partner_id.bytes, 3), 2: (till.partner_id.bytes, 20)}
    assert reason(await till.refund(burned.transaction.transaction_id, points=8)) == "REFUND_TOO_LARGE"
    assert figures(await till.refund(burned.transaction.transaction_id)) == (7, 7, 0, 0, 0, 0)
    assert (await till.balance(member)).available == 30
    await house.assert_sound()


async def test_points_of_a_lot_that_has_expired_come_back_in_a_lot_of_their_own(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    burned = (await till.redeem(member, 4)).transaction.transaction_id
    await house.move_clock(STARTS_AT_US + 800 * DAY_US)
    now_us = (await house.head()).now_us
    back = await till.refund(burned, occurred_at_us=now_us)
    assert figures(back) == (4, 4, 0, 0, 0, 0)
    balance = await till.balance(member)
    assert balance.available == 4
    opened = [lot for record in await house.journal() for lot in record.lots_opened][-1]
    assert (opened.parent_lot_no, opened.points, opened.issuer_id) == (1, 4, till.partner_id.bytes)
    assert now_us < opened.expires_at_us <= now_us + 62 * DAY_US
    # They stem from the first earn still: its refund takes them back before others.
    await till.earn(member, 900, occurred_at_us=now_us)
    taken = await till.refund(
        (await house.journal())[0].transaction.transaction_id, 400, occurred_at_us=now_us
    )
    assert figures(taken) == (400, 0, 4, 0, 0, 400)
    assert list(await lots(house)) == [3]
    await house.assert_sound()


async def test_what_cannot_be_refunded(house: PointsHouse) -> None:
    till, other, member = await house.till(), await house.till(), house.member()
    earned = (await till.earn(member, 1_000, reference="sale")).transaction.transaction_id
    burned = (await till.redeem(member, 5)).transaction.transaction_id
    held = (await till.hold(member, 1)).transaction.transaction_id
    sale = await till.post(earn(member, 500, linked=True, reference="two"), redemption(member, 2))
    answers = await till.post(
        refund(b"\0" * 16), refund(held), refund(burned, 100), refund(earned, points=3),
        refund(sale[1].transaction.transaction_id), refund(earned, 1_001), refund(earned, currency="EUR"),
        refund(earned, 8, lines=[pb.SaleLine(sku="a", amount_minor=7)]), refund(earned, amount_minor=-1),
        refund(earned, lines=[pb.SaleLine(sku="a", amount_minor=7), pb.SaleLine(sku="a", amount_minor=-7)]),
    )  # fmt: skip
    assert reasons(answers) == [
        "ORIGINAL_UNKNOWN", "ORIGINAL_UNKNOWN", "INVALID_REQUEST", "INVALID_REQUEST", "PART_OF_SALE", "REFUND_TOO_LARGE",
        "CURRENCY_UNSUPPORTED", "AMOUNT_MISMATCH", "INVALID_REQUEST", "INVALID_REQUEST",
    ]  # fmt: skip
    # Another partner's sale is unknown to this one.
    assert reason(await other.refund(earned)) == "ORIGINAL_UNKNOWN"
    await house.assert_sound()


async def test_the_same_refund_again_is_the_same_answer(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, reference="sale")
    first = await till.refund("sale", 300, key="k", reference="back")
    again = await till.post(
        refund("sale", 300, key="k", reference="back"),
        refund("sale", 300, key="other", reference="back"),
        refund("sale", 400, key="k", reference="back"),
        refund("sale", 400, key="third", reference="back"),
    )
    assert reasons(again) == ["", "", "IDEMPOTENCY_KEY_REUSED", "REFERENCE_REUSED"]
    assert [result.replayed for result in again[:2]] == [True, True]
    assert [figures(result) for result in again[:2]] == [figures(first)] * 2
    assert again[3].error.metadata["fields"] == "amount"
    assert (await till.balance(member)).available == 7
    await house.assert_sound()


async def test_refunds_of_one_batch_know_of_one_another(house: PointsHouse) -> None:
    till, member = await house.till(points=1, per_minor=3), house.member()
    await till.earn(member, 1_000, reference="sale")
    results = await till.post(*(refund("sale", 100) for _ in range(11)))
    assert reasons(results) == [*[""] * 10, "REFUND_TOO_LARGE"]
    assert sum(result.transaction.refund.clawed_back for result in results) == 333
    assert (await till.balance(member)).available == 0
    await house.assert_sound()


async def test_held_points_are_not_taken_and_pay_the_debt_when_they_are_free(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, reference="sale")
    held = (await till.hold(member, 8)).transaction.transaction_id
    assert figures(await till.refund("sale")) == (1_000, 0, 2, 8, 0, 1_000)
    assert (await till.balance(member)).available == -8
    refused = (await till.post(hold(member, 1)))[0]
    assert (reason(refused), refused.error.metadata["available"]) == ("INSUFFICIENT_POINTS", "-8")
    await till.void(held)
    balance = await till.balance(member)
    assert (balance.available, balance.owed) == (0, 0)
    assert await lots(house) == {}
    await house.assert_sound()


async def test_points_that_are_past_their_time_pay_no_debt(running: RunningPoints) -> None:
    house = running.house(expiry=DEFAULT_POLICY._replace(months=1))
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000, reference="sale")
    await till.redeem(member, 10)
    await till.refund("sale")
    await house.move_clock(STARTS_AT_US + 100 * DAY_US)
    # A sale that arrives when what it earned is over already.
    await till.earn(member, 400, occurred_at_us=STARTS_AT_US)
    assert (await till.balance(member)).owed == 10
    assert (await house.journal())[-1].transaction.kind == pb.MOVEMENT_KIND_EXPIRE
    await house.assert_sound()
