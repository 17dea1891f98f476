"""What happens to members, as far as others are told: ids and times, nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MemberEnrolled:
    """A person joined the programme. `partner_id` is None where staff or a service enrolled."""

    member_id: UUID
    partner_id: UUID | None
    enrolled_at_us: int


@dataclass(frozen=True, slots=True)
class MemberClosed:
    """A member left for good. `partner_id` is the partner that had enrolled the member."""

    member_id: UUID
    partner_id: UUID | None
    closed_at_us: int


MemberEvent = MemberEnrolled | MemberClosed
