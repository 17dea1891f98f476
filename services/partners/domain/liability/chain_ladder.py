"""Chain-ladder: how many points of each cohort will have been used in the end, and how sure that is.

The method and its standard error are those of T. Mack, "Distribution-free calculation of the standard error of chain ladder
reserve estimates", ASTIN Bulletin 23 (1993), 213-225. A row holds the cumulative figures of a cohort by age; rows may end at
any age. From one age to the next a cohort grows by a factor that all cohorts share, with a variance in proportion to what
it had before. Of a factor: volume-weighted mean over the rows that show both ages.

Points are whole numbers. Factors and variances are Decimals of 50 digits: the same input gives the same output on any machine,
and rows in another order one that differs in the last few of these digits at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final

#: Statistics are worked out to this many digits, and rounded half-even once they are shown.
CONTEXT: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
# (Division has no sign here: of two whole numbers it would make a float.)
quotient: Final = CONTEXT.divide
#: Fifty years of months: a longer triangle is a mistake.
AGES_MAX: Final = 600
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)

Row = Sequence[int]
"""Cumulative figures of one cohort, youngest age first; none below zero."""


@dataclass(frozen=True, slots=True)
class Factor:
    """How figures grow from one age to the next.

    `factor`: volume-weighted; 1 where no row that shows both ages has anything at the first. `variance`: Mack's sigma squared.
    `volume`: the sum that the factor is weighted by. `rows`: how many rows with a figure above zero it rests on.
    """

    factor: Decimal
    variance: Decimal
    volume: int
    rows: int


@dataclass(frozen=True, slots=True)
class Projection:
    """What a row comes to at an age. `process`, `parameter`: the two parts of its mean squared error."""

    latest: int
    expected: Decimal
    process: Decimal
    parameter: Decimal

    @property
    def more(self) -> Decimal:
        """What is still to come."""
        return CONTEXT.subtract(self.expected, Decimal(self.latest))

    @property
    def standard_error(self) -> Decimal:
        """Of what is still to come, Mack's."""
        return CONTEXT.sqrt(CONTEXT.add(self.process, self.parameter))


@dataclass(frozen=True, slots=True)
class Development:
    """All rows projected, each in its place, and their sum with the error that they have in common."""

    factors: tuple[Factor, ...]
    rows: tuple[Projection, ...]
    total: Projection


def develop(rows: Sequence[Row], ages: int = 0, ahead: int = 0) -> Development:
    """Projects every row to the oldest age of any (or so many `ages`), or only `ahead` ages further than it is.

    An empty triangle projects to nothing. Raises ValueError for a figure below zero, a row without figures, and more than 600 ages.
    """
    known = max((len(row) for row in rows), default=0)
    if known > AGES_MAX or any(not row or min(row) < 0 for row in rows):
        raise ValueError(f"rows have 1 to {AGES_MAX} figures, none below zero")
    with localcontext(CONTEXT):
        factors = _factors(rows, known)
        ends = [min(len(row) + ahead, known) if ahead else ages or known for row in rows]
        return Development(factors, *_projected(rows, factors, ends))


def _factors(rows: Sequence[Row], ages: int) -> tuple[Factor, ...]:
    made: list[Factor] = []
    for age in range(ages - 1):
        pairs = [(row[age], row[age + 1]) for row in rows if len(row) > age + 1]
        volume = sum(before for before, _ in pairs)
        factor = quotient(sum(after for _, after in pairs), volume) if volume else _ONE
        # A row that has nothing yet says nothing of how much figures spread.
        spread = [quotient((after - factor * before) ** 2, before) for before, after in pairs if before]
        if len(spread) > 1:
            variance = quotient(sum(spread, _ZERO), len(spread) - 1)
        else:
            variance = _extrapolated([each.variance for each in made])
        made.append(Factor(factor, variance, volume, len(spread)))
    return tuple(made)


def _extrapolated(variances: Sequence[Decimal]) -> Decimal:
    """The variance where one row alone shows it: Mack's rule, that it goes on falling as it did, and never rises."""
    if len(variances) < 2:
        return variances[-1] if variances else _ZERO
    before, last = variances[-2:]
    falling = quotient(last * last, before) if before else _ZERO
    return min(falling, before, last)


def _projected(
    rows: Sequence[Row], factors: Sequence[Factor], ends: Sequence[int]
) -> tuple[tuple[Projection, ...], Projection]:
    shared = [_ZERO] * len(factors)
    made: list[Projection] = []
    for row, end in zip(rows, ends, strict=True):
        expected = [Decimal(row[-1])]
        for age in range(len(row) - 1, end - 1):
            expected.append(expected[-1] * factors[age].factor)
        process = parameter = _ZERO
        weight = _ONE
        # From the end backwards: an error at an age grows by the factors of those that follow.
        for age in reversed(range(len(row) - 1, end - 1)):
            of, before = factors[age], expected[age - len(row) + 1]
            process += of.variance * before * weight * weight
            reach = before * weight
            if of.volume:
                parameter += quotient(of.variance * reach * reach, of.volume)
                shared[age] += reach
            weight *= of.factor
        made.append(Projection(row[-1], expected[-1], process, parameter))
    total = Projection(
        sum(each.latest for each in made),
        sum((each.expected for each in made), _ZERO),
        sum((each.process for each in made), _ZERO),
        # A factor that is wrong is wrong for all rows at once: their errors add up before they are squared.
        sum(
            (
                quotient(of.variance * reach * reach, of.volume)
                for of, reach in zip(factors, shared, strict=True)
                if of.volume
            ),
            _ZERO,
        ),
    )
    return tuple(made), total
