"""Payments: money that is to come from a partner, or to go there, and what the bank made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.partners.domain.payments.instructions import Direction

#: A statement of a day comes in the night after it, or after a weekend: until then nobody can say that money is late.
BANK_TELLS_WITHIN: Final = timedelta(days=3)


class Method(StrEnum):
    """How it goes."""

    DIRECT_DEBIT = "direct_debit"
    INVOICE = "invoice"
    """The partner pays by itself, with the reference that it is told."""
    CREDIT_TRANSFER = "credit_transfer"


class EventKind(StrEnum):
    """What became of a payment."""

    ACCEPTED = "accepted"
    """The bank has taken the order; no money moved."""
    REJECTED = "rejected"
    """The bank has not taken it, and no money moves."""
    BOOKED = "booked"
    """What the bank was told to do is done."""
    TRANSFERRED = "transferred"
    """Its partner has paid by a transfer that names it, all of it or a part."""
    RETURNED = "returned"
    """What was booked came back."""
    CANCELLED = "cancelled"
    """Nobody waits for it any more."""
    CARRIED = "carried"
    """What was left of it is in a later run."""


class PaymentState(StrEnum):
    """How a payment stands."""

    OPEN = "open"
    """Nothing has come, or not all of it; it may still."""
    PAID = "paid"
    FAILED = "failed"
    """Rejected or returned: nobody pays it unless it is settled again."""
    CLOSED = "closed"
    """Cancelled, or what was left of it is in a later run."""


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount above zero in minor units. `due_on`: when it is to be executed, or paid. `file_number`: of the bank's file."""

    payment_id: UUID
    run_number: int | None
    partner_id: UUID
    attempt: int
    direction: Direction
    method: Method
    amount_minor: int
    end_to_end_id: str
    reference: str
    due_on: date
    terms_version: int
    file_number: int | None
    made_at_us: int

    @property
    def received_minor(self) -> int:
        """The amount as the bank books it: above zero it comes in."""
        return self.amount_minor if self.direction is Direction.COLLECT else -self.amount_minor


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """What happened on a day of the bank; an amount in minor units where money moved."""

    kind: EventKind
    amount_minor: int
    on: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment with what became of it.

    `paid_minor`: booked or transferred, less returned; `booked_minor`: what of that the bank was told to do, which alone can come
    back; `last_reason`, `failed_on`: why and when it was rejected or came back last, if it ever was.
    """

    payment: Payment
    paid_minor: int
    state: PaymentState
    last_reason: str = ""
    booked_minor: int = 0
    failed_on: date | None = None

    @property
    def late_from(self) -> date | None:
        """The day from which what is paid later is late; None: nothing is, or somebody else's run asks for it.

        An invoice is late after its due date, a debit from when it was rejected or came back: until then the operator had
        its time, or the money.
        """
        if self.payment.direction is not Direction.COLLECT or self.state is PaymentState.CLOSED:
            return None
        return self.payment.due_on if self.payment.method is Method.INVOICE else self.failed_on

    @property
    def left_minor(self) -> int:
        """What is not paid, in minor units, never below zero."""
        return max(0, self.payment.amount_minor - self.paid_minor)

    @property
    def covered_minor(self) -> int:
        """What may still come of it, as the partner's account has it: above zero from the partner, below zero to it."""
        if self.state is not PaymentState.OPEN:
            return 0
        return self.left_minor if self.payment.direction is Direction.COLLECT else -self.left_minor

    def is_overdue(self, today: date) -> bool:
        """Whether it is open although the bank should have told of it by now."""
        return self.state is PaymentState.OPEN and self.payment.due_on + BANK_TELLS_WITHIN < today


def standing(payment: Payment, events: Iterable[PaymentEvent]) -> Standing:
    """How a payment stands after its events, oldest first.

    A debit or a transfer of ours that failed is not tried again by anybody; its partner may still pay it by a transfer.
    """
    paid, booked, state, reason = 0, 0, PaymentState.OPEN, ""
    failed_on: date | None = None
    for event in events:
        match event.kind:
            case EventKind.BOOKED | EventKind.TRANSFERRED:
                paid += event.amount_minor
                booked += event.amount_minor if event.kind is EventKind.BOOKED else 0
                if paid >= payment.amount_minor:
                    state = PaymentState.PAID
            case EventKind.RETURNED:
                paid, booked, reason, failed_on = paid - event.amount_minor, 0, event.reason, event.on
                if state is not PaymentState.CLOSED:
                    state = PaymentState.FAILED
            case EventKind.REJECTED:
                state, reason, failed_on = PaymentState.FAILED, event.reason, event.on
            case EventKind.CANCELLED | EventKind.CARRIED:
                state = PaymentState.CLOSED
            case EventKind.ACCEPTED:
                pass
    return Standing(payment, paid, state, reason, booked, failed_on)
