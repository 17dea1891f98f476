"""Payment terms, as a partner reads its own."""

from __future__ import annotations

from typing import Any

from services.gateway.domain.payment_terms import PaymentTerms


def payment_terms_answer(terms: PaymentTerms) -> dict[str, Any]:
    """A version of payment terms, of schemas.payment_terms.PaymentTerms."""
    mandate = terms.mandate
    return {
        "object": "payment_terms",
        "version": terms.version,
        "valid_from": terms.valid_from,
        "method": "invoice" if mandate is None else "direct_debit",
        "account": {"holder": terms.holder, "iban": terms.iban, "bic": terms.bic},
        "mandate": mandate
        and {"id": mandate.mandate_id, "signed_on": mandate.signed_on, "scheme": mandate.scheme},
        "prenotification_days": terms.prenotification_days,
        "due_days": terms.due_days,
        "least_payout_minor": terms.least_payout_minor,
        "reminder_days": terms.reminder_days,
        "reminders_max": terms.reminders_max,
        "late_interest_basis_points": terms.late_interest_bp,
        "returned_fee_minor": terms.returned_fee_minor,
        "suspend_after_days": terms.suspend_after_days,
    }
