"""A partner's operations, as its books have them: one for each thing that it asked for, whatever postings that made.

The figures are those that statements sum, and each is counted where its own posting lies: the sums over the stretches of
the journal that a statement covers are the statement's, to the point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.movements import MovementKind


class OperationKind(StrEnum):
    """What kind of operation it is."""

    EARN = "earn"
    REDEMPTION = "redemption"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    REVERSAL = "reversal"
    TRANSFER = "transfer"
    BONUS = "bonus"
    DEBT_REPAYMENT = "debt_repayment"
    REFUND_PART = "refund_part"


#: Kinds that a partner can name by a reference.
NAMED: Final = frozenset(
    {
        OperationKind.EARN,
        OperationKind.REDEMPTION,
        OperationKind.HOLD,
        OperationKind.CAPTURE,
        OperationKind.VOID,
        OperationKind.REFUND,
        OperationKind.REVERSAL,
        OperationKind.TRANSFER,
    }
)
_KINDS: Final = {
    MovementKind.EARN: OperationKind.EARN,
    MovementKind.REDEEM: OperationKind.REDEMPTION,
    MovementKind.HOLD: OperationKind.HOLD,
    MovementKind.CAPTURE: OperationKind.CAPTURE,
    MovementKind.VOID: OperationKind.VOID,
    MovementKind.REFUND: OperationKind.REFUND,
    MovementKind.TRANSFER: OperationKind.TRANSFER,
    MovementKind.GRANT: OperationKind.BONUS,
    MovementKind.REPAY: OperationKind.DEBT_REPAYMENT,
}


class Figures(NamedTuple):
    """Points, each 0 or more, and money in minor units. `bonus_…` are points that campaigns gave on top."""

    issued: int = 0
    reversed: int = 0
    burned: int = 0
    returned: int = 0
    bonus_issued: int = 0
    bonus_reversed: int = 0
    amount_minor: int = 0

    def plus(self, other: Figures) -> Figures:
        """Both together."""
        return Figures(*(one + another for one, another in zip(self, other, strict=True)))


NOTHING: Final = Figures()


class Receipt(NamedTuple):
    """Where and under which number it was rung up; empty texts where that is not known."""

    store_id: UUID | None = None
    till: str = ""
    business_date: str = ""
    number: str = ""


class Posted(NamedTuple):
    """A posting of a partner, or a debt to it that was paid. Times are microseconds since 1970-01-01 UTC.

    `was_named`: it had a reference, which may have been erased since. `original_kind`, `original_reference`: of what it
    corrects or belongs to. `hold_reference`: of the hold that it resolved. `paid_bonus`: of a debt, the part of `amount` that a
    campaign had given.
    """

    seq: int
    kind: MovementKind
    transaction_id: UUID
    member_id: UUID
    reference: str
    key: str
    was_named: bool
    amount: int
    occurred_at_us: int
    recorded_at_us: int
    original_kind: MovementKind | None = None
    original_reference: str = ""
    hold_reference: str = ""
    held: int = 0
    amount_minor: int = 0
    paid_bonus: int = 0
    receipt: Receipt = Receipt()


class Operation(NamedTuple):
    """An accepted operation. `reference`: what the partner knows it by; other fields as in Posted."""

    seq: int
    transaction_id: UUID
    kind: OperationKind
    reference: str
    key: str
    original_reference: str
    member_id: UUID
    figures: Figures
    held: int
    receipt: Receipt
    occurred_at_us: int
    recorded_at_us: int


class Fold:
    """Makes operations of postings, in order: the parts of a refund, which come right before it, are in its figures."""

    def __init__(self) -> None:
        self._parts = NOTHING
        self._last_part: Posted | None = None

    def take(self, postings: Iterable[Posted]) -> Iterator[Operation]:
        """The operations of the next postings."""
        for posting in postings:
            part = _part_of(posting)
            if part is not None:
                self._parts, self._last_part = self._parts.plus(part), posting
                continue
            figures = figures_of(posting)
            if posting.kind is MovementKind.REFUND:
                figures = figures.plus(self._parts)
                self._parts, self._last_part = NOTHING, None
            yield _operation(posting, kind_of(posting), figures)

    def rest(self) -> Iterator[Operation]:
        """Parts of a refund whose record is not in the stretch: the boundary fell between them."""
        if self._last_part is not None and self._parts != NOTHING:
            yield _operation(self._last_part, OperationKind.REFUND_PART, self._parts)
        self._parts, self._last_part = NOTHING, None


def kind_of(posting: Posted) -> OperationKind:
    """What kind of operation a posting is that is no part of one."""
    if posting.kind is MovementKind.REFUND and not posting.was_named:
        return OperationKind.REVERSAL
    return _KINDS[posting.kind]


def figures_of(posting: Posted) -> Figures:
    """What a posting comes to that is no part of a refund."""
    amount = posting.amount
    if posting.kind is MovementKind.EARN:
        return Figures(issued=amount, amount_minor=posting.amount_minor)
    if posting.kind in (MovementKind.REDEEM, MovementKind.CAPTURE):
        return Figures(burned=amount, amount_minor=posting.amount_minor)
    if posting.kind is MovementKind.GRANT:
        return Figures(bonus_issued=amount)
    if posting.kind is MovementKind.REPAY:
        return Figures(reversed=amount - posting.paid_bonus, bonus_reversed=posting.paid_bonus)
    if posting.kind is MovementKind.REFUND:
        return Figures(amount_minor=posting.amount_minor)
    return NOTHING


def _part_of(posting: Posted) -> Figures | None:
    """What a part of a refund comes to; None for what is no part. What the member owes is reversed once it is paid."""
    if posting.kind is MovementKind.RETURN:
        return Figures(returned=posting.amount)
    if posting.kind is MovementKind.CLAWBACK:
        if posting.original_kind is MovementKind.GRANT:
            return Figures(bonus_reversed=posting.amount)
        return Figures(reversed=posting.amount)
    return NOTHING if posting.kind is MovementKind.OWE else None


def _operation(posting: Posted, kind: OperationKind, figures: Figures) -> Operation:
    return Operation(
        posting.seq, posting.transaction_id, kind, _reference_of(posting, kind), posting.key,
        posting.original_reference, posting.member_id, figures, posting.held, posting.receipt,
        posting.occurred_at_us, posting.recorded_at_us,
    )  # fmt: skip


def _reference_of(posting: Posted, kind: OperationKind) -> str:
    if kind is OperationKind.REVERSAL:
        return posting.key
    if kind in (OperationKind.CAPTURE, OperationKind.VOID):
        return posting.hold_reference
    if kind in (OperationKind.BONUS, OperationKind.REFUND_PART):
        return posting.original_reference
    return posting.reference
