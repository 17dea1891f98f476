"""What goes wrong between a partner, the bank and a clerk ends with every cent where it belongs, and nobody suspended for it."""

from __future__ import annotations

import pytest
from coalition.partners.v1 import settlement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from tests.component.partners.test_settlement_bank import FIRST_RUN_US, month, payment_of
from tests.support.bank_files import camt, camt_statement, entry, report, status
from tests.support.ledger import Earn
from tests.support.partners import DAY_US
from tests.support.partners_office import Office, refusal
from tests.support.payment_model import iban
from tests.support.settling import Settling, settling_of


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


def booked(payment: pb.Payment, reference: str = "B1") -> str:
    """An entry of a statement that books a payment of ours."""
    inner = f"<TxDtls><Refs><EndToEndId>{payment.end_to_end_id}</EndToEndId></Refs></TxDtls>"
    amount = f"{payment.amount_minor // 100}.{payment.amount_minor % 100:02}"
    return entry(amount, "CRDT" if payment.direction == "collect" else "DBIT", inner, reference=reference)


async def allocate(desk: Settling, number: int, slug: str) -> None:
    request = pb.EndBreakRequest(
        number=number, how="allocated", partner_id=desk.partners[slug].bytes, why="it called us"
    )
    await desk.host(desk.settlement.EndBreak, request)


async def test_money_without_a_reference_is_taken_for_the_invoice_that_is_open_and_not_paid_back(
    desk: Settling,
) -> None:
    run = await month(desk)
    await desk.receive(camt(camt_statement(entry("60.00", reference="X1"), closing="60.00")))
    await allocate(desk, 1, "fuel")
    paid = payment_of(desk, await desk.run(1), "fuel")
    assert (paid.state, paid.paid_minor) == ("paid", 6_000)
    both = [booked(payment_of(desk, run, slug), slug) for slug in ("grocer", "cinema")]
    await desk.receive(camt(camt_statement(*both, closing="84.00")))
    assert await desk.state(1) == "settled"
    with pytest.raises(CoalitionError, match="no statement is due"):
        await desk.drafted()
    assert {key for key in await desk.accounts() if key[0] in ("partner", "suspense")} == set()


async def test_more_than_an_invoice_is_brought_forward_once(desk: Settling) -> None:
    await month(desk)
    await desk.receive(camt(camt_statement(entry("70.00", reference="X1"), closing="70.00")))
    await allocate(desk, 1, "fuel")
    assert desk.dues(await desk.settled())["fuel"] == -1_000


async def test_a_debit_that_was_rejected_and_paid_otherwise_is_settled_and_suspends_nobody(
    desk: Settling,
) -> None:
    run = await month(desk)
    await desk.set_terms("grocer", suspend_after_days=10)
    debit = payment_of(desk, run, "grocer")
    await desk.receive(report(status("RJCT", debit.end_to_end_id, "AM04")))
    await desk.receive(camt(camt_statement(entry("120.00", reference="X1"), closing="120.00")))
    await allocate(desk, 1, "grocer")
    assert payment_of(desk, await desk.run(1), "grocer").state == "paid"
    await desk.now(FIRST_RUN_US + 40 * DAY_US)
    assert await desk.house.app.settlement.suspend_late(desk.programme) == []


async def test_a_payment_that_the_bank_never_did_is_given_up_and_settled_by_the_next_run(
    desk: Settling,
) -> None:
    run = await month(desk)
    debit = payment_of(desk, run, "grocer")
    cancel = pb.CancelPaymentRequest(end_to_end_id=debit.end_to_end_id, why="the bank never had it")
    error = await refusal(desk.settlement.CancelPayment, cancel, desk.maker.on(desk.programme))
    assert error.reason == Reason.REASON_PERMISSION_DENIED
    assert (await desk.host(desk.settlement.CancelPayment, cancel)).left_minor == 12_000
    error = await refusal(desk.settlement.CancelPayment, cancel, desk.checker.on(desk.programme))
    assert (error.reason, error.metadata["state"]) == (Reason.REASON_RUN_STATE, "closed")
    again = await desk.settled()
    assert desk.dues(again) == {"grocer": 12_000, "fuel": 0, "cinema": 0}
    # The bank does the first one after all: what is too much goes back with the run after.
    await desk.receive(camt(camt_statement(booked(debit), closing="120.00")))
    assert (await desk.accounts()).get(("partner", "grocer"), 0) == 0


