"""Compares the platform's figures with the recomputed ones and names every difference."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

from services.demo.figures import COUNTS, Figures, Stated

K = TypeVar("K", int, str)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that is not what it should be.

    `what` is a field of Figures; `partner` is the issuer in the matrix and empty for a count, `redeemer` is
    named in the matrix only, `week` where there is one. Units as in Figures.
    """

    what: str
    partner: str
    redeemer: str
    week: int | None
    expected: int
    got: int

    def __str__(self) -> str:
        """One line for people."""
        where = [self.what, f"{self.partner} → {self.redeemer}" if self.redeemer else self.partner]
        where.append("" if self.week is None else f"week {self.week}")
        named = ", ".join(part for part in where if part)
        return f"{named}: expected {self.expected:,}, got {self.got:,}"


def compare(expected: Figures, got: Figures) -> tuple[Difference, ...]:
    """Every difference, counts first, then by table, partner and week; none means that all is equal.

    A figure that one side does not name counts as 0. Carries are compared where both sides know them; the statements that `got`
    has with what `expected` has of the weeks that they cover.
    """
    return (
        *_counts(expected, got),
        *_by_week("issued", expected.issued, got.issued),
        *_by_week("burned", expected.burned, got.burned),
        *_matrix(expected.matrix, got.matrix),
        *_by_week("nets", expected.nets, got.nets),
        *_carries(expected, got),
        *_statements(expected, got),
    )


def _counts(expected: Figures, got: Figures) -> Iterator[Difference]:
    for what in COUNTS:
        wanted, found = getattr(expected, what), getattr(got, what)
        if wanted != found:
            yield Difference(what, "", "", None, wanted, found)


def _by_week(
    what: str, expected: Mapping[str, Mapping[int, int]], got: Mapping[str, Mapping[int, int]]
) -> Iterator[Difference]:
    for partner in sorted(expected.keys() | got.keys()):
        for week, wanted, found in _unequal(expected.get(partner, {}), got.get(partner, {})):
            yield Difference(what, partner, "", week, wanted, found)


def _matrix(
    expected: Mapping[str, Mapping[str, int]], got: Mapping[str, Mapping[str, int]]
) -> Iterator[Difference]:
    for issuer in sorted(expected.keys() | got.keys()):
        for redeemer, wanted, found in _unequal(expected.get(issuer, {}), got.get(issuer, {})):
            yield Difference("matrix", issuer, redeemer, None, wanted, found)


def _carries(expected: Figures, got: Figures) -> Iterator[Difference]:
    if expected.carries is not None and got.carries is not None:
        yield from _by_week("carries", expected.carries, got.carries)


def _statements(expected: Figures, got: Figures) -> Iterator[Difference]:
    """Each statement is what the weeks that it covers come to, and it follows upon the one before."""
    if expected.charged is None or expected.fees is None or got.stated is None:
        return
    for partner, statements in sorted(got.stated.items()):
        nets, last = expected.nets.get(partner, {}), 0
        for week, stated in sorted(statements.items()):
            before = _sum(nets, 1, last)
            net = _sum(nets, last + 1, week)
            wanted = Stated(
                first_week=last + 1,
                opening=before,
                net=net,
                closing=before + net,
                charged=_sum(expected.charged.get(partner, {}), last + 1, week),
                fees=_sum(expected.fees.get(partner, {}), last + 1, week),
            )
            for field in fields(Stated):
                figure, found = getattr(wanted, field.name), getattr(stated, field.name)
                if figure != found:
                    yield Difference(f"statement's {field.name}", partner, "", week, figure, found)
            last = week


def _sum(by_week: Mapping[int, int], first: int, last: int) -> int:
    return sum(by_week.get(week, 0) for week in range(first, last + 1))


def _unequal(expected: Mapping[K, int], got: Mapping[K, int]) -> Iterator[tuple[K, int, int]]:
    for key in sorted(expected.keys() | got.keys()):
        wanted, found = expected.get(key, 0), got.get(key, 0)
        if wanted != found:
            yield key, wanted, found
