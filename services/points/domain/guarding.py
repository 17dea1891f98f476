"""What shows that a burn is the member's will, for how many points that will do, and how much is too much in a day.

A partner's guard is known to the ledger from the moment in which it was set; the newest counts. A partner without one has
`DEFAULT_GUARD`: what was typed burns nothing, what is told later burns nothing, what was shown burns any number of points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple
from uuid import UUID

#: Most points of a burn; as a threshold it is none.
POINTS_MAX: Final = 1_000_000_000


class Shown(IntEnum):
    """What was shown of a member who wants to burn; numbers as in the contract."""

    NOTHING = 0
    OFFLINE = 1
    CARD = 2
    PIN = 3
    APP_TOKEN = 4
    CODE = 5

    @property
    def word(self) -> str:
        """Its word in answers."""
        return self.name.lower()


# From the weakest on.
_AT_THE_TILL: Final = (Shown.CARD, Shown.PIN, Shown.CODE, Shown.APP_TOKEN)


class Authority(NamedTuple):
    """What was shown, where: `instrument` is a keyed hash of the card (empty: none), `till` names store and till (empty: not told)."""

    shown: Shown = Shown.NOTHING
    instrument: bytes = b""
    till: str = ""


NOTHING_SHOWN: Final = Authority()


class Act(StrEnum):
    """What is counted."""

    BURN = "burn"
    EARN = "earn"


class Scope(StrEnum):
    """Of what it is counted, at one partner and in one day of the programme's zone."""

    MEMBER = "member"
    CARD = "card"
    TILL = "till"


class Measure(StrEnum):
    """How it is counted."""

    TIMES = "times"
    POINTS = "points"


class DayLimit(NamedTuple):
    """Most of a day: so often, and so many points in all. 0: no limit."""

    times: int = 0
    points: int = 0


class Subject(NamedTuple):
    """Somebody or something that is counted: `name` is an id, a hash, or store and till."""

    partner_id: UUID
    act: Act
    scope: Scope
    name: str


class Count(NamedTuple):
    """What was counted of a subject today, since it was let go on (`allowed` times)."""

    times: int = 0
    points: int = 0
    allowed: int = 0


NOT_COUNTED: Final = Count()


class Exceeded(NamedTuple):
    """A limit that one more would go beyond, and what was reached."""

    subject: Subject
    measure: Measure
    limit: int
    reached: int
    allowed: int


class Guard(NamedTuple):
    """Points for which a burn that is told later, a card, or a secret number (and a code by message) will do; and limits of a day.

    A burn beyond a limit is refused; an earn is not, but both are flagged.
    """

    offline_points: int = 0
    card_points: int = POINTS_MAX
    pin_points: int = POINTS_MAX
    member_burns: DayLimit = DayLimit()
    card_burns: DayLimit = DayLimit()
    till_burns: DayLimit = DayLimit()
    member_earns: DayLimit = DayLimit()

    def most(self, shown: Shown) -> int:
        """Most points of a burn for which this will do."""
        if shown is Shown.OFFLINE:
            return self.offline_points
        if shown is Shown.CARD:
            return self.card_points
        if shown in (Shown.PIN, Shown.CODE):
            return self.pin_points
        return POINTS_MAX if shown is Shown.APP_TOKEN else 0

    def enough(self, points: int) -> list[Shown]:
        """What can be shown at a till that will do for so many points, from the weakest on."""
        return [each for each in _AT_THE_TILL if points <= self.most(each)]

    @property
    def limits(self) -> Mapping[tuple[Act, Scope], DayLimit]:
        """The limits of a day that are set."""
        every = {
            (Act.BURN, Scope.MEMBER): self.member_burns,
            (Act.BURN, Scope.CARD): self.card_burns,
            (Act.BURN, Scope.TILL): self.till_burns,
            (Act.EARN, Scope.MEMBER): self.member_earns,
        }
        return {place: limit for place, limit in every.items() if any(limit)}


DEFAULT_GUARD: Final = Guard()


class GuardVersion(NamedTuple):
    """A guard in the books: of a partner, with its number in the ledger."""

    partner_id: UUID
    guard: Guard
    version: int


class Guards:
    """The guards of all partners of a ledger, at one version of its configuration."""

    def __init__(self, versions: Iterable[GuardVersion] = ()) -> None:
        newest = {each.partner_id: each.guard for each in sorted(versions, key=lambda each: each.version)}
        self._guards = newest
        self.counting: Final = {partner: guard.limits for partner, guard in newest.items() if guard.limits}

    def of(self, partner_id: UUID) -> Guard:
        """The guard of a partner."""
        return self._guards.get(partner_id, DEFAULT_GUARD)

    def subjects(
        self, act: Act, partner_id: UUID, member_id: UUID, authority: Authority
    ) -> Iterator[tuple[Subject, DayLimit]]:
        """What of an act is counted, each with its limit."""
        names = {
            Scope.MEMBER: str(member_id),
            Scope.CARD: authority.instrument.hex(),
            Scope.TILL: authority.till,
        }
        for (of, scope), limit in self.counting.get(partner_id, {}).items():
            if of is act and names[scope]:
                yield Subject(partner_id, act, scope, names[scope]), limit


NO_GUARDS: Final = Guards()


def exceeded(subject: Subject, limit: DayLimit, count: Count, points: int) -> Exceeded | None:
    """Which limit one more act of so many points would go beyond; None: none."""
    if limit.times and count.times + 1 > limit.times:
        return Exceeded(subject, Measure.TIMES, limit.times, count.times, count.allowed)
    if limit.points and count.points + points > limit.points:
        return Exceeded(subject, Measure.POINTS, limit.points, count.points, count.allowed)
    return None
