"""Payment terms of a partner: how it pays and is paid, and what follows where it does not pay. Dated versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from services.partners.domain.drafts import parse_body, whole
from services.partners.domain.payments.accounts import BankAccount, account_document, account_from
from services.partners.domain.payments.calendar import next_bank_day
from services.partners.domain.payments.sepa_text import read_reference
from services.runtime.errors import InvalidRequest
from services.runtime.ids import from_text, to_text

KIND: Final = "payment_terms"
AMOUNT_MINOR_MAX: Final = 10**12
DAYS_MAX: Final = 366
REMINDERS_MAX: Final = 10
INTEREST_BP_MAX: Final = 10_000
_BP_DAYS_OF_A_YEAR: Final = 10_000 * 365


class Method(StrEnum):
    """How a partner pays what it owes."""

    DIRECT_DEBIT = "direct_debit"
    """The operator collects it, under a mandate."""
    INVOICE = "invoice"
    """It pays by transfer, naming the creditor reference, by a due date."""


class Scheme(StrEnum):
    """Which rules a mandate is under: CORE may be returned for eight weeks without a reason, B2B may not."""

    CORE = "CORE"
    B2B = "B2B"


@dataclass(frozen=True, slots=True)
class Mandate:
    """A direct-debit mandate that the partner signed."""

    mandate_id: str
    signed_on: date
    scheme: Scheme


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Terms of a partner from a business date (`valid_from`) on. Money in minor units, days are calendar days.

    `prenotification_days`: told so long before it is collected; `due_days`: an invoice's; `least_payout_minor`: less than that
    is carried forward; `reminder_days`: after the due date, and again after each reminder, up to `reminders_max` of them;
    `late_interest_bp`: hundredths of a per cent a year; `returned_fee_minor`: for a debit that came back; `suspend_after_days`:
    after the due date, 0: never.
    """

    partner_id: UUID
    method: Method
    account: BankAccount
    valid_from: date
    mandate: Mandate | None = None
    prenotification_days: int = 14
    due_days: int = 14
    least_payout_minor: int = 0
    reminder_days: int = 7
    reminders_max: int = 3
    late_interest_bp: int = 0
    returned_fee_minor: int = 0
    suspend_after_days: int = 0

    def checked(self) -> PaymentTerms:
        """The same terms. Raises InvalidRequest where one is out of its range, or a direct debit without a mandate."""
        if (self.method is Method.DIRECT_DEBIT) != (self.mandate is not None):
            raise InvalidRequest("a direct debit has a mandate, an invoice has none", field="mandate")
        if self.mandate is not None:
            read_reference(self.mandate.mandate_id, "mandate.mandate_id")
            if self.mandate.signed_on > self.valid_from:
                raise InvalidRequest("a mandate is signed before it is used", field="mandate.signed_on")
        for field, least, most in (
            ("prenotification_days", 1, DAYS_MAX),
            ("due_days", 0, DAYS_MAX),
            ("least_payout_minor", 0, AMOUNT_MINOR_MAX),
            ("reminder_days", 1, DAYS_MAX),
            ("reminders_max", 0, REMINDERS_MAX),
            ("late_interest_bp", 0, INTEREST_BP_MAX),
            ("returned_fee_minor", 0, AMOUNT_MINOR_MAX),
            ("suspend_after_days", 0, DAYS_MAX),
        ):
            if not least <= getattr(self, field) <= most:
                raise InvalidRequest(f"{field} is {least} to {most:,}", field=field)
        return replace(self, account=self.account.checked())

    def collected_on(self, told_on: date) -> date:
        """The bank day on which a debit that is told of on a day is collected."""
        return next_bank_day(told_on + timedelta(days=self.prenotification_days))

    def due_on(self, issued_on: date) -> date:
        """The bank day by which an invoice of a day is to be paid."""
        return next_bank_day(issued_on + timedelta(days=self.due_days))

    def reminders_on(self, due_on: date) -> tuple[date, ...]:
        """The days on which to remind of what was due on a day, first one first."""
        days = range(1, self.reminders_max + 1)
        return tuple(due_on + timedelta(days=count * self.reminder_days) for count in days)

    def suspended_on(self, due_on: date) -> date | None:
        """The day from which a partner is suspended that has not paid what was due on a day; None: it never is."""
        return due_on + timedelta(days=self.suspend_after_days) if self.suspend_after_days else None

    def pays_out(self, amount_minor: int) -> bool:
        """Whether an amount owed to the partner is paid out; if not, it is carried forward."""
        return amount_minor > 0 and amount_minor >= self.least_payout_minor

    def late_interest_minor(self, amount_minor: int, due_on: date, until: date) -> int:
        """Interest on an amount from the day after it was due up to a day, that one included: simple, actual days / 365, floor."""
        days = max(0, (until - due_on).days)
        return amount_minor * self.late_interest_bp * days // _BP_DAYS_OF_A_YEAR


@dataclass(frozen=True, slots=True)
class PaymentTermsVersion:
    """Terms in the books: version from 1 a partner.

    `draft_id`: what two people made it by; None: set by one, in a test programme.
    """

    terms: PaymentTerms
    version: int
    draft_id: UUID | None = None


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...


class _Version(Protocol):
    @property
    def terms(self) -> _Dated: ...
    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=_Version)


def in_force(versions: Iterable[T], day: date) -> T | None:
    """The version that counts on a business date: the highest of those that are valid by then; of terms or of the operator's account."""
    valid = (each for each in versions if each.terms.valid_from <= day)
    return max(valid, key=lambda each: each.version, default=None)


def terms_document(terms: PaymentTerms) -> dict[str, Any]:
    """What a draft and the audit log say of terms."""
    mandate = terms.mandate
    return {
        "account": account_document(terms.account),
        "due_days": terms.due_days,
        "late_interest_bp": terms.late_interest_bp,
        "least_payout_minor": terms.least_payout_minor,
        "mandate": mandate
        and {
            "mandate_id": mandate.mandate_id,
            "scheme": mandate.scheme.value,
            "signed_on": mandate.signed_on.isoformat(),
        },
        "method": terms.method.value,
        "partner_id": to_text("ptr", terms.partner_id),
        "prenotification_days": terms.prenotification_days,
        "reminder_days": terms.reminder_days,
        "reminders_max": terms.reminders_max,
        "returned_fee_minor": terms.returned_fee_minor,
        "suspend_after_days": terms.suspend_after_days,
        "valid_from": terms.valid_from.isoformat(),
    }


def parse_terms(body: bytes) -> PaymentTerms:
    """Reads the body of a draft. Raises Fault for one that `terms_document` has not made: nobody else makes any."""
    return parse_body(KIND, body, _read, terms_document)


def _read(said: Mapping[str, Any]) -> PaymentTerms:
    mandate = said["mandate"]
    return PaymentTerms(
        from_text("ptr", said["partner_id"]),
        Method(said["method"]),
        account_from(said["account"]),
        date.fromisoformat(said["valid_from"]),
        mandate
        and Mandate(
            mandate["mandate_id"], date.fromisoformat(mandate["signed_on"]), Scheme(mandate["scheme"])
        ),
        whole(said["prenotification_days"]),
        whole(said["due_days"]),
        whole(said["least_payout_minor"]),
        whole(said["reminder_days"]),
        whole(said["reminders_max"]),
        whole(said["late_interest_bp"]),
        whole(said["returned_fee_minor"]),
        whole(said["suspend_after_days"]),
    ).checked()
