"""What a partner has agreed on paying and being paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TOLD_OF_AN_IBAN: Final = 4


@dataclass(frozen=True, slots=True)
class Mandate:
    """A direct-debit mandate. `signed_on`: a date as YYYY-MM-DD; `scheme`: `core` or `b2b`."""

    mandate_id: str
    signed_on: str
    scheme: str


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """A version of a partner's payment terms, from a date on. Minor units, days, hundredths of a per cent a year.

    `iban`: all but the last four characters are masked, so that a key that is lost tells no account. `mandate` None: it pays by
    invoice. `suspend_after_days` 0: never.
    """

    version: int
    valid_from: str
    holder: str
    iban: str
    bic: str
    mandate: Mandate | None
    prenotification_days: int
    due_days: int
    least_payout_minor: int
    reminder_days: int
    reminders_max: int
    late_interest_bp: int
    returned_fee_minor: int
    suspend_after_days: int


def masked(iban: str) -> str:
    """An IBAN of which only the last four characters can be read."""
    return "*" * max(0, len(iban) - _TOLD_OF_AN_IBAN) + iban[-_TOLD_OF_AN_IBAN:]
