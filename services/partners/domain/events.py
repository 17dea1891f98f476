"""What this service has to tell: facts, before they have their form on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.runtime.partner_standing import PartnerStanding


@dataclass(frozen=True, slots=True)
class ProgrammeRegistered:
    """A programme opened its books."""

    ledger_id: int
    slug: str
    zone: str
    currency: str
    is_test: bool
    starts_at_us: int


@dataclass(frozen=True, slots=True)
class PartnerOnboarded:
    """A merchant joined the programme."""

    partner_id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class StoresAdded:
    """A partner has new stores."""

    partner_id: UUID
    store_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class ContractChanged:
    """A partner has a new version of its rate card."""

    partner_id: UUID
    version: int
    valid_from_us: int


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """An API key is dead."""

    partner_id: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True)
class WindowClosed:
    """A clearing window's range is fixed."""

    number: int
    first_seq: int
    last_seq: int
    ends_at_us: int


@dataclass(frozen=True, slots=True)
class StatementIssued:
    """A partner's statement of a window is there to read."""

    statement_id: UUID
    partner_id: UUID
    window: int
    net_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class CreditWarned:
    """A partner has used the share of its credit limit that it is warned at. Minor units, rounded up."""

    partner_id: UUID
    exposure_minor: int
    limit_minor: int
    warning_percent: int
    as_of_seq: int


@dataclass(frozen=True, slots=True)
class RunMoved:
    """A settlement run has come to another state."""

    number: int
    state: str
    until_window: int


@dataclass(frozen=True, slots=True)
class PaymentReminded:
    """What a partner was to pay is not there, and by its contract it is reminded. Minor units; `reminder` from 1; `due_on`: ISO 8601."""

    partner_id: UUID
    payment_id: UUID
    left_minor: int
    currency: str
    due_on: str
    reminder: int
    reminders_max: int
    reference: str


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """From a programme time on a partner stands elsewhere."""

    partner_id: UUID
    version: int
    standing: PartnerStanding


@dataclass(frozen=True, slots=True)
class DisputeMoved:
    """Something happened to a dispute of a line. `number`: of the dispute; `is_overdue`: a decision is due, and there is none."""

    dispute_id: UUID
    partner_id: UUID
    statement_id: UUID
    number: int
    state: str
    is_overdue: bool


Event = (
    ProgrammeRegistered
    | PartnerOnboarded
    | StoresAdded
    | ContractChanged
    | KeyRevoked
    | WindowClosed
    | StatementIssued
    | CreditWarned
    | RunMoved
    | PaymentReminded
    | StandingChanged
    | DisputeMoved
)
