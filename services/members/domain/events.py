"""What happens to members, as far as others are told: ids and times, nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.members.domain.guarding import Source, Tally
from services.members.domain.preferences.consents import ConsentPurpose


@dataclass(frozen=True, slots=True)
class MemberEnrolled:
    """A person joined the programme. `partner_id` is None where staff or a service enrolled.

    `anonymous`: a card earned that nobody had enrolled; then nobody's member, and `partner_id` is None.
    """

    member_id: UUID
    partner_id: UUID | None
    enrolled_at_us: int
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class MemberClaimed:
    """The card of an anonymous member was enrolled by name, by a partner (None: by staff)."""

    member_id: UUID
    partner_id: UUID | None
    claimed_at_us: int


@dataclass(frozen=True, slots=True)
class MemberUpdated:
    """Personal fields changed, or how the member is written to; `partner_id` is the partner that had enrolled the member."""

    member_id: UUID
    partner_id: UUID | None
    fields: tuple[str, ...]
    updated_at_us: int


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """A member said yes or no to a purpose, under a receipt; `partner_id` is the partner that had enrolled the member."""

    member_id: UUID
    partner_id: UUID | None
    purpose: ConsentPurpose
    given: bool
    receipt_id: UUID
    said_at_us: int


@dataclass(frozen=True, slots=True)
class EmploymentChanged:
    """A member works for a partner from now on, or does not any more."""

    member_id: UUID
    partner_id: UUID
    employed: bool
    changed_at_us: int


@dataclass(frozen=True, slots=True)
class EnumerationSuspected:
    """A till or an API key asked for too many unknown identifiers in a window."""

    source: Source
    tally: Tally
    window_start_us: int
    window_seconds: int
    suspected_at_us: int


@dataclass(frozen=True, slots=True)
class MemberClosed:
    """A member left for good. `partner_id` is the partner that had enrolled the member."""

    member_id: UUID
    partner_id: UUID | None
    closed_at_us: int


@dataclass(frozen=True, slots=True)
class AppTokenReplayed:
    """A token that `used_by` had used was shown again at `partner_id`: by another partner, or for something else."""

    member_id: UUID
    used_by: UUID
    partner_id: UUID
    replayed_at_us: int


@dataclass(frozen=True, slots=True)
class PinLocked:
    """So many wrong PINs were typed that none is looked at until `locked_until_us`; the last one at `partner_id`.

    That holds for this partner, or `everywhere`: then several partners had wrong ones, and somebody tries them out.
    """

    member_id: UUID
    partner_id: UUID
    locked_at_us: int
    locked_until_us: int
    everywhere: bool


@dataclass(frozen=True, slots=True)
class CodeRequested:
    """A partner has a code sent to a member, good there until `expires_at_us`."""

    member_id: UUID
    partner_id: UUID
    code_id: UUID
    requested_at_us: int
    expires_at_us: int


MemberEvent = (
    MemberEnrolled
    | MemberClaimed
    | MemberUpdated
    | ConsentChanged
    | EmploymentChanged
    | EnumerationSuspected
    | MemberClosed
    | AppTokenReplayed
    | PinLocked
    | CodeRequested
)
