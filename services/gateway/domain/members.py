"""Members as the members service tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class MemberStatus(StrEnum):
    """Whether a member takes part."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Personal:
    """Personal fields; an empty one is not known, or not for the caller to see."""

    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the caller may see it. `enrolled_at_us`: microseconds since 1970-01-01 UTC."""

    member_id: UUID
    status: MemberStatus
    cards: tuple[str, ...] = field(repr=False)
    customer_id: str = field(repr=False)
    enrolled_by: UUID | None
    enrolled_at_us: int
    personal: Personal


class IdentifierKind(StrEnum):
    """What a till or a shop knows a member by."""

    CARD = "card"
    CUSTOMER_ID = "customer_id"


@dataclass(frozen=True, slots=True)
class Identifier:
    """Something that names a member."""

    kind: IdentifierKind
    value: str = field(repr=False)
