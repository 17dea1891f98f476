"""Statements: what a partner owes or is owed over a window, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import Fold, Net
from services.partners.domain.windows import Window


class LineKind(StrEnum):
    """What a line is about, in the order of a statement."""

    ISSUED = "issued"
    REVERSED = "reversed"
    CHARGED = "charged"
    CREDITED = "credited"
    BURNED = "burned"
    RETURNED = "returned"
    FEE = "fee"
    CARRY_IN = "carry_in"
    CARRY_OUT = "carry_out"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line. `amount_micros`: positive the partner owes; all lines sum to the net, without a rest.

    `point_type`: of its points; fees and carries have none.
    """

    kind: LineKind
    count: int
    points: int
    price_micros: int
    amount_micros: int
    point_type: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's statement of one window; without its lines where it stands in a list.

    `issued_at_us`: programme time.
    """

    statement_id: UUID
    window: Window
    partner_slug: str
    currency: str
    net: Net
    issued_at_us: int
    lines: tuple[StatementLine, ...] = ()


_LINE_OF = {
    EntryKind.ISSUED: LineKind.ISSUED,
    EntryKind.REVERSED: LineKind.REVERSED,
    EntryKind.CHARGED: LineKind.CHARGED,
    EntryKind.CREDITED: LineKind.CREDITED,
    EntryKind.BURNED: LineKind.BURNED,
    EntryKind.RETURNED: LineKind.RETURNED,
    EntryKind.FEE: LineKind.FEE,
}


def lines_of(folds: Iterable[Fold], net: Net) -> tuple[StatementLine, ...]:
    """The lines of a partner's statement, by kind, type of points and price, then both carries.

    The second carry is what rounding moves to the next statement, so it stands with the other sign.
    Raises ValueError where the folds are not what the net was made of.
    """
    mine = sorted(
        (fold for fold in folds if fold.partner_id == net.party_id and fold.kind in _LINE_OF),
        key=lambda fold: (tuple(_LINE_OF).index(fold.kind), fold.point_type, fold.price_micros),
    )
    lines = (
        *(
            StatementLine(
                _LINE_OF[fold.kind],
                fold.count,
                fold.points,
                fold.price_micros,
                fold.amount_micros,
                fold.point_type,
            )
            for fold in mine
        ),
        StatementLine(LineKind.CARRY_IN, 0, 0, 0, net.carry_in_micros),
        StatementLine(LineKind.CARRY_OUT, 0, 0, 0, -net.carry_out_micros),
    )
    if sum(fold.amount_micros for fold in mine) != net.exact_micros:
        raise ValueError(f"the entries of partner {net.party_id} are not those that its net was made of")
    return lines
