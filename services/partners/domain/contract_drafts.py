"""Prices and billing as drafts say them: canonical bodies, written here and read back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.partners.domain.billing import Cycle, Terms
from services.partners.domain.drafts import parse_body, whole
from services.partners.domain.rates import Rates, TypePrices
from services.runtime.clock import from_micros, to_micros
from services.runtime.ids import from_text, to_text

RATES_KIND: Final = "rates"
BILLING_KIND: Final = "billing"


def rates_document(rates: Rates) -> dict[str, Any]:
    """What a draft and the audit log say of prices."""
    return {
        "bonus": rates.bonus._asdict() if rates.bonus else None,
        "issue_micros": rates.issue_micros,
        "issue_share_percent": rates.issue_share_percent,
        "partner_id": to_text("ptr", rates.partner_id),
        "reimbursement_micros": rates.reimbursement_micros,
        "transaction_fee_micros": rates.transaction_fee_micros,
        "valid_from": from_micros(rates.valid_from_us).isoformat(),
        "valid_to": from_micros(rates.valid_to_us).isoformat() if rates.valid_to_us else None,
    }


def billing_document(terms: Terms) -> dict[str, Any]:
    """What a draft and the audit log say of billing."""
    return {
        "cycle": terms.cycle.value,
        "cycle_fee_minor": terms.cycle_fee_minor,
        "objection_days": terms.objection_days,
        "partner_id": to_text("ptr", terms.partner_id),
    }


def parse_rates(body: bytes) -> Rates:
    """Reads the body of a draft of prices. Raises Fault for one that `rates_document` has not made: nobody else makes any."""
    return parse_body(RATES_KIND, body, _rates, rates_document)


def parse_billing(body: bytes) -> Terms:
    """Reads the body of a draft of billing. Raises Fault for one that `billing_document` has not made."""
    return parse_body(BILLING_KIND, body, _terms, billing_document)


def micros_of(text: str | None) -> int:
    """Microseconds of a time with its offset; 0 where there is none."""
    return to_micros(datetime.fromisoformat(text)) if text is not None else 0


def _rates(said: Mapping[str, Any]) -> Rates:
    bonus = said["bonus"]
    return Rates(
        from_text("ptr", said["partner_id"]),
        whole(said["issue_micros"]),
        whole(said["reimbursement_micros"]),
        micros_of(said["valid_from"]),
        micros_of(said["valid_to"]),
        whole(said["issue_share_percent"]),
        whole(said["transaction_fee_micros"]),
        None
        if bonus is None
        else TypePrices(whole(bonus["issue_micros"]), whole(bonus["reimbursement_micros"])),
    ).checked()


def _terms(said: Mapping[str, Any]) -> Terms:
    return Terms(
        from_text("ptr", said["partner_id"]),
        Cycle(said["cycle"]),
        whole(said["cycle_fee_minor"]),
        whole(said["objection_days"]),
    ).checked()
