"""Stores, prices and statements as the partners service tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Store:
    """A shop of a partner; `code` is the partner's own."""

    store_id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A version of a partner's prices, in millionths of the major unit a point.

    Times are microseconds since 1970-01-01 UTC; `valid_to_us` 0: open. `issue_share_percent`: what is due of
    the issue price when a point is issued; `bonus_micros`: issue price and reimbursement of bonus points, None: the same.
    """

    version: int
    issue_micros: int
    reimbursement_micros: int
    valid_from_us: int
    valid_to_us: int
    issue_share_percent: int
    transaction_fee_micros: int
    bonus_micros: tuple[int, int] | None


class StatementLineType(StrEnum):
    """What a line of a statement is about."""

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
    BUY_OUT = "buy_out"
    ADJUSTMENT_POINTS = "adjustment_points"
    ADJUSTMENT_FEES = "adjustment_fees"
    ADJUSTMENT_REIMBURSEMENT = "adjustment_reimbursement"
    CARRY_IN = "carry_in"
    CARRY_OUT = "carry_out"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of a statement. Prices and amounts in millionths of the major unit; positive: the partner owes."""

    type: StatementLineType
    count: int
    points: int
    price_micros: int
    amount_micros: int
    point_type: str = ""
    legal_entity: int = 0


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """A company of the partner; `number` from 1."""

    number: int
    name: str


class Standing(StrEnum):
    """Whether a statement is accepted."""

    OPEN = "open"
    ACCEPTED = "accepted"
    ACCEPTED_BY_SILENCE = "accepted_by_silence"


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive windows, both included, and their postings; times are programme time, the end excluded."""

    first_window: int
    last_window: int
    starts_at_us: int
    ends_at_us: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What a partner owes (positive) or is owed (negative) over a clearing window or a run of them, and why.

    `window` with its times is the last one; `opening_minor` is what earlier statements left due.

    `net_minor` in minor units, `…_micros` in millionths of the major unit, times in microseconds since
    1970-01-01 UTC. `lines` is empty in lists.
    """

    statement_id: UUID
    window: int
    starts_at_us: int
    ends_at_us: int
    currency: str
    points_issued: int
    points_reversed: int
    points_burned: int
    points_returned: int
    exact_micros: int
    carry_in_micros: int
    carry_out_micros: int
    net_minor: int
    issued_at_us: int
    covers: Span
    opening_minor: int
    closing_minor: int
    standing: Standing
    objection_until_us: int
    accepted_at_us: int
    lines: tuple[StatementLine, ...] = ()
    legal_entities: tuple[LegalEntity, ...] = ()
