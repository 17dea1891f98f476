"""Comparing a partner's file with our books of a day: what differs, each named once, and totals that bridge.

Both sides come as one run of rows sorted by kind and reference, so that nothing is held but one operation and the sums. For
each kind: theirs, and what is missing there, less what is missing here, and what is different, less what is there twice, less what
belongs to another day, are ours; in numbers, points and money.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from services.gateway.domain.reconciliation.operations import OperationKind


class Side(IntEnum):
    """Where a row is from, in the order in which those of one operation come."""

    OURS = 0
    OURS_ELSEWHERE = 1
    THEIRS = 2


class Row(NamedTuple):
    """An operation on one side. `line`: of their file, 0 of ours. `transaction_id`: None of theirs."""

    kind: OperationKind
    reference: str
    side: Side
    line: int
    points: int
    amount_minor: int
    day: date
    transaction_id: UUID | None = None

    @property
    def key(self) -> tuple[OperationKind, str]:
        """What makes two rows the same operation."""
        return self.kind, self.reference


class DifferenceType(StrEnum):
    """What is wrong with an operation."""

    MISSING_THERE = "missing_there"
    """We have it, their file has not."""
    MISSING_HERE = "missing_here"
    """Their file has it, and we have none."""
    DIFFERENT = "different"
    """Both have it, and not with the same figures."""
    TWICE = "twice"
    """Their file has it again."""
    ANOTHER_DAY = "another_day"
    """Both have it, on different days."""
    UNREADABLE = "unreadable"
    """A line that could not be read: it is in no total."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. What a side has not is None; `line` is that of their file. `fields`: which figures differ.

    Of a line that could not be read: `field`, `column` and `detail`, and nothing of an operation.
    """

    type: DifferenceType
    kind: OperationKind | None = None
    reference: str = ""
    line: int | None = None
    ours: Row | None = None
    theirs: Row | None = None
    fields: tuple[str, ...] = ()
    field: str = ""
    column: int = 0
    detail: str = ""


class Amounts(NamedTuple):
    """How many operations, their points and their money in minor units."""

    number: int = 0
    points: int = 0
    amount_minor: int = 0

    def plus(self, row: Row, sign: int = 1, number: int = 1) -> Amounts:
        """With the figures of a row, times `sign`."""
        return Amounts(
            self.number + sign * number,
            self.points + sign * row.points,
            self.amount_minor + sign * row.amount_minor,
        )


class Step(StrEnum):
    """A row of the bridge; all of one kind but the last sum to the last."""

    THEIRS = "theirs"
    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    DIFFERENT = "different"
    TWICE = "twice"
    ANOTHER_DAY = "another_day"
    OURS = "ours"


_NONE: Final = Amounts()


class Comparison:
    """Compares the rows of one day, and keeps the sums."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._bridge: dict[OperationKind, dict[Step, Amounts]] = {}
        #: How many operations are the same on both sides.
        self.matched = 0
        #: How many differences of each type there are.
        self.counts: dict[DifferenceType, int] = dict.fromkeys(DifferenceType, 0)
        self._ours: Row | None = None
        self._elsewhere: Row | None = None
        self._first: Row | None = None

    def take(self, rows: Iterable[Row]) -> Iterator[Difference]:
        """The differences that the next rows make known."""
        for row in rows:
            known = self._ours or self._elsewhere or self._first
            # (Of what has no reference any more, each is an operation of its own.)
            if known is not None and (known.key != row.key or row.side is Side.OURS):
                yield from self.end()
            if row.side is Side.OURS:
                self._add(row, Step.OURS)
                self._ours = row
            elif row.side is Side.OURS_ELSEWHERE:
                self._elsewhere = self._elsewhere or row
            else:
                self._add(row, Step.THEIRS)
                yield from self._compare(row)

    def end(self) -> Iterator[Difference]:
        """What is left once no more rows of an operation come."""
        if self._ours is not None and self._first is None:
            self._add(self._ours, Step.MISSING_THERE)
            yield self._named(DifferenceType.MISSING_THERE, self._ours, None)
        self._ours = self._elsewhere = self._first = None

    def bridge(self) -> dict[OperationKind, dict[Step, Amounts]]:
        """By kind, in the order of OperationKind, every step."""
        return {
            kind: {step: self._bridge[kind].get(step, _NONE) for step in Step}
            for kind in OperationKind
            if kind in self._bridge
        }

    def _compare(self, row: Row) -> Iterator[Difference]:
        if self._first is not None:
            self._add(row, Step.TWICE, -1)
            yield self._named(DifferenceType.TWICE, self._ours or self._elsewhere, row)
            return
        self._first, ours = row, self._ours
        if ours is None:
            step = Step.ANOTHER_DAY if self._elsewhere else Step.MISSING_HERE
            self._add(row, step, -1)
            yield self._named(DifferenceType(step.value), self._elsewhere, row)
            return
        fields = _differing(ours, row)
        if not fields:
            self.matched += 1
        elif fields == ("date",):
            yield self._named(DifferenceType.ANOTHER_DAY, ours, row, fields)
        else:
            self._add(ours, Step.DIFFERENT, number=0)
            self._add(row, Step.DIFFERENT, -1, number=0)
            yield self._named(DifferenceType.DIFFERENT, ours, row, fields)

    def _add(self, row: Row, step: Step, sign: int = 1, number: int = 1) -> None:
        steps = self._bridge.setdefault(row.kind, {})
        steps[step] = steps.get(step, _NONE).plus(row, sign, number)

    def _named(
        self, type_: DifferenceType, ours: Row | None, theirs: Row | None, fields: tuple[str, ...] = ()
    ) -> Difference:
        self.counts[type_] += 1
        row = theirs or ours
        if row is None:
            raise ValueError("a difference is of one side at least")
        line = theirs.line if theirs else None
        return Difference(type_, row.kind, row.reference, line, ours, theirs, fields)


def _differing(ours: Row, theirs: Row) -> tuple[str, ...]:
    pairs = {
        "points": ours.points != theirs.points,
        "amount": ours.amount_minor != theirs.amount_minor,
        "date": ours.day != theirs.day,
    }
    return tuple(name for name, differs in pairs.items() if differs)
