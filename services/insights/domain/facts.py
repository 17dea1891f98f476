"""What events have told, reduced to what figures are made of. Days are dates in the programme's zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Final
from uuid import UUID

#: The operator as an issuer of points.
OPERATOR: Final = UUID(int=0)


class MovementKind(Enum):
    """How points came to be, or went."""

    EARNED = "earned"
    GRANTED = "granted"
    ADJUSTED = "adjusted"
    IMPORTED = "imported"
    BURNED = "burned"
    RETURNED = "returned"
    EXPIRED = "expired"
    REVERSED = "reversed"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme, as it was registered."""

    ledger_id: int
    slug: str
    zone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase as the till told it; amounts in minor units."""

    seq: int
    transaction_id: UUID
    member_id: UUID
    partner_id: UUID
    store_id: UUID | None
    channel: str
    day: date
    gross_minor: int
    eligible_minor: int
    points: int


@dataclass(frozen=True, slots=True)
class Refund:
    """What was refunded of a sale, in minor units; of a burn without one, in points."""

    seq: int
    original_id: UUID
    member_id: UUID
    partner_id: UUID
    day: date
    amount: int
    written_off: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Points of one lot that came to be or went. `undoes_seq`: the burn that is returned, or the earn that is refunded."""

    seq: int
    line: int
    kind: MovementKind
    member_id: UUID
    partner_id: UUID | None
    issuer_id: UUID
    earned_seq: int
    undoes_seq: int | None
    points: int
    day: date


@dataclass(frozen=True, slots=True)
class Merge:
    """A member's wallet was given up for another's."""

    member_id: UUID
    into_member_id: UUID


@dataclass(slots=True)
class PointsFacts:
    """What a block of the ledger's events has told, in its order."""

    sales: list[Sale] = field(default_factory=list[Sale])
    refunds: list[Refund] = field(default_factory=list[Refund])
    movements: list[Movement] = field(default_factory=list[Movement])
    merges: list[Merge] = field(default_factory=list[Merge])


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A member joined; `partner_id` None: a card that nobody had enrolled."""

    member_id: UUID
    partner_id: UUID | None
    anonymous: bool
    enrolled_on: date


@dataclass(slots=True)
class MemberFacts:
    """What a block of the members' events has told; of claims and closings by member, the day."""

    enrolments: list[Enrolment] = field(default_factory=list[Enrolment])
    claimed: dict[UUID, date] = field(default_factory=dict[UUID, date])
    closed: dict[UUID, date] = field(default_factory=dict[UUID, date])


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's names."""

    partner_id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """A clearing window's range: its last seq, and programme time of its end, excluded."""

    number: int
    last_seq: int
    ends_at: datetime


@dataclass(slots=True)
class PartnerFacts:
    """What a block of the partners' events has told."""

    programme: Programme | None = None
    partners: list[Partner] = field(default_factory=list[Partner])
    windows: list[ClosedWindow] = field(default_factory=list[ClosedWindow])
