"""Settlement runs: what each partner has to pay or is paid for its statements, and how far that has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from services.partners.domain.payments.instructions import Direction
from services.partners.domain.settlement.payments import PaymentState, Standing
from services.runtime.audit import canonical
from services.runtime.ids import to_text

RUNS_A_PAGE_MAX: Final = 100


class RunState(StrEnum):
    """Where a run stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    INSTRUCTED = "instructed"
    """Documents are issued, and the bank's files are made: from here on nothing is taken back."""
    COLLECTED = "collected"
    """All that was to come has come."""
    PAID = "paid"
    """And all that was to go has gone."""
    SETTLED = "settled"
    PARTIAL = "partial"
    """Something was rejected, came back or is overdue; the rest goes on."""
    ABORTED = "aborted"


class Outcome(StrEnum):
    """What a run does about a partner."""

    COLLECT = "collect"
    INVOICE = "invoice"
    PAY = "pay"
    NOTHING = "nothing"
    BELOW_LEAST = "below_least"
    """Less than the least that is paid out: it stays in the partner's account for a later run."""
    LEFT_OUT = "left_out"
    """Its statements wait for a later run: `why` says what for."""


@dataclass(frozen=True, slots=True)
class Position:
    """A partner in a run, in minor units: above zero it pays.

    `statements_minor`: the nets of its statements, which end with windows `first_window` to `last_window` (both None: none is
    due, and only what is open of before is settled). `documents_minor` and `tax_minor`: what documents of these say, each line rounded; what they differ
    by from the nets is rounding. `brought_forward_minor`: what its account held that no payment waits for. `prefunding_minor`: what
    is asked for ahead (above zero) or given back, `set_off_minor`: what is paid by what was paid ahead, never below zero; `orders`:
    the numbers of what was wanted of that.
    """

    partner_id: UUID
    statement_ids: tuple[UUID, ...]
    first_window: int | None
    last_window: int | None
    statements_minor: int
    documents_minor: int
    tax_minor: int
    brought_forward_minor: int
    outcome: Outcome
    why: str = ""
    prefunding_minor: int = 0
    set_off_minor: int = 0
    orders: tuple[int, ...] = ()

    @property
    def due_minor(self) -> int:
        """What it pays (above zero) or is paid."""
        owed = self.documents_minor + self.tax_minor + self.brought_forward_minor
        return owed + self.prefunding_minor - self.set_off_minor

    @property
    def rounding_minor(self) -> int:
        """What rounding every line of a document adds to the nets of the statements."""
        return self.documents_minor - self.statements_minor if self.outcome is not Outcome.LEFT_OUT else 0

    def document(self) -> dict[str, Any]:
        """What an approval rests on."""
        return {
            "brought_forward_minor": self.brought_forward_minor,
            "documents_minor": self.documents_minor,
            "due_minor": self.due_minor,
            "first_window": self.first_window,
            "last_window": self.last_window,
            "outcome": self.outcome.value,
            "partner_id": to_text("ptr", self.partner_id),
            "prefunding_minor": self.prefunding_minor,
            "prefunding_orders": list(self.orders),
            "set_off_minor": self.set_off_minor,
            "statements": [to_text("stm", each) for each in self.statement_ids],
            "statements_minor": self.statements_minor,
            "tax_minor": self.tax_minor,
            "why": self.why,
        }


def outcome_of(due_minor: int, *, by_direct_debit: bool, least_payout_minor: int) -> Outcome:
    """What is done about an amount that a partner owes (above zero) or is owed."""
    if due_minor > 0:
        return Outcome.COLLECT if by_direct_debit else Outcome.INVOICE
    if due_minor == 0:
        return Outcome.NOTHING
    return Outcome.PAY if -due_minor >= least_payout_minor else Outcome.BELOW_LEAST


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that a run would do.

    `seals`: a SHA-256 of the operator's account, and one for each partner that is settled, in the order of positions: of its
    documents, its terms, and the rule by which its payment is made.
    """

    until_window: int
    positions: tuple[Position, ...]
    seals: tuple[bytes, ...]

    @property
    def collect_minor(self) -> int:
        """What is to come."""
        return sum(each.due_minor for each in self.positions if each.outcome in _COMES)

    @property
    def pay_minor(self) -> int:
        """What is to go, above zero."""
        return -sum(each.due_minor for each in self.positions if each.outcome is Outcome.PAY)

    @property
    def settled(self) -> tuple[Position, ...]:
        """Those that are not left out."""
        return tuple(each for each in self.positions if each.outcome is not Outcome.LEFT_OUT)

    def sha256(self) -> bytes:
        """Over all positions and seals: it changes with every amount, account, document, term and rule.

        Not with the day on which it is instructed: that day dates documents and payments, by the rule.
        """
        said = {
            "positions": [each.document() for each in self.positions],
            "seals": [each.hex() for each in self.seals],
            "until_window": self.until_window,
        }
        return sha256(canonical(said).encode()).digest()


_COMES: Final = (Outcome.COLLECT, Outcome.INVOICE)
# In the order in which a run goes through them once it is instructed.
FORWARD: Final = (RunState.INSTRUCTED, RunState.COLLECTED, RunState.PAID, RunState.SETTLED)


def state_of(payments: Iterable[Standing], today: date) -> RunState:
    """Where a run that is instructed stands, by its payments.

    PARTIAL where one failed or is overdue; else COLLECTED once nothing is to come any more, and SETTLED once nothing is to go
    either. What a later run took over is no more this one's.
    """
    waiting = {Direction.COLLECT: 0, Direction.PAYOUT: 0}
    for each in payments:
        if each.state is PaymentState.FAILED or each.is_overdue(today):
            return RunState.PARTIAL
        waiting[each.payment.direction] += each.state is PaymentState.OPEN
    if waiting[Direction.COLLECT]:
        return RunState.INSTRUCTED
    return RunState.COLLECTED if waiting[Direction.PAYOUT] else RunState.SETTLED


def steps_between(now: RunState, wanted: RunState) -> Sequence[RunState]:
    """The states to go through from where a run stands, one after the other; none: it stands there.

    Payments that wait again after a run was collected (a transfer of a partner came back) make it partial until they are there.
    """
    if now is wanted:
        return ()
    if wanted is RunState.PARTIAL:
        return (RunState.PARTIAL,)
    if now is RunState.PARTIAL:
        return (wanted,)
    at, to = FORWARD.index(now), FORWARD.index(wanted)
    return FORWARD[at + 1 : to + 1] if to > at else (RunState.PARTIAL,)
