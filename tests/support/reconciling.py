"""Books of a day and files that differ from them on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from services.gateway.domain.reconciliation.comparing import Comparison, Difference, Row, Side
from services.gateway.domain.reconciliation.operations import OperationKind
from services.runtime.ids import new_id

DAY: Final = date(2026, 3, 14)
NEXT: Final = date(2026, 3, 15)


def ours(reference: str, points: int, amount: int = 0, kind: OperationKind = OperationKind.EARN) -> Row:
    """A row of our books of the day."""
    return Row(kind, reference, Side.OURS, 0, points, amount, DAY, new_id())


def elsewhere(reference: str, day: date = NEXT, kind: OperationKind = OperationKind.EARN) -> Row:
    """A row of our books of another day."""
    return Row(kind, reference, Side.OURS_ELSEWHERE, 0, 0, 0, day, new_id())


def theirs(
    line: int,
    reference: str,
    points: int,
    amount: int = 0,
    kind: OperationKind = OperationKind.EARN,
    day: date = DAY,
) -> Row:
    """A line of a partner's file."""
    return Row(kind, reference, Side.THEIRS, line, points, amount, day)


def compare(rows: Iterable[Row], at_once: int = 1_000) -> tuple[Comparison, list[Difference]]:
    """Compares rows in any order, `at_once` at a time."""
    comparison = Comparison(DAY)
    ordered: Sequence[Row] = sorted(rows, key=lambda row: (row.kind, row.reference, row.side, row.line))
    found: list[Difference] = []
    for start in range(0, len(ordered), at_once):
        found += comparison.take(ordered[start : start + at_once])
    found += comparison.end()
    return comparison, found
