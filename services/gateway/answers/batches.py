"""Batches and the results of their lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from services.gateway.answers.large_batches import large_batch_summary
from services.gateway.answers.moments import instant
from services.gateway.answers.movements import MovementAnswers
from services.gateway.answers.problems import error_members
from services.gateway.domain.batches import Counts
from services.gateway.domain.caller import Caller
from services.gateway.domain.large_batches.runs import Run
from services.gateway.domain.movements import Accepted, Awaited, Decision, Parked
from services.gateway.schemas.reading import ReadLine
from services.runtime.ids import to_text


@dataclass(slots=True)
class Tally:
    """How many lines came to what, so far."""

    lines: int
    accepted: int = 0
    replayed: int = 0
    refused: int = 0
    waiting: int = 0
    parked: int = 0

    def counts(self) -> Counts:
        """The counts as they stand."""
        return Counts(self.lines, self.accepted, self.replayed, self.refused, self.waiting, self.parked)


class BatchAnswers:
    """Builds the answers of batches, the results in pieces of JSON so that no step holds up the loop."""

    def __init__(self, movements: MovementAnswers) -> None:
        self._movements = movements

    def results(
        self,
        caller: Caller,
        first: int,
        lines: Sequence[ReadLine],
        decisions: Sequence[Decision],
        tally: Tally,
    ) -> bytes:
        """JSON of the results of some lines, joined by commas; counts them in the tally."""
        rows: list[dict[str, Any]] = []
        for place, (line, decision) in enumerate(zip(lines, decisions, strict=True), first):
            row: dict[str, Any] = {"line": place, "type": line.type, "reference": line.reference}
            if isinstance(decision, Accepted):
                if decision.replayed:
                    tally.replayed += 1
                    row["outcome"] = "replayed"
                else:
                    tally.accepted += 1
                    row["outcome"] = "accepted"
                row["transaction"] = self._movements.transaction(caller, decision.movement)
                row["error"] = None
            elif isinstance(decision, Awaited):
                tally.waiting += 1
                row["outcome"] = "waiting"
                row["transaction"] = row["error"] = None
            elif isinstance(decision, Parked):
                tally.parked += 1
                row["outcome"] = "parked"
                row["transaction"] = self._movements.transaction(caller, decision.movement)
                row["error"] = None
            else:
                tally.refused += 1
                row["outcome"] = "refused"
                row["transaction"] = None
                told = error_members(decision.error, f"/lines/{place}")
                row["error"] = {**told, "remembered": decision.remembered}
            rows.append(row)
        return orjson.dumps(rows)[1:-1]

    def completed(
        self, batch_id: UUID, created_at_us: int, counts: Counts, results: Sequence[bytes]
    ) -> bytes:
        """JSON of a whole batch, of schemas.batches.Batch."""
        summary = batch_summary(batch_id, created_at_us, counts)
        return orjson.dumps({**summary, "results": orjson.Fragment(b"[" + b",".join(results) + b"]")})


def batch_summary(
    batch_id: UUID, created_at_us: int, counts: Counts | None, run: Run | None = None
) -> dict[str, Any]:
    """A batch without its results, of schemas.batches.BatchSummary; without counts it is in progress, or a large one."""
    if run:
        return large_batch_summary(batch_id, created_at_us, run)
    return {
        "object": "batch",
        "id": to_text("bat", batch_id),
        "status": "completed" if counts else "in_progress",
        "created_at": instant(created_at_us),
        "counts": counts._asdict() if counts else None,
        "progress": None,
    }
