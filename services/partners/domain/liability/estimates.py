"""How many of the points outstanding will still be used, cohort by cohort; the rest is breakage.

Breakage is expected only where it has been seen: while many points of the oldest cohorts may still be used, their age shows nothing
of what lapses in the end, and a chain-ladder that stops there would call late use breakage. Until then all that is outstanding is
expected to be used (IFRS 15.B46: no breakage that one is not entitled to expect), unless a person states the tail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Final

from services.partners.domain.liability.chain_ladder import (
    CONTEXT,
    Development,
    Factor,
    Projection,
    develop,
    quotient,
)
from services.partners.domain.liability.cohorts import Cohort, Month, Triangle
from services.partners.domain.liability.intervals import Interval, interval_of

#: Of the oldest cohorts, so much must be used or lapsed before breakage is expected of any.
RESOLVED_PERCENT: Final = 95
#: The oldest cohorts are as many as hold this much of all points issued: a single point says nothing.
_OLDEST_PERCENT: Final = 1
#: A tail says how much is used beyond the oldest age, in millionths of what is used up to it.
TAIL_NONE: Final = 1_000_000
TAIL_MAX: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class CohortEstimate:
    """What is expected of a cohort. Points.

    `ultimate`: by the chain-ladder, used in the end (without one: all that may be); `standard_error`: of it, to the nearest point.
    `is_capped`: the chain-ladder goes beyond what there is. `more`: still to be used, as the books take it.
    """

    cohort: Cohort
    ultimate: int
    standard_error: int
    is_capped: bool
    more: int

    @property
    def share_used(self) -> Fraction:
        """Of each point outstanding, how much is expected to be used: 0 to 1; 1 where none is outstanding."""
        left = self.cohort.outstanding
        return Fraction(self.more, left) if left > 0 else Fraction(1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected of all cohorts.

    `interval`: points still to be used by the chain-ladder, no more than there are; points of other books count as used on both ends.
    `is_mature`: whether the oldest cohorts are all but gone (`resolved_percent` of them, rounded down), or a tail is stated: else the
    books expect everything to be used. `tail_millionths`: see TAIL_NONE; its own error is not known, and not counted.
    """

    cohorts: tuple[CohortEstimate, ...]
    factors: tuple[Factor, ...]
    interval: Interval
    standard_error: int
    resolved_percent: int
    is_mature: bool
    tail_millionths: int

    @property
    def ultimate_more(self) -> int:
        """Points still to be used by the chain-ladder, whether the books take it or not."""
        return sum(each.ultimate - each.cohort.used for each in self.cohorts)

    @property
    def more(self) -> int:
        """Points still to be used, as the books take it."""
        return sum(each.more for each in self.cohorts)


def estimate(
    cohorts: Sequence[Cohort], triangle: Triangle, level_percent: int, tail_millionths: int = 0
) -> Estimate:
    """Projects the triangle, and those cohorts of the month under way of which it knows the issue alone.

    `tail_millionths` 0: none is stated. Raises ValueError for a tail below 1 or beyond 10, and as develop and interval_of do.
    """
    if tail_millionths and not TAIL_NONE <= tail_millionths <= TAIL_MAX:
        raise ValueError(f"a tail is {TAIL_NONE:,} to {TAIL_MAX:,} millionths")
    known = dict(zip(triangle.months, triangle.rows, strict=True))
    own = [each for each in cohorts if not each.is_opening and each.issued > 0]
    # Without a whole month nothing is known of use.
    rows = [known.get(each.month, (each.issued,)) for each in own] if known else []
    development = develop(rows)
    tail = tail_millionths or TAIL_NONE
    resolved = _resolved_percent(own)
    is_mature = bool(known) and (tail_millionths > 0 or resolved >= RESOLVED_PERCENT)
    projected = dict(
        zip((each.month for each in own), _with_tail(development, rows, tail), strict=True) if known else ()
    )
    made = tuple(_estimated(each, projected, is_mature=is_mature) for each in cohorts)
    total = _sum_with_tail(development, rows, tail)
    return Estimate(
        made,
        development.factors,
        _interval(total, cohorts, own if known else [], level_percent),
        _whole(total.standard_error),
        resolved,
        is_mature,
        tail_millionths,
    )


def _estimated(cohort: Cohort, projected: Mapping[Month, Projection], *, is_mature: bool) -> CohortEstimate:
    left = max(cohort.outstanding, 0)
    found = None if cohort.is_opening else projected.get(cohort.month)
    if found is None:
        return CohortEstimate(cohort, cohort.used + left, 0, False, left)
    wanted = _whole(found.expected) - cohort.used
    more = min(max(wanted, 0), left)
    return CohortEstimate(
        cohort,
        cohort.used + more,
        _whole(found.standard_error),
        wanted > left,
        more if is_mature else left,
    )


def _with_tail(development: Development, rows: Sequence[Sequence[int]], tail: int) -> list[Projection]:
    return [_longer(each, _used(row), tail) for each, row in zip(development.rows, rows, strict=True)]


def _sum_with_tail(development: Development, rows: Sequence[Sequence[int]], tail: int) -> Projection:
    return _longer(development.total, sum(map(_used, rows)), tail)


def _used(row: Sequence[int]) -> int:
    """What a row says was used: of a cohort of the month under way, nothing is known of use."""
    return row[-1] if len(row) > 1 else 0


def _longer(projection: Projection, latest: int, tail: int) -> Projection:
    """A projection with the tail, from what was used rather than from what was issued."""
    with localcontext(CONTEXT):
        factor = quotient(tail, TAIL_NONE)
        return Projection(
            latest,
            projection.expected * factor,
            projection.process * factor * factor,
            projection.parameter * factor * factor,
        )


def _interval(
    total: Projection, cohorts: Sequence[Cohort], own: Sequence[Cohort], level_percent: int
) -> Interval:
    """Of all that is outstanding; what was used since the last whole month is no longer to come."""
    found = interval_of(total, level_percent)
    since = sum(each.used for each in own) - total.latest
    left = sum(max(each.outstanding, 0) for each in own)
    certain = sum(max(each.outstanding, 0) for each in cohorts) - left

    def within(points: int) -> int:
        return certain + min(max(points - since, 0), left)

    return Interval(within(found.low), within(found.high), level_percent)


def _resolved_percent(own: Sequence[Cohort]) -> int:
    """How much of the oldest cohorts is used or lapsed, in per cent, rounded down; 0 where there are none."""
    wanted = sum(each.issued for each in own)
    issued = resolved = 0
    for each in sorted(own, key=lambda each: each.month):
        if issued and 100 * issued >= _OLDEST_PERCENT * wanted:
            break
        issued += each.issued
        resolved += each.used + each.lapsed
    return 100 * resolved // issued if issued else 0


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_EVEN))
