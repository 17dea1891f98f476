"""Back-test: what the chain-ladder would have said some months ago of the months that have passed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.partners.domain.liability.chain_ladder import Row, develop
from services.partners.domain.liability.intervals import Interval, interval_of

#: How many months may be held out.
HELD_OUT_MAX: Final = 24


@dataclass(frozen=True, slots=True)
class BackTest:
    """Points used in the newest `months`, predicted without them and as they came, of cohorts that were there before.

    `interval`: of their sum, as it would have been given. `cohorts`: how many there are; `inside`: of how many the points came
    to lie in an interval of their own.
    """

    months: int
    predicted: int
    actual: int
    interval: Interval
    cohorts: int
    inside: int

    @property
    def error(self) -> int:
        """Predicted less actual: above zero, too many were expected."""
        return self.predicted - self.actual

    @property
    def holds(self) -> bool:
        """Whether what came lies in the interval."""
        return self.interval.holds(self.actual)


def back_test(rows: Sequence[Row], months: int, level_percent: int) -> BackTest | None:
    """Holds out the newest months of a triangle whose first figure is what was issued; None where too little is left.

    Rows that end at the same month lose as many figures each. Raises ValueError as develop and interval_of do.
    """
    if not 1 <= months <= HELD_OUT_MAX:
        raise ValueError(f"1 to {HELD_OUT_MAX} months are held out")
    before = [row[: len(row) - months] for row in rows if len(row) > months]
    after = [row for row in rows if len(row) > months]
    # The oldest cohort then shows no age that another one could be held against.
    reached = max((len(row) for row in before), default=0)
    pairs = [(now, was) for now, was in zip(after, before, strict=True) if len(was) > 1]
    if len(pairs) < 2:
        return None
    found = develop([was for _, was in pairs], ahead=months)
    actuals = [now[min(len(was) + months, reached) - 1] - was[-1] for now, was in pairs]
    intervals = [interval_of(each, level_percent) for each in found.rows]
    moving = [
        (interval, actual)
        for (_, was), interval, actual in zip(pairs, intervals, actuals, strict=True)
        if len(was) < reached
    ]
    return BackTest(
        months,
        int(found.total.more.to_integral_value()),
        sum(actuals),
        interval_of(found.total, level_percent),
        len(moving),
        sum(interval.holds(actual) for interval, actual in moving),
    )
