"""Members as the members service tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple
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
    language: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the caller may see it. `enrolled_at_us`: microseconds since 1970-01-01 UTC.

    `cards`: whole numbers, of a member that the caller enrolled or claimed; `card_endings`: the last four digits of any.
    `anonymous`: its card earned and nobody has enrolled it by name; `employed_by_caller`: it works for the caller.
    """

    member_id: UUID
    status: MemberStatus
    cards: tuple[str, ...] = field(repr=False)
    card_endings: tuple[str, ...]
    customer_id: str = field(repr=False)
    enrolled_by: UUID | None
    enrolled_at_us: int
    personal: Personal
    anonymous: bool = False
    employed_by_caller: bool = False


@dataclass(frozen=True, slots=True)
class MemberMatch:
    """A member as a person at a till recognises one; card endings are the last four digits."""

    member_id: UUID
    status: MemberStatus
    anonymous: bool
    card_endings: tuple[str, ...]
    initials: str = field(repr=False)
    customer_id: str = field(repr=False)
    enrolled_by_caller: bool


class IdentifierKind(StrEnum):
    """What a till or a shop knows a member by."""

    CARD = "card"
    CUSTOMER_ID = "customer_id"
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Identifier:
    """Something that names a member."""

    kind: IdentifierKind
    value: str = field(repr=False)


class Place(NamedTuple):
    """Where an identifier was read, as the caller tells it; `earns`: it earns with it, so a new card is taken."""

    store: str = ""
    till: str = ""
    earns: bool = False


NOWHERE: Final = Place()


class Named(NamedTuple):
    """Whom an identifier names, and the BCP 47 tag of its language; empty where it has said none."""

    member_id: UUID
    language: str = ""


class Asking(NamedTuple):
    """For whom an identifier is looked up: unknown ones count against the key and the till."""

    partner_id: UUID
    api_key: str
    place: Place
