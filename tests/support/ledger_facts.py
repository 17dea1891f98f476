"""What the model of the ledger speaks of: movements asked for, lots, holds, postings, answers."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
FUTURE_TOLERANCE_US: Final = 300 * SECOND_US
# Who asks where staff do, and who issued what the operator did.
OPERATOR: Final = UUID(int=0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal[
    "earn", "redeem", "hold", "capture", "void", "refund", "reverse",
    "transfer", "adjust", "import", "merge", "park",
]  # fmt: skip
PostedKind = Literal[
    Kind,
    "expire",
    "lapse",
    "return",
    "clawback",
    "owe",
    "repay",
    "receive",
    "assume",
    "mature",
    "floor",
    "grant",
    "load",
    "unpark",
]
Outcome = Literal["accepted", "parked", "waiting", "refused", "turned away"]


@dataclass(frozen=True)
class Ask:
    """A movement asked for. `amount`: minor units of an earn or of the refund of one, points of all else (0 of a capture:
    all that is held, of a refund: all that is left).

    `seconds` is how long a hold lives, `hold_seq` the hold that a capture or a void resolves, `original_seq` what a
    refund refunds; `in_points` is the part of an earn's amount that was paid in points. `linked`: with the next one. `target` is the key that
    a reversal undoes; `said` is what was asked where the model has found out what that means. `other` gets what a member
    gives or leaves; `unparks` is what parked the sale that goes with a burn which is reversed; `issuer` and `expires_us` (0: by the rule) are those of points taken over. `original_reference`: of what
    a refund refunds, where it is named by that; original_seq is found out where it is decided.
    `basket`: of a hold or a redemption what is to be paid, and how much of it is of a category that may be excluded.
    """

    kind: Kind
    partner: UUID
    key: str
    member: UUID
    reference: str
    occurred_us: int
    amount: int
    seconds: int = 0
    hold_seq: int = 0
    original_seq: int = 0
    in_points: int = 0
    linked: bool = False
    target: str = ""
    said: tuple[object, ...] | None = None
    other: UUID | None = None
    issuer: UUID = OPERATOR
    expires_us: int = 0
    unparks: int = 0
    original_reference: str = ""
    basket: tuple[int, int] | None = None

    @property
    def content(self) -> tuple[object, ...]:
        """What has to be the same for a repetition to be one."""
        if self.said is not None:
            return self.said
        return (
            self.kind, None if self.kind in ("capture", "void", "refund") else self.member, self.reference, self.occurred_us, self.amount, self.seconds, self.hold_seq,
            self.original_seq, self.in_points, self.linked, self.target, self.other, self.issuer, self.expires_us, self.basket,
        )  # fmt: skip


# The figure of a refusal, where it is not what is available.
_FIGURES: Mapping[str, str] = {
    "BURN_TOO_SMALL": "minimum", "BURN_STEP": "below", "BURN_SHARE": "most", "BURN_DAILY_LIMIT": "left",
}  # fmt: skip


def figure_of(reason: str, metadata: Mapping[str, Any]) -> int | None:
    """What a refusal says how much there is, or may be; None where it says nothing."""
    told = metadata.get(_FIGURES.get(reason.upper(), "available"))
    return int(told) if told is not None else None


@dataclass(frozen=True)
class Taken:
    """Points that a posting took from a lot."""

    lot_no: int
    issuer: UUID
    points: int


@dataclass
class Lot:
    """A lot of a member. matures_us: until when its points are pending; 0 once they can be spent."""

    lot_no: int
    issuer: UUID
    opened_seq: int
    original: int
    remaining: int
    earned_us: int
    expires_us: int
    reserved: int = 0
    earned_seq: int = 0
    parent_no: int = 0
    matures_us: int = 0

    def is_over(self, now_us: int, idle_us: int) -> bool:
        """Whether its time has come; one without a date ends when its member is idle (0: never)."""
        end_us = self.expires_us or idle_us
        return end_us != 0 and end_us <= now_us

    @property
    def order(self) -> tuple[bool, int, int, int]:
        """Which lot is used first."""
        return self.expires_us == 0, self.expires_us, self.earned_us, self.lot_no


@dataclass
class Hold:
    """Points set aside, with the lots they are in."""

    seq: int
    partner: UUID
    member: UUID
    points: int
    expires_us: int
    lots: list[tuple[Lot, int]]
    open: bool = True


@dataclass(frozen=True)
class Posted:
    """A posting of the journal. held: points set aside, or freed (negative) by resolving the hold `hold_seq`.

    back: what it gave back to lots; children: lots that it opened for points of expired ones, as (lot, parent, points);
    paid: points of debts, as (seq of the debt, points); figures: of a refund, as RefundFigures; pending: points that an earn
    put aside, or that were taken from there (negative); matured: those that came into the wallet from there.
    floor: a credit floor, its basis_seq and whether it parks; its member is the nil UUID, as that of a load. campaign: of a grant the campaign, its
    version and the points, of a load the campaign, 0 and the points. worth: of a burn or a hold that a rule decided, minor units.
    """

    seq: int
    kind: PostedKind
    member: UUID
    partner: UUID | None
    reference: str
    points: int
    balance_after: int
    expires_us: int = 0
    lot_no: int = 0
    taken: tuple[Taken, ...] = ()
    held: int = 0
    hold_seq: int = 0
    original_seq: int = 0
    back: tuple[Taken, ...] = ()
    children: tuple[tuple[int, int, int], ...] = ()
    paid: tuple[tuple[int, int], ...] = ()
    figures: tuple[int, ...] = ()
    pending: int = 0
    matured: tuple[Taken, ...] = ()
    floor: tuple[int | None, int, bool] | None = None
    campaign: tuple[UUID, int, int] | None = None
    worth: int | None = None


@dataclass
class SaleGrant:
    """What a campaign gave on top of a sale. bonus: what it gives for so many base points and minor units in money."""

    seq: int
    campaign: UUID
    points: int
    bonus: Callable[[int, int], int]
    taken: int = 0


@dataclass
class Sale:
    """An earn or a burn as its refunds see it: `whole` is what there is to refund, `given` what was."""

    member: UUID
    whole: int
    in_points: int = 0
    earned: int = 0
    rate: tuple[int, int] = (0, 1)
    burn_seq: int = 0
    part_of: int = 0
    given: int = 0
    returned: int = 0
    taken: int = 0
    money: int = 0
    order: str = ""
    of_points: bool = False
    grants: list[SaleGrant] = field(default_factory=list)


@dataclass
class Debt:
    """Points that a member owes."""

    seq: int
    member: UUID
    left: int
    original_seq: int
    partner: UUID


@dataclass(frozen=True)
class Verdict:
    """The answer to an item."""

    outcome: Outcome
    reason: str = ""
    posted: Posted | None = None
    available: int | None = None
    headroom: int | None = None
    replayed: bool = False


def again(known: tuple[tuple[object, ...] | None, Verdict], ask: Ask, conflict: str) -> Verdict:
    """What was answered before, where the same is asked; None stands for whatever is asked."""
    content, verdict = known
    same = content in (ask.content, None)
    return replace(verdict, replayed=True) if same else Verdict("turned away", conflict)


@dataclass(frozen=True)
class Expiry:
    """When points expire: so many months after the earn, at a fixed date (month, day) so many after it at least, or all of a
    member's so many months after the last activity.
    """

    rule: Literal["months_after_earn", "fixed_date", "activity"]
    months: int
    month: int = 0
    day: int = 0

    def end_us(self, earned_us: int, zone: str) -> int:
        """The first instant at which points earned then are gone; 0: never."""
        if self.rule == "fixed_date":
            return _day_end_us(self._fixed_date_after(_local(earned_us, zone).date()), zone)
        if self.rule == "activity":
            return 0
        return month_end_us(earned_us, self.months, zone) if self.months else 0

    def idle_us(self, active_us: int, zone: str) -> int:
        """The first instant at which the points of a member are gone who does nothing after that; 0: never."""
        return month_end_us(active_us, self.months, zone) if self.rule == "activity" else 0

    def _fixed_date_after(self, earned: date) -> date:
        """Goes from day to day until it is the date, and so many months are over."""
        day = earned
        while not (self._is_it(day) and _full_months(earned, day) >= self.months):
            day += timedelta(days=1)
        return day

    def _is_it(self, day: date) -> bool:
        if (self.month, self.day) == (2, 29) and not isleap(day.year):
            return (day.month, day.day) == (2, 28)
        return (day.month, day.day) == (self.month, self.day)


def _full_months(earned: date, day: date) -> int:
    """How many months are over from one day to another; one of 31 days' last day comes on the last of a shorter one."""
    months = (day.year - earned.year) * 12 + day.month - earned.month
    last_of_month = (day + timedelta(days=1)).month != day.month
    return months if day.day >= earned.day or last_of_month else months - 1


