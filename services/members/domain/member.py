"""A member, and what may be known of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from services.members.domain.identifiers import Identifier
from services.members.domain.personal import PersonalData


class MemberStatus(Enum):
    """Whether a member takes part."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NewMember:
    """A member to be. `enrolled_by` is None where staff or a service enrols; times are wall-clock µs."""

    member_id: UUID
    enrolled_by: UUID | None
    enrolled_at_us: int
    identifiers: tuple[Identifier, ...]
    personal: PersonalData


@dataclass(frozen=True, slots=True)
class Member:
    """A member as one caller may see it: `personal` is None where the caller may not."""

    member_id: UUID
    status: MemberStatus
    identifiers: tuple[Identifier, ...]
    enrolled_by: UUID | None
    enrolled_at_us: int
    personal: PersonalData | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What other services may keep of a member; `status` is None where the id is not known."""

    member_id: UUID
    status: MemberStatus | None
