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
class Change:
    """Personal fields that are to say something else, and those that are to say nothing; at a wall-clock time in µs."""

    personal: PersonalData
    removed: tuple[str, ...]
    at_us: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member as one caller may see it: `personal` is None where the caller may not, and `identifiers` has no cards then.

    `card_endings` are the last four digits of each card, whoever asks. `enrolled_by` is who claimed it, where it was anonymous; `anonymous`: nobody has claimed it yet.
    """

    member_id: UUID
    status: MemberStatus
    identifiers: tuple[Identifier, ...]
    enrolled_by: UUID | None
    enrolled_at_us: int
    personal: PersonalData | None
    card_endings: tuple[str, ...]
    anonymous: bool = False
    employed_by_caller: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What other services may keep of a member; `status` is None where the id is not known.

    `language`: a BCP 47 tag, of look-ups only; empty where the member has said none.
    """

    member_id: UUID
    status: MemberStatus | None
    anonymous: bool = False
    employers: tuple[UUID, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class MemberMatch:
    """A member as a person at a till recognises one. Card endings are the last four digits."""

    member_id: UUID
    status: MemberStatus
    anonymous: bool
    card_endings: tuple[str, ...]
    initials: str
    customer_number: str
    enrolled_by_caller: bool
