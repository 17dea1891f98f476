"""Cohorts: all points that were issued in a month, what became of them, and who carries what is left.

A month is that of the till's clock in the programme's zone, as everywhere in rating. Points out of the books of an earlier
programme are cohorts of their own, by the month in which they were taken over: of when they were used before, nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from services.partners.domain.liability.lots import LAPSED_BY, USED_BY, LotKind

#: Months that cohorts may lie apart: fifty years, as a triangle has ages.
MONTHS_MAX: Final = 600
#: Points that are shared by carriers are counted in millionths.
PARTS: Final = 1_000_000


class Month(NamedTuple):
    """A month of the programme's zone: months since the year 0."""

    number: int

    @classmethod
    def of(cls, year: int, month: int) -> Month:
        """A month (1 to 12) of a year."""
        return cls(year * 12 + month - 1)

    def __str__(self) -> str:
        return f"{self.number // 12:04}-{self.number % 12 + 1:02}"


class Flow(NamedTuple):
    """Points of a cohort that moved in a month, whoever carries them."""

    cohort: Month
    month: Month
    kind: LotKind
    points: int
    is_opening: bool = False


class Paid(NamedTuple):
    """Points of a cohort that a partner pays for at one pair of prices, by what became of them.

    `now_micros`, `later_micros`: what it owes a point when it is issued, and on top once it is used, by the prices that count.
    `issued` is less what was reversed, `used` less what was unused again. `weight`: the partner's part of each point, in millionths
    (of a grant its share).
    """

    cohort: Month
    partner_id: UUID
    now_micros: int
    later_micros: int
    weight: int
    issued: int
    used: int
    lapsed: int

    @property
    def outstanding(self) -> int:
        """Points that can still be used."""
        return self.issued - self.used - self.lapsed

    @property
    def carried_parts(self) -> int:
        """Millionths of points outstanding that the partner carries: the part of the price that is due only once they are used."""
        price = self.now_micros + self.later_micros
        # Rounded down: the operator carries what no partner does.
        return self.outstanding * self.weight * self.later_micros // price if price else 0


@dataclass(frozen=True, slots=True)
class Cohort:
    """All points of one month. Money in micros, by the prices that count.

    `issued` is less what was reversed, `used` less what was unused again. `deferred_micros`: what was due when they were issued;
    `used_micros`, `outstanding_micros`: the parts of it that belong to points used, and still to be used (the rest has lapsed).
    `potential_micros`: what partners will owe once all that is outstanding is used. `carried`: who carries what is outstanding,
    in millionths of points, the operator under the zero UUID.
    """

    month: Month
    is_opening: bool
    issued: int
    used: int
    lapsed: int
    deferred_micros: int = 0
    used_micros: int = 0
    outstanding_micros: int = 0
    potential_micros: int = 0
    carried: tuple[tuple[UUID, int], ...] = ()

    @property
    def outstanding(self) -> int:
        """Points that can still be used."""
        return self.issued - self.used - self.lapsed


@dataclass(slots=True)
class _Sums:
    issued: int = 0
    used: int = 0
    lapsed: int = 0
    deferred: int = 0
    used_micros: int = 0
    outstanding_micros: int = 0
    potential: int = 0
    carried: dict[UUID, int] = field(default_factory=dict[UUID, int])


_OPERATOR: Final = UUID(int=0)


def cohorts_of(flows: Iterable[Flow], paid: Iterable[Paid]) -> list[Cohort]:
    """Cohorts by month, opening balances first in each; months without points are left out."""
    sums: dict[tuple[Month, bool], _Sums] = {}
    for flow in flows:
        of = sums.setdefault((flow.cohort, flow.is_opening), _Sums())
        of.issued += _issued_by(flow.kind) * flow.points
        of.used += USED_BY.get(flow.kind, 0) * flow.points
        of.lapsed += LAPSED_BY.get(flow.kind, 0) * flow.points
    for each in paid:
        # Nobody has paid here for points out of other books.
        of = sums.setdefault((each.cohort, False), _Sums())
        of.deferred += each.issued * each.now_micros
        of.used_micros += each.used * each.now_micros
        of.outstanding_micros += each.outstanding * each.now_micros
        of.potential += each.outstanding * each.later_micros
        of.carried[each.partner_id] = of.carried.get(each.partner_id, 0) + each.carried_parts
    made: list[Cohort] = []
    for month, is_opening in sorted(sums, key=lambda key: (key[0], not key[1])):
        of = sums[month, is_opening]
        outstanding = of.issued - of.used - of.lapsed
        carried = {_OPERATOR: outstanding * PARTS - sum(of.carried.values()), **of.carried}
        made.append(
            Cohort(
                month, is_opening, of.issued, of.used, of.lapsed, of.deferred, of.used_micros,
                of.outstanding_micros, of.potential,
                tuple((who, parts) for who, parts in sorted(carried.items()) if parts),
            )
        )  # fmt: skip
    return made


@dataclass(frozen=True, slots=True)
class Triangle:
    """Points issued and used by cohort and age, over whole months up to `last` (None: there is not one).

    The first figure of a row is what was issued, the others are what was used up to the end of the month of issue, of the
    next one, and so on. Cohorts without points are left out.
    """

    last: Month | None
    months: tuple[Month, ...]
    rows: tuple[tuple[int, ...], ...]


def triangle_of(flows: Sequence[Flow], last: Month) -> Triangle:
    """The triangle of whole months up to one. Raises ValueError where cohorts lie more than 600 months apart.

    A till whose clock is behind may use points before they were issued: that counts in the month of issue. More unused than was used,
    of cohorts with next to no points, counts as nothing used.
    """
    flows = [flow for flow in flows if not flow.is_opening and flow.month <= last and flow.cohort <= last]
    issued: dict[Month, int] = {}
    used: dict[Month, dict[int, int]] = {}
    for flow in flows:
        if last.number - flow.cohort.number >= MONTHS_MAX:
            raise ValueError(f"cohort {flow.cohort} is more than {MONTHS_MAX} months before {last}")
        issued[flow.cohort] = issued.get(flow.cohort, 0) + _issued_by(flow.kind) * flow.points
        change = USED_BY.get(flow.kind, 0) * flow.points
        if change:
            age = max(flow.month.number - flow.cohort.number, 0)
            by_age = used.setdefault(flow.cohort, {})
            by_age[age] = by_age.get(age, 0) + change
    months = tuple(month for month in sorted(issued) if issued[month] > 0)
    rows: list[tuple[int, ...]] = []
    for month in months:
        row, total = [issued[month]], 0
        for age in range(last.number - month.number + 1):
            total += used.get(month, {}).get(age, 0)
            row.append(min(max(total, 0), issued[month]))
        rows.append(tuple(row))
    return Triangle(last if months else None, months, tuple(rows))


def _issued_by(kind: LotKind) -> int:
    return 1 if kind is LotKind.ISSUED else -1 if kind is LotKind.REVERSED else 0
