"""What becomes of each thing that a bank says."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from services.partners.domain.payments.bank_entries import BankItem
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.legs import Leg, LegState, MatchedBy
from services.partners.domain.payments.matching import (
    BreakType,
    Matched,
    Outcome,
    OutcomeKind,
    match_statement,
)
from tests.support.payment_model import MONDAY, OWN_IBAN, iban, item, leg, statement

INVOICE = leg(state=LegState.OPEN, message_id="")


def matched(items: Sequence[BankItem], *legs: Leg) -> Matched:
    return match_statement(statement(*items), legs, {OWN_IBAN})


def one(item_in: BankItem, *legs: Leg) -> tuple[Outcome, Leg]:
    found = matched([item_in], *legs)
    (outcome,) = found.outcomes
    parts = outcome.applied_minor + outcome.break_minor + outcome.charge_minor
    assert parts == item_in.amount_minor
    return outcome, found.legs[0]


def ids(of: Leg) -> str:
    return of.end_to_end_id


def test_a_collection_is_settled_by_its_end_to_end_id_whatever_the_letters_case():
    outcome, after = one(item(10_000, end_to_end_id=ids(leg()).lower()), leg())
    assert (outcome.kind, outcome.matched_by) == (OutcomeKind.SETTLED, MatchedBy.END_TO_END_ID)
    assert (outcome.applied_minor, outcome.break_type, outcome.on) == (10_000, None, MONDAY)
    assert (after.state, after.paid_minor) == (LegState.SETTLED, 10_000)


def test_a_payout_is_settled_by_money_that_goes_out():
    out = leg(direction=Direction.PAYOUT)
    outcome, after = one(item(-10_000, end_to_end_id=ids(out)), out)
    assert (outcome.kind, outcome.applied_minor, after.state) == (
        OutcomeKind.SETTLED,
        -10_000,
        LegState.SETTLED,
    )


@pytest.mark.parametrize(("amount", "difference"), [(9_999, -1), (10_001, 1)])
def test_a_collection_of_another_amount_than_was_instructed_is_settled_and_the_difference_a_break(
    amount: int, difference: int
):
    outcome, after = one(item(amount, end_to_end_id=ids(leg())), leg())
    assert (outcome.kind, outcome.break_type) == (OutcomeKind.SETTLED, BreakType.WRONG_AMOUNT)
    assert (outcome.applied_minor, outcome.break_minor) == (10_000, difference)
    assert (after.state, after.booked_minor) == (LegState.SETTLED, 10_000)


def test_a_payout_of_more_than_was_instructed_is_settled_and_the_rest_a_break():
    out = leg(direction=Direction.PAYOUT)
    outcome, after = one(item(-10_001, end_to_end_id=ids(out)), out)
    assert (outcome.kind, outcome.break_type) == (OutcomeKind.SETTLED, BreakType.WRONG_AMOUNT)
    assert (outcome.applied_minor, outcome.break_minor, after.due_minor) == (-10_000, -1, 0)


def test_of_a_payout_of_less_than_was_instructed_the_rest_is_still_owed_and_what_went_may_come_back():
    out = leg(direction=Direction.PAYOUT)
    outcome, after = one(item(-9_000, end_to_end_id=ids(out)), out)
    assert (outcome.kind, outcome.break_type) == (OutcomeKind.PART, BreakType.PARTIAL)
    assert (outcome.applied_minor, outcome.break_minor, after.due_minor) == (-9_000, 0, 1_000)
    back, returned = one(item(9_000, 2, end_to_end_id=ids(out), is_return=True), after)
    assert (back.kind, back.break_type, returned.due_minor) == (OutcomeKind.RETURNED, None, 10_000)


def test_a_debit_of_which_a_part_was_paid_by_transfer_before_is_over_by_that():
    before = leg().paid(4_000, by_instruction=False)
    outcome, after = one(item(10_000, end_to_end_id=ids(before)), before)
    assert (outcome.kind, outcome.applied_minor, outcome.break_minor) == (OutcomeKind.SETTLED, 6_000, 4_000)
    assert after.booked_minor == 6_000


def test_an_invoice_that_is_paid_by_its_end_to_end_id_may_be_paid_in_parts():
    outcome, after = one(item(4_000, end_to_end_id=ids(INVOICE)), INVOICE)
    assert (outcome.kind, outcome.applied_minor, after.due_minor) == (OutcomeKind.PART, 4_000, 6_000)


@pytest.mark.parametrize(
    "named",
    [
        {"creditor_reference": INVOICE.creditor_reference},
        {"remittance": f"invoice 17, {INVOICE.creditor_reference.lower()}"},
        {"remittance": INVOICE.creditor_reference, "end_to_end_id": "NOTPROVIDED", "counterparty_iban": "XX"},
        {"remittance": INVOICE.creditor_reference, "end_to_end_id": "their own 4711"},
    ],
)
def test_an_invoice_is_paid_by_its_reference(named: dict[str, object]):
    outcome, after = one(item(10_000, 1, **named), INVOICE)
    assert (outcome.kind, outcome.matched_by, after.state) == (
        OutcomeKind.SETTLED, MatchedBy.REFERENCE, LegState.SETTLED
    )  # fmt: skip


def test_an_invoice_that_is_paid_in_two_parts_is_settled_by_the_second():
    named = {"remittance": INVOICE.creditor_reference}
    found = matched([item(4_000, 1, **named), item(6_000, 2, **named)], INVOICE)
    first, second = found.outcomes
    assert (first.kind, first.break_type, first.applied_minor, first.break_minor) == (
        OutcomeKind.PART, BreakType.PARTIAL, 4_000, 0
    )  # fmt: skip
    assert "6000 minor units are still due" in first.note
    assert (second.kind, second.break_type) == (OutcomeKind.SETTLED, None)
    assert found.legs[0].state is LegState.SETTLED


def test_what_is_paid_beyond_an_invoice_is_a_break_of_the_rest():
    outcome, after = one(item(10_500, remittance=INVOICE.creditor_reference), INVOICE)
    assert (outcome.kind, outcome.break_type) == (OutcomeKind.SETTLED, BreakType.WRONG_AMOUNT)
    assert (outcome.applied_minor, outcome.break_minor, after.paid_minor) == (10_000, 500, 10_000)


def test_an_invoice_that_is_paid_again_is_a_duplicate():
    named = {"remittance": INVOICE.creditor_reference}
    _, second = matched([item(10_000, 1, **named), item(10_000, 2, **named)], INVOICE).outcomes
    assert (second.kind, second.break_type, second.break_minor) == (
        OutcomeKind.BREAK,
        BreakType.DUPLICATE,
        10_000,
    )


def test_the_same_movement_told_again_is_a_duplicate_in_one_statement_or_in_another():
    paid = item(10_000, end_to_end_id=ids(leg()))
    first, again = matched([paid, replace(paid, entry=2)], leg()).outcomes
    assert (first.kind, again.break_type) == (OutcomeKind.SETTLED, BreakType.DUPLICATE)
    half = item(5_000, remittance=INVOICE.creditor_reference)
    found = matched([half, replace(half, entry=2)], INVOICE)
    assert [each.kind for each in found.outcomes] == [OutcomeKind.PART, OutcomeKind.BREAK]
    later = match_statement(statement(paid), [leg()], {OWN_IBAN}, lambda each: each.key() == paid.key())
    assert later.outcomes[0].break_type is BreakType.DUPLICATE
    assert later.legs == (leg(),)


def test_movements_without_a_reference_of_the_bank_are_not_taken_for_one():
    named = {"remittance": INVOICE.creditor_reference, "bank_reference": ""}
    found = matched([item(5_000, 1, **named), item(5_000, 2, **named)], INVOICE)
    assert [each.kind for each in found.outcomes] == [OutcomeKind.PART, OutcomeKind.SETTLED]


def test_the_exact_amount_from_a_partners_account_is_matched_where_it_names_nothing():
    paid = item(10_000, counterparty_iban=iban(1, "ELSE"), remittance="settlement of february")
    outcome, _ = one(paid, INVOICE, leg(2, state=LegState.OPEN))
    assert (outcome.kind, outcome.matched_by) == (OutcomeKind.SETTLED, MatchedBy.AMOUNT_AND_ACCOUNT)


@pytest.mark.parametrize(
    "changes",
    [
        {"counterparty_iban": iban(9, "ELSE")},
        {"counterparty_iban": ""},
        {"amount_minor": 9_999},
        {"remittance": "RF712348231"},
        {"end_to_end_id": "R9-000000000001-1"},
        {"is_return": True},
    ],
)
def test_it_is_not_where_anything_speaks_against_it(changes: dict[str, object]):
    paid = replace(item(10_000, counterparty_iban=iban(1, "ELSE")), **changes)
    outcome, after = one(paid, INVOICE)
    assert (outcome.kind, outcome.break_type) == (OutcomeKind.BREAK, BreakType.UNKNOWN_REFERENCE)
    assert after == INVOICE


def test_what_the_bank_is_collecting_is_not_matched_by_its_amount():
    outcome, after = one(item(10_000, counterparty_iban=iban(1, "ELSE")), leg())
    assert (outcome.break_type, after) == (BreakType.UNKNOWN_REFERENCE, leg())


def test_it_is_not_where_two_payments_are_due_like_that():
    twin = leg(2, state=LegState.OPEN, counterparty_iban=INVOICE.counterparty_iban)
    outcome, _ = one(item(10_000, counterparty_iban=INVOICE.counterparty_iban), INVOICE, twin)
    assert outcome.break_type is BreakType.UNKNOWN_REFERENCE
    assert "2 payments" in outcome.note


def test_who_names_two_references_is_asked():
    other = leg(2, state=LegState.OPEN)
    both = f"{INVOICE.creditor_reference} {other.creditor_reference}"
    outcome, _ = one(item(20_000, remittance=both), INVOICE, other)
    assert outcome.break_type is BreakType.UNKNOWN_REFERENCE
    assert "2 references" in outcome.note


def test_a_debit_that_comes_back_weeks_later_is_due_again():
    settled = leg().paid(10_000, by_instruction=True)
    outcome, after = one(item(-10_000, end_to_end_id=ids(settled), is_return=True, reason="MD06"), settled)
    assert (outcome.kind, outcome.applied_minor, outcome.note) == (OutcomeKind.RETURNED, -10_000, "MD06")
    assert (after.state, after.paid_minor, after.due_minor) == (LegState.RETURNED, 0, 10_000)


def test_a_payout_that_comes_back_is_owed_again():
    settled = leg(direction=Direction.PAYOUT).paid(10_000, by_instruction=True)
    outcome, after = one(item(10_000, end_to_end_id=ids(settled), is_return=True, reason="AC04"), settled)
    assert (outcome.kind, outcome.applied_minor, after.state) == (
        OutcomeKind.RETURNED,
        10_000,
        LegState.RETURNED,
    )


def test_what_a_bank_takes_for_a_return_is_told_apart():
    settled = leg().paid(10_000, by_instruction=True)
    outcome, after = one(item(-10_350, end_to_end_id=ids(settled), is_return=True), settled)
    assert (outcome.kind, outcome.applied_minor, outcome.break_minor) == (OutcomeKind.RETURNED, -10_000, -350)
    assert (outcome.break_type, after.state) == (BreakType.WRONG_AMOUNT, LegState.RETURNED)


def test_a_debit_and_its_return_in_one_statement_end_well_in_whatever_order():
    back = item(-10_000, 1, end_to_end_id=ids(leg()), is_return=True)
    paid = item(10_000, 2, end_to_end_id=ids(leg()))
    found = matched([back, paid], leg())
    assert [each.kind for each in found.outcomes] == [OutcomeKind.SETTLED, OutcomeKind.RETURNED]
    assert found.legs[0].state is LegState.RETURNED


def test_a_debit_comes_back_once_and_not_out_of_what_was_paid_by_transfer_since():
    back = item(-10_000, 3, end_to_end_id=ids(leg()), is_return=True)
    returned = leg().paid(10_000, by_instruction=True).returned()
    for since in (4_000, 10_000):
        paid_since = returned.paid(since, by_instruction=False)
        outcome, after = one(back, paid_since)
        assert (outcome.break_type, after) == (BreakType.UNEXPECTED_RETURN, paid_since)
    assert returned.paid(4_000, by_instruction=False).due_minor == 6_000


def test_a_debit_that_arrives_after_a_transfer_for_it_is_a_duplicate_until_it_comes_back():
    transfer = item(10_000, 1, remittance=leg().creditor_reference)
    debit = item(10_000, 2, end_to_end_id=ids(leg()))
    back = item(-10_000, 3, end_to_end_id=ids(leg()), is_return=True)
    found = matched([transfer, debit, back], leg())
    assert [each.break_type for each in found.outcomes] == [
        None, BreakType.DUPLICATE, BreakType.UNEXPECTED_RETURN
    ]  # fmt: skip
    assert sum(each.break_minor for each in found.outcomes) == 0
    assert found.legs[0].state is LegState.SETTLED


def test_what_was_returned_can_be_paid_by_transfer():
    back = leg().paid(10_000, by_instruction=True).returned()
    outcome, after = one(item(10_000, remittance=back.creditor_reference), back)
    assert (outcome.kind, after.state) == (OutcomeKind.SETTLED, LegState.SETTLED)


@pytest.mark.parametrize("state", [LegState.INSTRUCTED, LegState.RETURNED, LegState.REJECTED])
def test_a_return_of_what_was_not_paid_is_a_break(state: LegState):
    before = leg(state=state)
    outcome, after = one(item(-10_000, end_to_end_id=ids(before), is_return=True), before)
    assert (outcome.break_type, after) == (BreakType.UNEXPECTED_RETURN, before)


def test_a_payout_that_comes_back_less_a_charge_that_is_not_told_is_owed_again_and_the_charge_is_a_break():
    settled = leg(direction=Direction.PAYOUT).paid(10_000, by_instruction=True)
    outcome, after = one(item(9_650, end_to_end_id=ids(settled), is_return=True), settled)
    assert (outcome.kind, outcome.applied_minor, outcome.break_minor) == (OutcomeKind.RETURNED, 10_000, -350)
    assert (outcome.break_type, outcome.charge_minor) == (BreakType.WRONG_AMOUNT, 0)
    assert "350 minor units less than had been paid" in outcome.note
    assert (after.state, after.due_minor) == (LegState.RETURNED, 10_000)


@pytest.mark.parametrize(
    ("direction", "amount"), [(Direction.PAYOUT, 9_650), (Direction.COLLECT, -10_350)]
)  # fmt: skip
def test_a_charge_that_the_bank_tells_of_is_no_break(direction: Direction, amount: int):
    settled = leg(direction=direction).paid(10_000, by_instruction=True)
    back = item(amount, end_to_end_id=ids(settled), is_return=True, charge_minor=-350)
    outcome, after = one(back, settled)
    assert (outcome.kind, outcome.applied_minor) == (OutcomeKind.RETURNED, -settled.sign * 10_000)
    assert (outcome.charge_minor, outcome.break_type, after.state) == (-350, None, LegState.RETURNED)


@pytest.mark.parametrize(("direction", "amount"), [(Direction.PAYOUT, -10_035), (Direction.COLLECT, 9_965)])
def test_a_payment_that_is_booked_with_a_charge_is_settled_and_the_charge_is_told(
    direction: Direction, amount: int
):
    told = leg(direction=direction)
    outcome, after = one(item(amount, end_to_end_id=ids(told), charge_minor=-35), told)
    assert (outcome.kind, outcome.applied_minor) == (OutcomeKind.SETTLED, told.sign * 10_000)
    assert (outcome.charge_minor, outcome.break_type, after.state) == (-35, None, LegState.SETTLED)


def test_a_charge_that_is_told_beside_the_right_amount_is_not_counted():
    outcome, _ = one(item(10_000, end_to_end_id=ids(leg()), charge_minor=-35), leg())
    assert (outcome.kind, outcome.applied_minor, outcome.charge_minor) == (OutcomeKind.SETTLED, 10_000, 0)


@pytest.mark.parametrize(
    ("due", "charge", "believed"), [(10_000, 5_000, True), (10_000, 5_001, False), (200_000, 10_000, True), (200_000, 10_001, False)]
)  # fmt: skip
def test_a_charge_of_more_than_a_bank_takes_is_not_believed(due: int, charge: int, believed: bool):
    told = leg(amount_minor=due)
    outcome, after = one(item(due - charge, end_to_end_id=ids(told), charge_minor=-charge), told)
    assert after.state is LegState.SETTLED
    assert (outcome.charge_minor, outcome.break_minor) == ((-charge, 0) if believed else (0, -charge))
    assert outcome.break_type is (None if believed else BreakType.WRONG_AMOUNT)


def test_an_invoice_that_is_paid_in_part_less_a_charge_is_paid_by_what_its_payer_sent():
    outcome, after = one(item(3_990, remittance=INVOICE.creditor_reference, charge_minor=-10), INVOICE)
    assert (outcome.kind, outcome.applied_minor, outcome.charge_minor) == (OutcomeKind.PART, 4_000, -10)
    assert after.due_minor == 6_000


@pytest.mark.parametrize("named", [leg().end_to_end_id, ""])
def test_what_is_nothing_but_a_charge_touches_no_payment_also_where_it_names_one(named: str):
    settled = leg().paid(10_000, by_instruction=True)
    outcome, after = one(item(-350, end_to_end_id=named, is_return=True, charge_minor=-350), settled)
    assert (outcome.kind, outcome.charge_minor, outcome.applied_minor) == (OutcomeKind.CHARGE, -350, 0)
    assert (outcome.leg_id, after) == (settled.leg_id if named else None, settled)


def test_a_fee_beside_a_return_that_is_told_as_one_too_is_not_taken_for_it():
    settled = leg().paid(10_000, by_instruction=True)
    named = {"end_to_end_id": ids(settled), "is_return": True}
    found = matched([item(-350, 1, **named), item(-10_000, 2, **named)], settled)
    assert [(each.kind, each.item) for each in found.outcomes] == [
        (OutcomeKind.RETURNED, item(-10_000, 2, **named)), (OutcomeKind.BREAK, item(-350, 1, **named))
    ]  # fmt: skip


def test_less_than_was_paid_that_somebody_sends_back_by_himself_is_a_break():
    settled = leg(direction=Direction.PAYOUT).paid(10_000, by_instruction=True)
    outcome, after = one(item(4_000, remittance=settled.creditor_reference), settled)
    assert (outcome.break_type, after) == (BreakType.UNEXPECTED_RETURN, settled)


def test_another_currency_is_a_break():
    outcome, after = one(item(10_000, currency="USD", end_to_end_id=ids(leg())), leg())
    assert (outcome.break_type, after) == (BreakType.CURRENCY, leg())


def test_a_statement_of_another_account_settles_nothing():
    strange = statement(item(10_000, end_to_end_id=ids(leg())), account_iban=iban(99))
    found = match_statement(strange, [leg()], {OWN_IBAN})
    assert found.outcomes[0].break_type is BreakType.WRONG_ACCOUNT
    assert found.legs == (leg(),)


def test_a_statement_tells_by_how_much_its_entries_fall_short():
    assert statement(item(10_000)).gap_minor() == 0
    assert statement(item(10_000), closing_minor=12_000).gap_minor() == 2_000
    assert statement(item(10_000), opening_minor=None).gap_minor() == 0


def test_legs_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="another's"):
        matched([], leg(), replace(leg(), leg_id=UUID(int=2)))