async def test_what_is_sent_back_counts_when_the_bank_has_booked_it(desk: Settling) -> None:
    await month(desk)
    await desk.receive(camt(camt_statement(entry("47.11", reference="X1"), closing="47.11")))
    back = pb.EndBreakRequest(number=1, how="refunded", why="not ours")
    with pytest.raises(CoalitionError, match="no open break has the opposite amount"):
        await desk.host(desk.settlement.EndBreak, back)
    out = camt_statement(entry("47.11", "DBIT", reference="X2"), opening="47.11", closing="0.00")
    await desk.receive(camt(out))
    await desk.host(desk.settlement.EndBreak, back)
    listed = await desk.host(desk.settlement.ListBreaks, pb.ListBreaksRequest())
    assert list(listed.breaks) == []
    held = await desk.accounts()
    assert ("bank", "") not in held
    assert ("suspense", "") not in held


async def test_two_payments_of_a_batch_with_one_reference_of_the_bank_are_two(desk: Settling) -> None:
    grocer = await desk.partner("grocer")
    fuel = await desk.partner("fuel")
    await desk.week(1, Earn(grocer, 10_000), Earn(fuel, 10_000))
    run = await desk.settled()
    both = [booked(payment_of(desk, run, slug), "BATCH") for slug in ("grocer", "fuel")]
    answer = await desk.receive(camt(camt_statement(*both, closing="240.00")))
    assert [each.outcome for each in answer.items] == ["settled", "settled"]
    assert await desk.state(1) == "settled"


async def test_a_statement_of_an_account_that_is_not_set_yet_is_refused_and_taken_once_it_is(
    desk: Settling,
) -> None:
    await month(desk)
    foreign = camt(camt_statement(entry("47.11", reference="X1"), closing="47.11", iban=iban(42)))
    with pytest.raises(CoalitionError, match="no account of the operator"):
        await desk.receive(foreign)
    assert ("bank", "") not in await desk.accounts()


async def test_a_debit_that_nobody_has_heard_of_suspends_and_reminds_nobody(desk: Settling) -> None:
    grocer = await desk.partner("grocer", suspend_after_days=5)
    await desk.week(1, Earn(grocer, 10_000))
    await desk.settled()
    await desk.now(FIRST_RUN_US + 60 * DAY_US)
    await desk.house.app.settlement.follow_runs(desk.programme)
    assert await desk.house.app.settlement.suspend_late(desk.programme) == []
    assert (
        await desk.house.fetch("SELECT FROM payment_reminder WHERE ledger_id = $1", desk.programme.ledger_id)
        == []
    )


async def test_without_a_creditor_identifier_debits_wait_and_invoices_do_not(desk: Settling) -> None:
    grocer = await desk.partner("grocer")
    fuel = await desk.partner("fuel", method="invoice")
    await desk.week(1, Earn(grocer, 10_000), Earn(fuel, 10_000))
    await desk.house.as_superuser(
        f"UPDATE operator_account_version SET creditor_id = '' WHERE ledger_id = {desk.programme.ledger_id}"
    )
    run = await desk.settled()
    said = {desk.slug_of(each.partner_id): each for each in run.positions}
    assert said["grocer"].why == "the operator has no creditor identifier for direct debits"
    assert said["fuel"].due_minor == 12_000


async def test_files_for_the_bank_are_for_who_hands_them_over(desk: Settling) -> None:
    await month(desk)
    pricing = await desk.office.person("pricing")
    error = await refusal(
        desk.settlement.GetBankFile, pb.GetBankFileRequest(number=1), pricing.on(desk.programme)
    )
    assert error.reason == Reason.REASON_PERMISSION_DENIED


CHARGED = '<Chrgs><Rcrd><Amt Ccy="EUR">{}</Amt><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>'


def moved(payment: pb.Payment, amount: str, side: str, reference: str, charges: str = "") -> str:
    """An entry that names a payment of ours, of another amount than it perhaps."""
    inner = f"<TxDtls><Refs><EndToEndId>{payment.end_to_end_id}</EndToEndId></Refs>{charges}</TxDtls>"
    return entry(amount, side, inner, reference=reference)


