"""Statements: what a partner owes or is owed over a window, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.partners.domain.entries import EntryKind
from services.partners.domain.legal_entities import LegalEntity
from services.partners.domain.netting import Fold, Net
from services.partners.domain.windows import Window


class LineKind(StrEnum):
    """What a line is about, in the order of a statement."""

    ISSUED = "issued"
    REVERSED = "reversed"
    CHARGED = "charged"
    CREDITED = "credited"
    RELEASED = "released"
    BURNED = "burned"
    RETURNED = "returned"
    FEE = "fee"
    CYCLE_FEE = "cycle_fee"
    ISSUED_DIFFERENCE = "issued_difference"
    REVERSED_DIFFERENCE = "reversed_difference"
    CHARGED_DIFFERENCE = "charged_difference"
    CREDITED_DIFFERENCE = "credited_difference"
    RELEASED_DIFFERENCE = "released_difference"
    BURNED_DIFFERENCE = "burned_difference"
    RETURNED_DIFFERENCE = "returned_difference"
    FEE_DIFFERENCE = "fee_difference"
    ADJUSTMENT_POINTS = "adjustment_points"
    ADJUSTMENT_FEES = "adjustment_fees"
    ADJUSTMENT_REIMBURSEMENT = "adjustment_reimbursement"
    BUY_OUT = "buy_out"
    CARRY_IN = "carry_in"
    CARRY_OUT = "carry_out"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line. `amount_micros`: positive the partner owes; all lines sum to the net, without a rest.

    `point_type`: of its points; fees and carries have none. `entity`: the legal entity that it is about, by its number from
    1; carries have none: they are the partner's.
    """

    kind: LineKind
    count: int
    points: int
    price_micros: int
    amount_micros: int
    point_type: str = ""
    entity: int = 0


class Standing(StrEnum):
    """Whether a statement is accepted."""

    OPEN = "open"
    """The partner may object still."""
    ACCEPTED = "accepted"
    BY_SILENCE = "accepted_by_silence"


@dataclass(frozen=True, slots=True)
class Range:
    """What a statement covers: consecutive windows, both included, and their postings. Times are programme time."""

    first_window: int
    first_seq: int
    starts_at_us: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's statement of one window or a run of them, of which `window` is the last; in a list without its lines.

    `entities`: the companies that its lines are about.

    `opening_minor`: what earlier statements left due; closing = opening + net. Times are programme time;
    `accepted_at_us` 0: the partner has not accepted it, `objection_until_us`: its silence does from then on.
    """

    statement_id: UUID
    window: Window
    covers: Range
    partner_slug: str
    currency: str
    net: Net
    opening_minor: int
    issued_at_us: int
    objection_until_us: int
    accepted_at_us: int = 0
    lines: tuple[StatementLine, ...] = ()
    entities: tuple[LegalEntity, ...] = ()

    @property
    def closing_minor(self) -> int:
        """What is due with this statement and those before, in minor units."""
        return self.opening_minor + self.net.net_minor

    def standing(self, now_us: int) -> Standing:
        """Whether it is accepted at a programme time."""
        if self.accepted_at_us:
            return Standing.ACCEPTED
        return Standing.BY_SILENCE if now_us >= self.objection_until_us else Standing.OPEN


def statement_id(ledger_id: int, partner_id: UUID, window: Window) -> UUID:
    """The id of a partner's statement: the same however often it is made, and in the order of windows as other ids are of time.

    A UUIDv7 of the time at which the window's range was fixed, and of what the statement is of instead of chance.
    """
    of = b"statement" + ledger_id.to_bytes(2, "big") + partner_id.bytes + window.number.to_bytes(4, "big")
    bits = int.from_bytes(sha256(of).digest()[:10], "big")
    milliseconds = window.fixed_at_us // 1_000
    return UUID(
        int=milliseconds << 80 | 7 << 76 | (bits >> 66 & 0xFFF) << 64 | 2 << 62 | (bits & (1 << 62) - 1)
    )


_CARRIES: Final = (LineKind.CARRY_IN, LineKind.CARRY_OUT)
_LINE_OF: Final = {EntryKind(kind.value): kind for kind in LineKind if kind not in _CARRIES}


def lines_of(folds: Iterable[Fold], net: Net) -> tuple[StatementLine, ...]:
    """The lines of a partner's statement, by kind, type of points, legal entity and price, then both carries.

    The second carry is what rounding moves to the next statement, so it stands with the other sign.
    Raises ValueError where the folds are not what the net was made of.
    """
    mine = sorted(
        (fold for fold in folds if fold.partner_id == net.party_id and fold.kind in _LINE_OF),
        key=lambda fold: (
            tuple(_LINE_OF).index(fold.kind),
            fold.point_type,
            fold.entity,
            fold.price_micros,
        ),
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
                fold.entity,
            )
            for fold in mine
        ),
        StatementLine(LineKind.CARRY_IN, 0, 0, 0, net.carry_in_micros),
        StatementLine(LineKind.CARRY_OUT, 0, 0, 0, -net.carry_out_micros),
    )
    if sum(fold.amount_micros for fold in mine) != net.exact_micros:
        raise ValueError(f"the entries of partner {net.party_id} are not those that its net was made of")
    return lines
