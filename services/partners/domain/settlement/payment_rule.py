"""By which rule a run makes a payment: approved with it, and applied on the day on which it is instructed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.partners.domain.payments.terms import PaymentTermsVersion
from services.partners.domain.settlement.runs import Outcome


@dataclass(frozen=True, slots=True)
class PaymentRule:
    """How a partner's payment is made. `carries`: end-to-end ids of payments that failed, which it takes over."""

    outcome: Outcome
    terms: PaymentTermsVersion
    carries: tuple[str, ...]

    def due_on(self, instructed_on: date) -> date:
        """The bank day on which it is collected, or by which it is paid, if it is instructed on a day."""
        terms = self.terms.terms
        return terms.collected_on(instructed_on) if self._collects else terms.due_on(instructed_on)

    def document(self) -> dict[str, Any]:
        """What an approval rests on, besides the terms themselves: days are counted from the day of the instruction, on no fixed date."""
        terms = self.terms.terms
        return {
            "carries": list(self.carries),
            "days": terms.prenotification_days if self._collects else terms.due_days,
            "days_from": "instructed",
            "next_bank_day": "T2",
            "sequence": "FRST until a debit was booked" if self._collects else "",
            "terms_version": self.terms.version,
        }

    @property
    def _collects(self) -> bool:
        return self.outcome is Outcome.COLLECT
