"""What the bank says of a run, by a bank that is not ours: collected, paid, in parts, rejected, returned weeks later, or a break."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from coalition.events.v1 import partners_pb2 as told
from coalition.partners.v1 import limits_pb2, standing_pb2
from coalition.partners.v1 import settlement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.partners.events.publish import LOG
from services.runtime.errors import CoalitionError
from tests.support.bank_files import camt, camt_statement, entry, report, status
from tests.support.ledger import Burn, Earn
from tests.support.mock_bank import MockBank, mock_bank
from tests.support.partners import DAY_US
from tests.support.partners_office import Office, refusal
from tests.support.settling import STARTS_AT_US, WEEK_US, Settling, settling_of

# The bank's clock starts when the first window ends.
FIRST_RUN_US = STARTS_AT_US + WEEK_US


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


@pytest.fixture
def bank() -> Iterator[MockBank]:
    with mock_bank() as running:
        yield running


async def month(desk: Settling) -> pb.GetRunResponse:
    """Run 1: the grocer is debited 120.00 and fuel invoiced 60.00, the cinema is paid 36.00."""
    grocer = await desk.partner("grocer", returned_fee_minor=500)
    fuel = await desk.partner("fuel", method="invoice", due_days=20)
    cinema = await desk.partner("cinema", (11_500, 7_500))
    await desk.week(1, Earn(grocer, 10_000), Earn(fuel, 5_000), Burn(cinema, [(grocer, 4_000)]))
    run = await desk.settled()
    assert desk.dues(run) == {"grocer": 12_000, "fuel": 6_000, "cinema": -3_600}
    return run


async def sent(desk: Settling, bank: MockBank, run: pb.GetRunResponse) -> None:
    for file in await desk.files(run):
        assert bank.send(file) == 202


async def heard(desk: Settling, bank: MockBank, days: int) -> list[tuple[str, int]]:
    """Lets days pass at the bank and here, and takes what it says."""
    bank.advance(days)
    now_us = (await desk.house.points.head(desk.programme)).now_us
    await desk.now(now_us + days * DAY_US)
    said: list[tuple[str, int]] = []
    for kind in ("pain.002", "camt.053"):
        for message in bank.messages(kind):
            answer = await desk.receive(message)
            said += [(each.outcome, each.applied_minor) for each in answer.items]
    return said


def payment_of(desk: Settling, run: pb.GetRunResponse, slug: str) -> pb.Payment:
    return next(each for each in run.payments if desk.slug_of(each.partner_id) == slug)


async def test_a_month_is_collected_paid_and_settled_and_every_account_is_explained(
    desk: Settling, bank: MockBank
) -> None:
    run = await month(desk)
    await sent(desk, bank, run)
    assert await desk.state(1) == "instructed"

    assert sorted(await heard(desk, bank, 4) + await heard(desk, bank, 4)) == [
        ("noted", 0), ("noted", 0), ("settled", -3_600), ("settled", 12_000),
    ]  # fmt: skip
    assert await desk.state(1) == "instructed"
    reference = payment_of(desk, run, "fuel").reference
    bank.pay_in(2_000, f"first half {reference}")
    assert await heard(desk, bank, 1) == [("part", 2_000)]
    bank.pay_in(4_000, f"the rest {reference}")
    assert await heard(desk, bank, 1) == [("settled", 4_000)]

    done = await desk.run(1)
    assert [pb.RunState.Name(each.state)[10:] for each in done.steps] == [
        "DRAFT", "APPROVED", "INSTRUCTED", "COLLECTED", "PAID", "SETTLED",
    ]  # fmt: skip
    held = await desk.accounts()
    assert held["bank", ""] == 12_000 + 6_000 - 3_600
    assert {key for key in held if key[0] in ("partner", "suspense")} == set()


async def test_a_debit_that_comes_back_after_payouts_went_out_is_owed_again_with_its_fee_and_settled_later(
    desk: Settling, bank: MockBank
) -> None:
    run = await month(desk)
    await sent(desk, bank, run)
    bank.pay_in(6_000, payment_of(desk, run, "fuel").reference)
    await heard(desk, bank, 8)
    assert await desk.state(1) == "settled"
    bank.advance(14)
    bank.refuse(payment_of(desk, run, "grocer").end_to_end_id, "MD06")

    assert await heard(desk, bank, 3) == [("returned", -12_000)]

    assert await desk.state(1) == "partial"
    held = await desk.accounts()
    assert (held["partner", "grocer"], held["charges", ""]) == (12_500, -500)
    failed = payment_of(desk, await desk.run(1), "grocer")
    assert (failed.state, failed.reason, failed.paid_minor) == ("failed", "MD06", 0)
    # Nothing new is due: the next run is about what is open alone, and takes it over.
    again = await desk.settled()
    assert desk.dues(again) == {"grocer": 12_500, "fuel": 0, "cinema": 0}
    assert again.documents == []
    assert payment_of(desk, await desk.run(1), "grocer").state == "closed"
    await desk.house.app.settlement.follow_runs(desk.programme)
    assert await desk.state(1) == "settled"
    await sent(desk, bank, again)
    assert ("settled", 12_500) in await heard(desk, bank, 8)
    assert await desk.state(2) == "settled"
    assert ("partner", "grocer") not in await desk.accounts()


async def test_who_pays_late_owes_interest_by_its_contract_with_the_next_run(desk: Settling) -> None:
    grocer = await desk.partner("grocer", method="invoice", late_interest_bp=800)
    await desk.week(1, Earn(grocer, 1_000_000))
    run = await desk.settled()
    payment = payment_of(desk, run, "grocer")
    assert (payment.amount_minor, payment.due_on) == (1_200_000, "2026-03-09")
    inner = f"<TxDtls><RmtInf><Ustrd>{payment.reference}</Ustrd></RmtInf></TxDtls>"
    half = entry("6000.00", inner=inner, reference="B1")
    rest = entry("6000.00", inner=inner, reference="B2").replace("2026-03-02", "2026-04-08")
    await desk.receive(camt(camt_statement(half, rest, closing="12000.00")))
    # 30 days of 8 % a year on 6,000.00, and nothing on what came in time.
    interest = 600_000 * 800 * 30 // (10_000 * 365)
    held = await desk.accounts()
    assert (held["partner", "grocer"], held["charges", ""]) == (interest, -interest)
    assert interest == 3_945
    assert desk.dues(await desk.settled()) == {"grocer": interest}


async def test_a_rejected_payout_stays_owed_until_a_run_pays_it_to_another_account(
    desk: Settling, bank: MockBank
) -> None:
    run = await month(desk)
    bank.open_account("CLOSED", "NL03MOCK0000000006", behaviour="closed-account")
    reject = payment_of(desk, run, "cinema").end_to_end_id
    answer = await desk.receive(report(status("RJCT", reject, "AC04")))
    assert [each.outcome for each in answer.items] == ["rejected"]
    assert await desk.state(1) == "partial"
    assert (await desk.accounts())["partner", "cinema"] == -3_600
    again = await desk.settled()
    assert (desk.dues(again)["cinema"], payment_of(desk, again, "cinema").amount_minor) == (-3_600, 3_600)


async def test_what_nobody_expects_waits_in_suspense_until_somebody_ends_the_break(desk: Settling) -> None:
    await month(desk)
    body = camt(camt_statement(entry("47.11", reference="X1"), closing="47.11"))
    answer = await desk.receive(body)
    assert [(each.outcome, each.break_number) for each in answer.items] == [("break", 1)]
    assert (await desk.accounts())["suspense", ""] == -4_711
    assigned = await desk.host(desk.settlement.AssignBreak, pb.AssignBreakRequest(number=1, owner="Ada"))
    assert (assigned.bank_break.owner, assigned.bank_break.type) == ("Ada", "unknown_reference")
    fuel = desk.partners["fuel"].bytes
    allocated = pb.EndBreakRequest(number=1, how="allocated", partner_id=fuel, why="it called us")
    maker = await refusal(desk.settlement.EndBreak, allocated, desk.maker.on(desk.programme))
    assert maker.reason == Reason.REASON_PERMISSION_DENIED
    await desk.host(desk.settlement.EndBreak, allocated)
    held = await desk.accounts()
    assert (held["partner", "fuel"], held["bank", ""], ("suspense", "") in held) == (1_289, 4_711, False)
    error = await refusal(desk.settlement.EndBreak, allocated, desk.checker.on(desk.programme))
    assert (error.reason, error.metadata["ended"]) == (Reason.REASON_BREAK_ENDED, "allocated")
    listed = await desk.host(desk.settlement.ListBreaks, pb.ListBreaksRequest())
    assert list(listed.breaks) == []


@pytest.mark.parametrize(
    ("how", "partner", "wrong"),
    [
        ("allocated", False, "a partner is named with allocated"),
        ("refunded", True, "a partner is named with allocated"),
        ("forgotten", False, "a break ends by"),
        ("explained", False, "explained is for a break without money"),
    ],
)
async def test_a_break_ends_in_one_of_few_ways(desk: Settling, how: str, partner: bool, wrong: str) -> None:
    await month(desk)
    await desk.receive(camt(camt_statement(entry("47.11", reference="X1"), closing="47.11")))
    partner_id = desk.partners["fuel"].bytes if partner else b""
    request = pb.EndBreakRequest(number=1, how=how, partner_id=partner_id, why="because")
    with pytest.raises(CoalitionError, match=wrong):
        await desk.host(desk.settlement.EndBreak, request)


async def test_the_same_message_again_changes_nothing_nor_does_the_same_movement_in_another(
    desk: Settling,
) -> None:
    run = await month(desk)
    reference = payment_of(desk, run, "fuel").reference
    paid = entry("60.00", inner=f"<TxDtls><RmtInf><Ustrd>{reference}</Ustrd></RmtInf></TxDtls>")
    first = camt(camt_statement(paid, closing="60.00"))
    answers = await asyncio.gather(*(desk.receive(first) for _ in range(4)))
    assert sorted(each.known for each in answers) == [False, True, True, True]
    assert len({each.items[0].SerializeToString() for each in answers}) == 1
    held = await desk.accounts()
    assert ("partner", "fuel") not in held

    told_again = await desk.receive(
        camt(camt_statement(paid, entry("1.00", reference="B2"), closing="61.00"))
    )

    # The second is new; and the statement does not open with what the one before closed with.
    assert [each.outcome for each in told_again.items] == ["break"] * 3
    now = await desk.accounts()
    assert (now["bank", ""], now["suspense", ""]) == (held["bank", ""] + 100, -100)


async def test_an_invoice_that_is_not_paid_in_time_makes_its_run_partial_until_it_is(desk: Settling) -> None:
    run = await month(desk)
    due_on = payment_of(desk, run, "fuel").due_on
    assert due_on == "2026-03-23"
    for slug in ("grocer", "cinema"):
        payment = payment_of(desk, run, slug)
        inner = f"<TxDtls><Refs><EndToEndId>{payment.end_to_end_id}</EndToEndId></Refs></TxDtls>"
        side = "CRDT" if slug == "grocer" else "DBIT"
        amount = f"{payment.amount_minor // 100}.{payment.amount_minor % 100:02}"
        await desk.receive(camt(camt_statement(entry(amount, side, inner, reference=slug))))
    await desk.now(FIRST_RUN_US + 24 * DAY_US)
    assert await desk.house.app.settlement.follow_runs(desk.programme) == []
    await desk.now(FIRST_RUN_US + 25 * DAY_US)
    assert await desk.house.app.settlement.follow_runs(desk.programme) == [1]
    assert await desk.state(1) == "partial"
    assert payment_of(desk, await desk.run(1), "fuel").is_overdue
    assert await desk.house.app.settlement.follow_runs(desk.programme) == []


async def test_a_partner_is_reminded_as_its_contract_says_once_each_however_late_the_job_is(
    desk: Settling,
) -> None:
    grocer = await desk.partner("grocer", method="invoice", reminder_days=7, reminders_max=3)
    await desk.week(1, Earn(grocer, 10_000))
    run = await desk.settled()
    payment = payment_of(desk, run, "grocer")
    reference = payment.reference

    async def reminded() -> list[tuple[int, int]]:
        await desk.house.app.settlement.follow_runs(desk.programme)
        found: list[tuple[int, int]] = []
        async for block in LOG.read(desk.house.app.database.reader, desk.programme.ledger_id, 1, 0):
            for each in block:
                if each.type == "payment.reminded":
                    event = told.PaymentReminded.FromString(each.payload)
                    assert event.reference == reference
                    found.append((event.reminder, event.left_minor))
        return found

    # Due on 2026-03-09: reminded on the 16th, the 23rd and the 30th.
    await desk.now(FIRST_RUN_US + 13 * DAY_US)
    assert await reminded() == []
    await desk.now(FIRST_RUN_US + 14 * DAY_US)
    assert await reminded() == [(1, 12_000)]
    inner = f"<TxDtls><RmtInf><Ustrd>{reference}</Ustrd></RmtInf></TxDtls>"
    await desk.receive(camt(camt_statement(entry("50.00", inner=inner), closing="50.00")))
    await desk.now(FIRST_RUN_US + 90 * DAY_US)
    assert await reminded() == [(1, 12_000), (2, 7_000), (3, 7_000)]
    assert await reminded() == [(1, 12_000), (2, 7_000), (3, 7_000)]


async def test_who_does_not_pay_is_suspended_as_its_contract_says_once_and_let_in_by_a_person(
    desk: Settling,
) -> None:
    grocer = await desk.partner("grocer", method="invoice", suspend_after_days=30)
    fuel = await desk.partner("fuel", method="invoice")
    await desk.week(1, Earn(grocer, 10_000), Earn(fuel, 10_000))
    run = await desk.settled()
    suspend = desk.house.app.settlement.suspend_late
    # Due on 2026-03-09.
    await desk.now(FIRST_RUN_US + 36 * DAY_US)
    assert await suspend(desk.programme) == []
    await desk.now(FIRST_RUN_US + 37 * DAY_US)
    assert await suspend(desk.programme) == [grocer]
    assert await suspend(desk.programme) == []

    async def standing() -> standing_pb2.PartnerStanding:
        request = standing_pb2.GetStandingRequest(partner_id=grocer.bytes)
        return (await desk.host(desk.office.standing.GetStanding, request)).versions[-1]

    found = await standing()
    assert found.kind == standing_pb2.STANDING_KIND_SUSPENDED
    assert found.reason == f"not paid: {payment_of(desk, run, 'grocer').reference}, due on 2026-03-09"
    now_us = (await desk.house.points.head(desk.programme)).now_us
    again = standing_pb2.PartnerStanding(
        partner_id=grocer.bytes, kind=standing_pb2.STANDING_KIND_ACTIVE, valid_from_us=now_us
    )
    await desk.host(desk.office.standing.SetStanding, standing_pb2.SetStandingRequest(standing=again))
    assert await suspend(desk.programme) == []
    assert (await standing()).kind == standing_pb2.STANDING_KIND_ACTIVE


async def test_what_was_paid_is_headroom_again_and_tax_that_is_billed_is_exposure(desk: Settling) -> None:
    run = await month(desk)
    draft = await desk.office.draft(desk.maker, desk.programme, desk.partners["grocer"], limit_minor=100_000)
    await desk.office.approve(desk.checker.on(desk.programme), draft)
    registration = await desk.house.app.programmes.named(desk.programme.slug)
    await desk.house.app.set_floors(registration)

    async def standing() -> tuple[int, int]:
        request = limits_pb2.ListCreditStandingsRequest()
        (found,) = (await desk.host(desk.office.limits.ListCreditStandings, request)).standings
        return found.paid_micros, found.headroom_micros

    # 100.00 for points, and 20.00 of tax on them.
    assert await standing() == (-20_000_000, 1_000_000_000 - 120_000_000)
    ours = payment_of(desk, run, "grocer").end_to_end_id
    collected = f"<TxDtls><Refs><EndToEndId>{ours}</EndToEndId></Refs></TxDtls>"
    await desk.receive(camt(camt_statement(entry("120.00", inner=collected), closing="120.00")))
    assert await standing() == (100_000_000, 1_000_000_000)


@pytest.mark.parametrize(
    "body", [b"", b"hello", b'<?xml version="1.0"?><Document/>', "<Document>é</Document>".encode("utf-16")]
)
async def test_what_is_no_message_of_a_bank_is_refused_and_nothing_is_kept(
    desk: Settling, body: bytes
) -> None:
    with pytest.raises(CoalitionError) as refused:
        await desk.receive(body)
    assert refused.value.reason in (Reason.REASON_INVALID_REQUEST, Reason.REASON_BODY_TOO_LARGE)
    kept = "SELECT FROM bank_message WHERE ledger_id = $1"
    assert await desk.house.fetch(kept, desk.programme.ledger_id) == []


async def test_a_movement_without_a_reference_of_the_bank_counts_once_and_a_statement_with_a_gap_is_told(
    desk: Settling,
) -> None:
    await month(desk)
    bare = entry("47.11", reference="").replace("<AcctSvcrRef></AcctSvcrRef>", "")
    answers = [
        await desk.receive(camt(camt_statement(bare, opening="0.00", closing=closing)))
        for closing in ("47.11", "50.00")
    ]
    assert [[each.outcome for each in answer.items] for answer in answers] == [["break"], ["break"] * 3]
    listed = (await desk.host(desk.settlement.ListBreaks, pb.ListBreaksRequest())).breaks
    assert [(each.type, each.amount_minor) for each in reversed(listed)] == [
        ("unknown_reference", 4_711), ("duplicate", 0), ("statement_gap", 0), ("statement_gap", 0),
    ]  # fmt: skip
    assert "289 minor units more" in listed[1].item.said
    assert (await desk.accounts())["bank", ""] == 4_711


async def test_only_who_makes_or_checks_hands_in_what_the_bank_said(desk: Settling) -> None:
    pricing = await desk.office.person("pricing")
    with pytest.raises(CoalitionError) as refused:
        await desk.receive(camt(camt_statement()), pricing)
    assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
