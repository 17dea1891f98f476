"""A partner's operations, as the ledger has them, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID


class OperationKind(StrEnum):
    """What kind of operation it is, in the words of the API."""

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


#: Kinds that a partner knows by a reference of its own: those that its file may have.
NAMED: Final = (
    OperationKind.EARN,
    OperationKind.REDEMPTION,
    OperationKind.HOLD,
    OperationKind.CAPTURE,
    OperationKind.VOID,
    OperationKind.REFUND,
    OperationKind.REVERSAL,
    OperationKind.TRANSFER,
)
#: What a till's journal has of them as a rule: what moved points or money.
USUAL: Final = (
    OperationKind.EARN,
    OperationKind.REDEMPTION,
    OperationKind.CAPTURE,
    OperationKind.REFUND,
    OperationKind.REVERSAL,
)


class Figures(NamedTuple):
    """Points as statements count them, each 0 or more, and money in minor units.

    `bonus_…` are points that campaigns gave on top of the partner's sales, which others may pay for.
    """

    issued: int = 0
    reversed: int = 0
    burned: int = 0
    returned: int = 0
    bonus_issued: int = 0
    bonus_reversed: int = 0
    amount_minor: int = 0

    @property
    def points(self) -> int:
        """What it did to the member's wallet in the end, without bonus: positive the member has more."""
        return self.issued - self.reversed - self.burned + self.returned

    def plus(self, other: Figures) -> Figures:
        """Both together."""
        return Figures(*(one + another for one, another in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Operation:
    """An accepted operation. `reference`: what the partner knows it by; `key`: as the gateway had sent it.

    `held`: points set aside (positive), or no longer (negative). Times are microseconds since 1970-01-01 UTC; `recorded_at_us`
    is programme time and decides the day.
    """

    seq: int
    transaction_id: UUID
    kind: OperationKind
    reference: str
    key: str
    original_reference: str
    member_id: UUID
    figures: Figures
    held: int
    store_id: UUID | None
    till: str
    business_date: str
    receipt_number: str
    occurred_at_us: int
    recorded_at_us: int

    @property
    def idempotency_key(self) -> str:
        """The Idempotency-Key of the request that it came with; empty for a line of a batch, and what nobody asked for.

        What a purchase burned has the key of the purchase.
        """
        return self.key[2:] if self.key.startswith(("k:", "b:")) else ""

    @property
    def own_reference(self) -> str:
        """As `reference`; of a reversal its Idempotency-Key."""
        return self.idempotency_key if self.kind is OperationKind.REVERSAL else self.reference


class Total(NamedTuple):
    """Operations of one kind, summed."""

    kind: OperationKind
    number: int
    figures: Figures


class FoundOperation(NamedTuple):
    """Where an operation is that was looked up; `recorded_at_us` is programme time."""

    kind: OperationKind
    reference: str
    transaction_id: UUID
    recorded_at_us: int


class Totals:
    """Sums operations by kind as they pass."""

    def __init__(self) -> None:
        self._found: dict[OperationKind, Total] = {}

    def add(self, operation: Operation) -> None:
        """Counts one more."""
        before = self._found.get(operation.kind)
        if before is None:
            self._found[operation.kind] = Total(operation.kind, 1, operation.figures)
        else:
            figures = before.figures.plus(operation.figures)
            self._found[operation.kind] = Total(operation.kind, before.number + 1, figures)

    def listed(self) -> list[Total]:
        """The totals in the order of OperationKind."""
        return [self._found[kind] for kind in OperationKind if kind in self._found]


def summed(totals: list[Total]) -> tuple[int, Figures]:
    """How many operations there are in all, and what they came to."""
    figures = Figures()
    for total in totals:
        figures = figures.plus(total.figures)
    return sum(total.number for total in totals), figures
