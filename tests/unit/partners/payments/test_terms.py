"""Payment terms: what may be agreed, when it counts, and what follows from it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.partners.domain.drafts import body_of
from services.partners.domain.payments.accounts import (
    Address,
    OperatorAccountVersion,
    operator_document,
    parse_operator,
)
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.terms import (
    Mandate,
    Method,
    PaymentTermsVersion,
    Scheme,
    in_force,
    parse_terms,
    terms_document,
)
from services.runtime.errors import Fault, InvalidRequest
from tests.support.payment_model import MONDAY, account, instruction, mandate, own_account, terms

DEBIT = terms(method=Method.DIRECT_DEBIT, mandate=mandate(), prenotification_days=5)


def test_terms_are_read_back_from_their_draft_as_they_were_made():
    for each in (DEBIT, terms(late_interest_bp=912, suspend_after_days=30, least_payout_minor=5_000)):
        assert parse_terms(body_of(terms_document(each))) == each
    own = own_account()
    assert parse_operator(body_of(operator_document(own))) == own


def test_a_draft_that_was_tampered_with_is_a_fault():
    body = body_of(terms_document(DEBIT))
    for wrong in (body.replace(b'"due_days":14', b'"due_days":"14"'), body.replace(b"M-1", b"M//1"), b"{}"):
        with pytest.raises(Fault):
            parse_terms(wrong)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"method": Method.DIRECT_DEBIT}, "mandate"),
        ({"mandate": mandate()}, "mandate"),
        ({"prenotification_days": 0}, "prenotification_days"),
        ({"due_days": 367}, "due_days"),
        ({"least_payout_minor": -1}, "least_payout_minor"),
        ({"reminder_days": 0}, "reminder_days"),
        ({"reminders_max": 11}, "reminders_max"),
        ({"late_interest_bp": 10_001}, "late_interest_bp"),
        ({"returned_fee_minor": -1}, "returned_fee_minor"),
        ({"suspend_after_days": -1}, "suspend_after_days"),
        ({"account": replace(account(), iban="NL00ELSE0000000007")}, "account.iban"),
        ({"account": replace(account(), iban="nl")}, "account.iban"),
        ({"account": replace(account(), bic="SHORT")}, "account.bic"),
        ({"account": replace(account(), holder=" ")}, "account.holder"),
        (
            {"account": replace(account(), address=Address("a", "b", "c", "Germany"))},
            "account.address.country",
        ),
        ({"account": replace(account(), address=Address("a", "", "c", "DE"))}, "account.address.town"),
    ],
)
def test_what_cannot_be_agreed_is_refused_with_its_field(changes: dict[str, object], field: str):
    with pytest.raises(InvalidRequest) as refused:
        terms(**changes).checked()
    assert refused.value.metadata["field"] == field


@pytest.mark.parametrize(
    "wrong", [Mandate("", MONDAY, Scheme.B2B), Mandate("M-1", date(2026, 3, 2), Scheme.CORE)]
)
def test_a_mandate_has_an_id_and_was_signed_before(wrong: Mandate):
    with pytest.raises(InvalidRequest):
        replace(DEBIT, mandate=wrong).checked()


def test_a_creditor_identifier_with_wrong_digits_is_refused():
    with pytest.raises(InvalidRequest):
        replace(own_account(), creditor_id="NL78ZZZ999999990000").checked()
    assert replace(own_account(), creditor_id="").checked().creditor_id == ""


def test_the_highest_version_that_is_valid_by_then_counts():
    late = replace(DEBIT, valid_from=date(2026, 6, 1))
    versions = [PaymentTermsVersion(late, 1), PaymentTermsVersion(DEBIT, 2), PaymentTermsVersion(late, 3)]
    assert in_force(versions, date(2026, 2, 28)) is None
    assert in_force(versions, date(2026, 5, 31)) == versions[1]
    assert in_force(versions, date(2026, 6, 1)) == versions[2]
    assert in_force([OperatorAccountVersion(own_account(), 1)], date(2026, 1, 1)) is not None


def test_days_of_terms_are_calendar_days_and_end_on_a_bank_day():
    # 5 days after Monday 30 March is the Saturday before Easter.
    assert DEBIT.collected_on(date(2026, 3, 30)) == date(2026, 4, 7)
    assert terms(due_days=14).due_on(MONDAY) == MONDAY + timedelta(days=14)
    assert terms(reminder_days=10, reminders_max=2).reminders_on(MONDAY) == (
        date(2026, 3, 12),
        date(2026, 3, 22),
    )
    assert terms(suspend_after_days=30).suspended_on(MONDAY) == date(2026, 4, 1)
    assert terms().suspended_on(MONDAY) is None
    assert terms(reminders_max=0).reminders_on(MONDAY) == ()


def test_late_interest_is_simple_of_actual_days_in_365_and_rounded_down():
    agreed = terms(late_interest_bp=912)
    assert agreed.late_interest_minor(1_000_000, MONDAY, MONDAY) == 0
    assert agreed.late_interest_minor(1_000_000, MONDAY, MONDAY - timedelta(days=3)) == 0
    assert agreed.late_interest_minor(1_000_000, MONDAY, MONDAY + timedelta(days=365)) == 91_200
    # 10,000.00 x 9.12 % x 30 / 365 = 74.958...
    assert agreed.late_interest_minor(1_000_000, MONDAY, MONDAY + timedelta(days=30)) == 7_495


def test_less_than_the_least_payout_is_carried_forward():
    agreed = terms(least_payout_minor=5_000)
    assert [agreed.pays_out(amount) for amount in (-1, 0, 4_999, 5_000)] == [False, False, False, True]
    assert [terms().pays_out(amount) for amount in (0, 1)] == [False, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 0},
        {"amount_minor": 10**11},
        {"currency": "USD"},
        {"on": date(2026, 3, 1)},
        {"end_to_end_id": "x" * 36},
        {"mandate": mandate()},
        {"remittance": ""},
        {"account": replace(account(), iban="NL00ELSE0000000007")},
    ],
)
def test_what_a_bank_would_refuse_is_not_instructed(changes: dict[str, object]):
    assert instruction().checked()
    with pytest.raises(InvalidRequest):
        instruction(1, Direction.PAYOUT, **changes).checked()


def test_a_collection_needs_its_mandate():
    assert instruction(direction=Direction.COLLECT).checked()
    with pytest.raises(InvalidRequest):
        instruction(direction=Direction.COLLECT, mandate=None).checked()
