"""Revenue of points under IFRS 15: what is deferred when points are issued, and recognised as they are used.

Of what was allocated to points, so much is recognised in all as is used of what is expected to be used (IFRS 15.B44 to B47 and
Illustrative Example 52). Breakage is thereby recognised in the pattern of use; an estimate that changes is caught up with at once.

One rounding: each cumulative figure of a cohort is rounded half-even to the unit, once, and what belongs to a period is the difference
of two such figures. So periods add up to the unit, however they are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Final, NamedTuple

from services.partners.domain.liability.cohorts import Month
from services.partners.domain.liability.estimates import CohortEstimate

_MICROS_PER_MINOR: Final = 10_000


def recognised(allocated: int, used: int | Fraction, expected: int | Fraction) -> int:
    """Cumulative revenue in the unit of `allocated`: allocated x used / expected, half-even; 9,000 of which 4,500 of 9,700: 4,175.

    More used than expected counts as all. Nothing expected: nothing recognised. Raises ValueError for `used` or `expected` below zero.
    """
    if used < 0 or expected < 0:
        raise ValueError("points used and expected to be used are not below zero")
    if not expected:
        return 0
    return round(allocated * min(Fraction(used, expected), Fraction(1)))


class CohortKey(NamedTuple):
    """Which cohort: its month, and whether it is out of other books."""

    month: Month
    is_opening: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A cohort's revenue as of a moment, cumulative, in minor units; three figures it is made of in micros, unrounded.

    `allocated`: due when its points were issued. `redeemed`: the part that belongs to points used, and to nothing else: what
    would be recognised at zero breakage. `recognised`: with the breakage expected. `used_micros`, `expected_micros`: allocated to
    points used, and to points expected to be used in the end.
    """

    allocated: int
    redeemed: int
    recognised: int
    allocated_micros: int
    used_micros: int
    expected_micros: Fraction

    @property
    def liability(self) -> int:
        """What is deferred still."""
        return self.allocated - self.recognised

    def recognised_at(self, before: Standing) -> int:
        """What would be recognised were the same part expected to be used as before: where nothing was, as now."""
        if before.allocated_micros <= 0 or not before.expected_micros:
            return self.recognised
        expected = Fraction(self.allocated_micros * before.expected_micros, before.allocated_micros)
        return recognised(self.allocated, self.used_micros, max(expected, Fraction(0)))


def standing_of(estimated: CohortEstimate) -> Standing:
    """A cohort's revenue by its estimate. Where nothing can be used any more, no obligation is left, and all is recognised."""
    cohort = estimated.cohort
    used, outstanding = max(cohort.used_micros, 0), max(cohort.outstanding_micros, 0)
    expected = used + estimated.share_used * outstanding
    allocated = round(Fraction(cohort.deferred_micros, _MICROS_PER_MINOR))
    return Standing(
        allocated,
        round(Fraction(used, _MICROS_PER_MINOR)),
        recognised(allocated, used, expected) if outstanding else allocated,
        cohort.deferred_micros,
        used,
        expected,
    )


_NOTHING: Final = Standing(0, 0, 0, 0, 0, Fraction(0))


@dataclass(frozen=True, slots=True)
class RollForward:
    """How the contract liability moves over a period, in minor units.

    opening + deferred - redeemed - breakage - change_of_estimate = closing. `deferred`: due for points issued, less reversed, and
    what re-rates changed of it. `redeemed`: allocated to points used. `breakage`: what is recognised beyond, were the same part
    expected to be used as when the period began (of new cohorts: as when it ended). `change_of_estimate`: the catch-up to
    what was expected when it ended.
    """

    opening: int = 0
    deferred: int = 0
    redeemed: int = 0
    breakage: int = 0
    change_of_estimate: int = 0
    closing: int = 0

    @property
    def revenue(self) -> int:
        """What is recognised in the period."""
        return self.redeemed + self.breakage + self.change_of_estimate

    def __add__(self, other: RollForward) -> RollForward:
        """Both together, figure by figure."""
        return RollForward(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(RollForward))
        )


def roll_forward(before: Standing | None, after: Standing) -> RollForward:
    """One cohort over a period; `before` None: it is new."""
    opened = _NOTHING if before is None else before
    at_old = after.recognised_at(opened)
    return RollForward(
        opened.liability,
        after.allocated - opened.allocated,
        after.redeemed - opened.redeemed,
        (at_old - after.redeemed) - (opened.recognised - opened.redeemed),
        after.recognised - at_old,
        after.liability,
    )


def standings_of(estimates: Iterable[CohortEstimate]) -> dict[CohortKey, Standing]:
    """The revenue of all cohorts."""
    return {CohortKey(each.cohort.month, each.cohort.is_opening): standing_of(each) for each in estimates}


def roll_forwards(
    before: Mapping[CohortKey, Standing], after: Mapping[CohortKey, Standing]
) -> dict[CohortKey, RollForward]:
    """All cohorts over a period, by month. One that is gone from the later figures would be a mistake: its liability falls to nothing."""
    keys = sorted({*before, *after}, key=lambda key: (key.month, not key.is_opening))
    return {key: roll_forward(before.get(key), after.get(key, _NOTHING)) for key in keys}
