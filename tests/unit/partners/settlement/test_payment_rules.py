"""By what a run makes its payments: days of the terms, from when it is instructed, and it is all in what is approved."""

from __future__ import annotations

from datetime import date

import pytest

from services.partners.domain.payments.terms import PaymentTermsVersion
from services.partners.domain.settlement.payment_rule import PaymentRule
from services.partners.domain.settlement.runs import Outcome
from tests.support.payment_model import terms

WEDNESDAY = date(2026, 3, 11)


def rule(
    outcome: Outcome = Outcome.PAY, version: int = 1, carries: tuple[str, ...] = (), **changes: object
) -> PaymentRule:
    return PaymentRule(outcome, PaymentTermsVersion(terms(**changes), version), carries)


@pytest.mark.parametrize(
    ("outcome", "due_on"),
    [
        (Outcome.COLLECT, date(2026, 3, 12)),
        (Outcome.INVOICE, date(2026, 3, 16)),
        (Outcome.PAY, date(2026, 3, 16)),
    ],
)
def test_a_debit_goes_by_its_notice_and_the_rest_by_due_days_on_days_on_which_banks_work(
    outcome: Outcome, due_on: date
):
    assert rule(outcome, prenotification_days=1, due_days=3).due_on(WEDNESDAY) == due_on


@pytest.mark.parametrize(
    "other",
    [
        rule(due_days=4),
        rule(version=2),
        rule(carries=("R1-000000000001-1",)),
        rule(Outcome.COLLECT, prenotification_days=5),
    ],
)
def test_what_changes_a_payment_changes_what_is_approved(other: PaymentRule):
    assert other.document() != rule().document()
