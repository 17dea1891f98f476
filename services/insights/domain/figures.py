"""Figures as they are counted: whole numbers, so that whoever shows a rate rounds it, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Party:
    """Who a row is about; `partner_id` None: all together. `slug` is empty where no event has told it yet."""

    partner_id: UUID | None
    slug: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Members with a purchase, and those with purchases on two days or more."""

    party: Party
    members: int
    repeaters: int


@dataclass(frozen=True, slots=True)
class Basket:
    """Purchases and what they came to, in minor units."""

    party: Party
    purchases: int
    net_minor: int
    members: int


@dataclass(frozen=True, slots=True)
class Cohort:
    """Members whose first purchase was in the month or week from a day on; `buyers`: by its age."""

    starts_on: date
    buyers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Redemption:
    """Points issued by somebody, and redeemed there."""

    party: Party
    issued: int
    redeemed: int
    redeemers: int


@dataclass(frozen=True, slots=True)
class Became:
    """What became of points: issued is the sum of all the others."""

    issued: int
    reversed: int
    redeemed: int
    expired: int
    taken: int

    @property
    def outstanding(self) -> int:
        """What can still be redeemed, or will be once it matures."""
        return self.issued - self.reversed - self.redeemed - self.expired - self.taken


@dataclass(frozen=True, slots=True)
class Breakage:
    """What became of points issued in a month (its first day)."""

    month: date
    age_months: int
    became: Became


@dataclass(frozen=True, slots=True)
class Liability:
    """What became of the points of an issuer."""

    issuer: Party
    became: Became


@dataclass(frozen=True, slots=True)
class Active:
    """Members who bought or redeemed."""

    party: Party
    active: int
    buyers: int
    redeemers: int


@dataclass(frozen=True, slots=True)
class Membership:
    """Members there are; `anonymous`: of them, those that nobody has claimed."""

    members: int
    anonymous: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Fifths, 1 to 5: 5 is best."""

    recency: int
    frequency: int
    money: int


@dataclass(frozen=True, slots=True)
class RfmCell:
    """Members with the same scores."""

    scores: Scores
    members: int
    days: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class RfmMember:
    """A member with its scores, and what they are made of."""

    member_id: UUID
    scores: Scores
    last_day: date
    days: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class FlowCell:
    """Points of one issuer that were redeemed at one partner."""

    issuer: Party
    redeemer: Party
    points: int


@dataclass(frozen=True, slots=True)
class SharedPair:
    """Members with purchases at both of two partners."""

    first: Party
    second: Party
    members: int
