"""What came of a partner's file: matches, differences by name, and a bridge that adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from services.gateway.answers.moments import instant
from services.gateway.domain.reconciliation.comparing import (
    Amounts,
    Comparison,
    Difference,
    DifferenceType,
    Row,
    Side,
    Step,
)
from services.gateway.domain.reconciliation.operations import OperationKind
from services.gateway.domain.reconciliation.reading import BadLine
from services.gateway.domain.reconciliation.uploads import Outcome, StoredDifference
from services.runtime.ids import to_text

UPLOAD_PREFIX: Final = "rup"


def upload_answer(outcome: Outcome, comparison: Comparison, currency: str) -> bytes:
    """JSON of an upload, of schemas.reconciliation.ReconciliationUpload."""
    asked, day, bridge = outcome.asked, outcome.day, comparison.bridge()
    counts = {**comparison.counts, DifferenceType.UNREADABLE: outcome.unreadable}
    return orjson.dumps(
        {
            "object": "reconciliation_upload",
            "id": to_text(UPLOAD_PREFIX, outcome.upload_id),
            "created_at": instant(outcome.created_at_us),
            "date": day.day.isoformat(),
            "status": "closed" if day.closed else "open",
            "last_seq": day.last_seq,
            "currency": currency,
            "kinds": [kind.value for kind in OperationKind if kind in asked.kinds],
            "amounts_compared": asked.amounts,
            "agrees": not any(counts.values()),
            "lines": outcome.read,
            "matched": comparison.matched,
            "differences": {type_.value: number for type_, number in counts.items()},
            "differences_kept": outcome.kept,
            "bridge": _steps(_in_all(bridge.values()), asked.amounts),
            "bridges": [
                {"kind": kind.value, "steps": _steps(steps, asked.amounts)} for kind, steps in bridge.items()
            ],
        }
    )


def difference_answer(difference: Difference, *, amounts: bool) -> tuple[str, bytes]:
    """The type of a difference, and its JSON but for its number, of schemas.reconciliation.ReconciliationDifference."""
    told = {
        "type": difference.type.value,
        "kind": difference.kind.value if difference.kind else None,
        "reference": difference.reference or None,
        "line": difference.line,
        "fields": list(difference.fields),
        "ours": _ours(difference.ours, amounts),
        "theirs": _figures(difference.theirs, amounts) if difference.theirs else None,
        "unreadable": None,
    }
    return difference.type.value, orjson.dumps(told)


def unreadable_answer(bad: BadLine) -> tuple[str, bytes]:
    """As difference_answer, of a line that cannot be read."""
    told: dict[str, Any] = {
        "type": DifferenceType.UNREADABLE.value,
        "kind": None,
        "reference": None,
        "line": bad.line,
        "fields": [],
        "ours": None,
        "theirs": None,
        "unreadable": {"field": bad.field or None, "column": bad.column or None, "detail": bad.detail},
    }
    return DifferenceType.UNREADABLE.value, orjson.dumps(told)


def numbered_answer(stored: StoredDifference) -> dict[str, Any]:
    """A difference as it was kept, with its number."""
    return {
        "object": "reconciliation_difference",
        "number": stored.number,
        **orjson.loads(stored.answer),
    }


def stored_answer(answer: bytes) -> dict[str, Any]:
    """An upload as it was answered."""
    return orjson.loads(answer)


def _ours(row: Row | None, amounts: bool) -> dict[str, Any] | None:
    if row is None:
        return None
    told = _figures(row, amounts)
    if row.side is Side.OURS_ELSEWHERE:
        # Found by its name, on another day: what it came to is in that day's file.
        told["points"] = told["amount"] = None
    return {**told, "transaction": to_text("txn", row.transaction_id) if row.transaction_id else None}


def _figures(row: Row, amounts: bool) -> dict[str, Any]:
    return {
        "points": row.points,
        "amount": row.amount_minor if amounts else None,
        "date": row.day.isoformat(),
    }


def _steps(steps: Mapping[Step, Amounts], amounts: bool) -> list[dict[str, Any]]:
    return [
        {
            "step": step.value,
            "count": found.number,
            "points": found.points,
            "amount": found.amount_minor if amounts else None,
        }
        for step, found in steps.items()
    ]


def _in_all(bridges: Iterable[Mapping[Step, Amounts]]) -> dict[Step, Amounts]:
    found = dict.fromkeys(Step, Amounts())
    for bridge in bridges:
        for step, amounts in bridge.items():
            pairs = zip(found[step], amounts, strict=True)
            found[step] = Amounts(*(one + other for one, other in pairs))
    return found
