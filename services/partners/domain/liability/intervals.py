"""Intervals around what is still to come, at a stated level.

What is to come is taken to be lognormal with the mean and the standard error of the chain-ladder, as Mack proposes ("Measuring the
variability of chain ladder reserve estimates", Casualty Actuarial Society Forum, spring 1994, 101-182): it is never below zero,
and long to the right. Logarithm, root and exponential are Decimal's own, right to the last of 50 digits; the quantile of the
normal distribution is right to 30 decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from functools import cache
from typing import Final

from services.partners.domain.liability.chain_ladder import CONTEXT, Projection, quotient

#: Levels of an interval that may be asked for, in per cent.
LEVEL_MIN: Final = 50
LEVEL_MAX: Final = 99
_PI: Final = Decimal("3.14159265358979323846264338327950288419716939937511")
_NEAR: Final = Decimal("1e-32")


@dataclass(frozen=True, slots=True)
class Interval:
    """Points still to come, both ends included; it holds the truth in `level_percent` of all cases, if the model is right."""

    low: int
    high: int
    level_percent: int

    def holds(self, points: int) -> bool:
        """Whether it contains so many points."""
        return self.low <= points <= self.high


def interval_of(projection: Projection, level_percent: int) -> Interval:
    """The interval that leaves as much out below as above. Raises ValueError for a level beyond 50 to 99 per cent."""
    if not LEVEL_MIN <= level_percent <= LEVEL_MAX:
        raise ValueError(f"a level is {LEVEL_MIN} to {LEVEL_MAX} per cent")
    with localcontext(CONTEXT):
        mean, error = projection.more, projection.standard_error
        if mean <= 0 or not error:
            low = high = mean
        else:
            variance = (1 + quotient(error, mean) ** 2).ln()
            middle, reach = (
                mean.ln() - quotient(variance, 2),
                normal_quantile(level_percent) * variance.sqrt(),
            )
            low, high = (middle - reach).exp(), (middle + reach).exp()
        return Interval(
            int(low.to_integral_value(ROUND_FLOOR)), int(high.to_integral_value(ROUND_CEILING)), level_percent
        )


@cache
def normal_quantile(level_percent: int) -> Decimal:
    """How many standard deviations either way hold so many per cent of a normal distribution; 95: 1.9599..."""
    with localcontext(CONTEXT):
        # (1 + level) / 2 lies below; half of all lies below 0.
        wanted = quotient(level_percent, 200)
        found = Decimal(0)
        while True:
            # Newton's method; between 0 and any quantile the density falls, so steps never overshoot from below.
            step = quotient(wanted - _above_zero(found), _density(found))
            found += step
            if abs(step) < _NEAR:
                return found


def _density(at: Decimal) -> Decimal:
    return quotient(quotient(-at * at, 2).exp(), (2 * _PI).sqrt())


def _above_zero(at: Decimal) -> Decimal:
    """The share between 0 and `at`: density times x + x^3/3 + x^5/15 + ... (Abramowitz and Stegun, 26.2.11)."""
    term = total = at
    place = 1
    while abs(term) > _NEAR:
        place += 2
        term = quotient(term * at * at, place)
        total += term
    return total * _density(at)