def _local(moment_us: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=moment_us)).astimezone(ZoneInfo(zone))


@lru_cache(maxsize=10_000)
def month_end_us(earned_us: int, months: int, zone: str) -> int:
    """The first instant at which the zone's calendar is past the month that is `months` after the earn's."""
    earned = _local(earned_us, zone)
    after = earned.year * 12 + (earned.month - 1) + months + 1
    return _day_end_us(date(after // 12, after % 12 + 1, 1) - timedelta(days=1), zone)


@lru_cache(maxsize=10_000)
def _day_end_us(day: date, zone: str) -> int:
    """The first instant at which the zone's calendar is past a day. Found by halving, from the definition alone."""
    due = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    low = int((due - _EPOCH).total_seconds()) - 26 * 3600
    high = low + 52 * 3600
    while high - low > 1:
        middle = (low + high) // 2
        over = _local(middle * SECOND_US, zone).date() > day
        low, high = (low, middle) if over else (middle, high)
    return high * SECOND_US


def end(hold: Hold, points: int) -> tuple[Taken, ...]:
    """Resolves a hold: so many of its points are taken."""
    hold.open = False
    taken: list[Taken] = []
    for lot, held in sorted(hold.lots, key=lambda pair: pair[0].order):
        part = min(points, held)
        lot.reserved -= held
        lot.remaining -= part
        points -= part
        if part:
            taken.append(Taken(lot.lot_no, lot.issuer, part))
    return tuple(taken)


def take(lots: Sequence[Lot], points: int) -> tuple[Taken, ...]:
    """Takes free points from lots in the order given."""
    taken: list[Taken] = []
    for lot in lots:
        part = min(points, lot.remaining - lot.reserved)
        if part:
            lot.remaining -= part
            points -= part
            taken.append(Taken(lot.lot_no, lot.issuer, part))
    assert points == 0
    return tuple(taken)


def untimely(backdate_days: int, ask: Ask, now_us: int) -> Verdict | None:
    """Turned away for its time."""
    if ask.occurred_us > now_us + FUTURE_TOLERANCE_US:
        return Verdict("turned away", "OCCURRED_IN_FUTURE")
    if ask.kind in ("adjust", "merge", "import"):
        return None
    if ask.occurred_us < now_us - backdate_days * DAY_US:
        return Verdict("turned away", "OCCURRED_TOO_LONG_AGO")
    return None
