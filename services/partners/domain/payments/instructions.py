"""What a bank is told to do: collect an amount from a partner's account, or pay one out to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.partners.domain.payments.accounts import BankAccount
from services.partners.domain.payments.calendar import is_bank_day
from services.partners.domain.payments.sepa_text import read_reference
from services.partners.domain.payments.terms import Mandate
from services.partners.domain.text import read_name
from services.runtime.errors import InvalidRequest

# The most that a SEPA credit transfer may be of: 999,999,999.99 (EPC125-05).
AMOUNT_MINOR_MAX: Final = 99_999_999_999
CURRENCY: Final = "EUR"


class Direction(StrEnum):
    """Which way money goes, seen from the operator."""

    COLLECT = "collect"
    """In: from the partner."""
    PAYOUT = "payout"
    """Out: to the partner."""


class Sequence(StrEnum):
    """Whether a debit is the first under its mandate. Since 2016 a first one may be told as RCUR as well (EPC016-06)."""

    FRST = "FRST"
    RCUR = "RCUR"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment. `amount_minor` > 0 whichever way; `mandate` and `sequence` of a collection only; `on`: a bank day.

    `remittance`: what the partner reads, e.g. the numbers of documents; up to 140 characters reach it.
    """

    direction: Direction
    amount_minor: int
    currency: str
    end_to_end_id: str
    account: BankAccount
    on: date
    remittance: str
    mandate: Mandate | None = None
    sequence: Sequence | None = None

    def checked(self) -> Instruction:
        """The same. Raises InvalidRequest where a bank would refuse it."""
        if not 1 <= self.amount_minor <= AMOUNT_MINOR_MAX:
            raise InvalidRequest(
                f"a payment is of 1 to {AMOUNT_MINOR_MAX:,} minor units", field="amount_minor"
            )
        if self.currency != CURRENCY:
            raise InvalidRequest(f"SEPA payments are in {CURRENCY}", field="currency")
        if not is_bank_day(self.on):
            raise InvalidRequest(f"{self.on} is no day on which banks settle", field="on")
        collects = self.direction is Direction.COLLECT
        if collects != (self.mandate is not None) or collects != (self.sequence is not None):
            raise InvalidRequest(
                "a collection has a mandate and a sequence, a payout has neither", field="mandate"
            )
        read_reference(self.end_to_end_id, "end_to_end_id")
        read_name(self.remittance, "remittance", 1_000)
        self.account.checked()
        return self