async def test_a_charge_of_the_bank_is_booked_as_one_and_the_payment_is_settled_and_comes_back_whole(
    desk: Settling,
) -> None:
    run = await month(desk)
    grocer, cinema = (payment_of(desk, run, slug) for slug in ("grocer", "cinema"))
    paid = moved(grocer, "119.65", "CRDT", "B1", CHARGED.format("0.35")), booked(cinema, "B2")
    answer = await desk.receive(camt(camt_statement(*paid, closing="83.65")))
    assert [(each.outcome, each.applied_minor, each.charge_minor) for each in answer.items] == [
        ("settled", 12_000, -35), ("settled", -3_600, 0),
    ]  # fmt: skip
    back = moved(cinema, "34.00", "CRDT", "B3", CHARGED.format("2.00"))
    yearly = entry("9.00", "DBIT", reference="B4").replace(
        "</AcctSvcrRef>",
        "</AcctSvcrRef><BkTxCd><Domn><Cd>ACMT</Cd><Fmly><Cd>MCOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>",
    )
    answer = await desk.receive(camt(camt_statement(back, yearly, opening="83.65", closing="108.65")))
    assert [(each.outcome, each.applied_minor, each.charge_minor) for each in answer.items] == [
        ("returned", 3_600, -200), ("charge", 0, -900),
    ]  # fmt: skip
    held = await desk.accounts()
    assert (held["bank", ""], held["bank_charges", ""]) == (10_865, 35 + 200 + 900)
    assert (held["partner", "cinema"], ("partner", "grocer") in held) == (-3_600, False)
    listed = await desk.host(desk.settlement.ListBreaks, pb.ListBreaksRequest())
    assert list(listed.breaks) == []


async def test_a_charge_that_the_bank_does_not_tell_of_is_a_break_of_the_difference_and_ends_as_one(
    desk: Settling,
) -> None:
    run = await month(desk)
    cinema = payment_of(desk, run, "cinema")
    await desk.receive(camt(camt_statement(booked(cinema), opening="36.00", closing="0.00")))
    back = moved(cinema, "34.00", "CRDT", "B3")
    answer = await desk.receive(camt(camt_statement(back, closing="34.00")))
    assert [(each.outcome, each.applied_minor) for each in answer.items] == [("returned", 3_600)]
    held = await desk.accounts()
    assert (held["partner", "cinema"], held["suspense", ""]) == (-3_600, 200)
    end = pb.EndBreakRequest(number=1, how="bank_charge", why="it says so on the phone")
    await desk.host(desk.settlement.EndBreak, end)
    held = await desk.accounts()
    assert (held["bank_charges", ""], ("suspense", "") in held) == (200, False)


async def test_what_is_booked_of_another_amount_settles_what_was_due_and_only_the_difference_is_a_break(
    desk: Settling,
) -> None:
    run = await month(desk)
    grocer, cinema = (payment_of(desk, run, slug) for slug in ("grocer", "cinema"))
    less, more = moved(grocer, "119.00", "CRDT", "B1"), moved(cinema, "36.50", "DBIT", "B2")
    answer = await desk.receive(camt(camt_statement(less, more, closing="82.50")))
    assert [(each.outcome, each.applied_minor) for each in answer.items] == [
        ("settled", 12_000), ("settled", -3_600),
    ]  # fmt: skip
    listed = (await desk.host(desk.settlement.ListBreaks, pb.ListBreaksRequest())).breaks
    assert [(each.type, each.amount_minor) for each in listed] == [
        ("wrong_amount", -50), ("wrong_amount", -100),
    ]  # fmt: skip
    held = await desk.accounts()
    assert (held["suspense", ""], held["bank", ""]) == (150, 8_250)
    assert {key for key in held if key[0] == "partner"} == {("partner", "fuel")}
    await desk.host(desk.settlement.EndBreak, pb.EndBreakRequest(number=1, how="bank_charge", why="a fee"))
    # It owes what was paid out too much, once a person says so.
    await allocate(desk, 2, "cinema")
    assert (await desk.accounts())["partner", "cinema"] == 50


async def test_of_a_payout_of_less_the_rest_stays_owed_until_a_run_pays_it(desk: Settling) -> None:
    run = await month(desk)
    cinema = payment_of(desk, run, "cinema")
    less = moved(cinema, "30.00", "DBIT", "B1")
    answer = await desk.receive(camt(camt_statement(less, opening="30.00", closing="0.00")))
    assert [(each.outcome, each.applied_minor) for each in answer.items] == [("part", -3_000)]
    cancel = pb.CancelPaymentRequest(end_to_end_id=cinema.end_to_end_id, why="the bank says that was all")
    assert (await desk.host(desk.settlement.CancelPayment, cancel)).left_minor == 600
    assert desk.dues(await desk.settled())["cinema"] == -600
