"""Large batches: how far they are, and what became of each line."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from services.gateway.answers.moments import instant, instant_or_none
from services.gateway.answers.problems import error_members
from services.gateway.directory.aliases import MemberAliases
from services.gateway.domain.caller import Caller
from services.gateway.domain.large_batches.runs import Run, ToldLine
from services.gateway.domain.movements import Accepted, Decision, Declined, Parked
from services.gateway.schemas.reading import BadLine
from services.runtime.errors import CoalitionError
from services.runtime.ids import to_text

BATCH_PREFIX = "bat"


def large_batch_summary(batch_id: UUID, created_at_us: int, run: Run) -> dict[str, Any]:
    """A large batch, of schemas.batches.BatchSummary."""
    told = to_text(BATCH_PREFIX, batch_id)
    return {
        "object": "batch",
        "id": told,
        "status": run.status,
        "created_at": instant(created_at_us),
        "counts": None,
        "progress": {
            "percent": run.percent,
            "started_at": instant_or_none(run.started_at_us),
            "finished_at": instant_or_none(run.finished_at_us),
            "next_attempt_at": instant_or_none(run.due_at_us),
            "counts": run.counts._asdict(),
            "lines_url": lines_url(told),
        },
    }


def large_batch(batch_id: UUID, created_at_us: int, run: Run) -> bytes:
    """JSON of a large batch, of schemas.batches.Batch."""
    return orjson.dumps({**large_batch_summary(batch_id, created_at_us, run), "results": None})


def lines_url(batch_id: str) -> str:
    """Where the lines of a batch are read."""
    return f"/v1/batches/{batch_id}/lines"


def line_answer(line: ToldLine) -> dict[str, Any]:
    """A line, of schemas.batches.BatchLine."""
    return {
        "object": "batch_line",
        "line": line.line,
        "type": line.type,
        "reference": line.reference,
        "outcome": line.outcome,
        "attempts": line.attempts,
        "next_attempt_at": instant_or_none(line.due_at_us),
        "transaction": orjson.Fragment(line.transaction) if line.transaction else None,
        "error": orjson.Fragment(line.error) if line.error else None,
    }


def line_record(line: ToldLine) -> bytes:
    """The same as a line of JSON."""
    return orjson.dumps(line_answer(line), option=orjson.OPT_APPEND_NEWLINE)


class LineAnswers:
    """Builds what is kept of each line."""

    def __init__(self, aliases: MemberAliases) -> None:
        self._aliases = aliases

    def moved(self, caller: Caller, decision: Decision) -> str:
        """JSON of what a line posted, of schemas.batches.LineMovement; empty where it posted nothing."""
        if not isinstance(decision, Accepted | Parked):
            return ""
        movement = decision.movement
        told = {
            "id": to_text("txn", movement.transaction_id),
            "member": self._aliases.alias(caller.partner.partner_id, movement.member_id),
            "points": movement.points,
            "pending": movement.pending,
            "balance": movement.balance_in_all,
            "recorded_at": instant(movement.recorded_at_us),
        }
        return orjson.dumps(told).decode()

    def why(self, decision: Decision, within: str) -> str:
        """JSON of why a line was not posted, of schemas.batches.LineError; empty where it was.

        `within`: the JSON pointer of the line.
        """
        if not isinstance(decision, Declined):
            return ""
        return _error(decision.error, within, remembered=decision.remembered)


def unreadable(line: BadLine, within: str) -> str:
    """JSON of why a line cannot be read, of schemas.batches.LineError."""
    return _error(line.error, within, remembered=False)


def _error(error: CoalitionError, within: str, *, remembered: bool) -> str:
    return orjson.dumps({**error_members(error, within), "remembered": remembered}).decode()
