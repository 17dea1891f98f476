"""The lines of large batches on their way to the ledger.

Who works on a batch holds an advisory lock of its own connection, which dies with the process. What came of some lines is written
in one transaction with the counts; a crash before it leaves them to be sent again, under the same keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.gateway.domain.large_batches.runs import (
    WITHDRAWABLE,
    LineOutcome,
    LineResult,
    OpenRun,
    StoredLine,
)
from services.gateway.storage.turns import lock_of, reachable
from services.runtime.clock import from_micros, to_micros, wall_now_us
from services.runtime.database import Database, PgConnection

_WHAT: Final = "batches"
_MOVING: Final = tuple(outcome.value for outcome in LineOutcome)
_DUE: Final = """SELECT ledger_id, batch_id, key_sha256, received_at, from_file FROM batch_run
WHERE due_at <= $1 ORDER BY turn_at LIMIT $2"""
_WANTED: Final = """UPDATE batch_run SET turn_at = $3
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL RETURNING cancelled_at IS NULL"""
_LINES: Final = """SELECT line, outcome, attempts, body FROM batch_line
WHERE ledger_id = $1 AND batch_id = $2 AND line > $3 AND due_at <= $4 ORDER BY line LIMIT $5"""
_RESULTS: Final = """UPDATE batch_line SET outcome = told.outcome, attempts = told.attempts, due_at = told.due_at,
       body = CASE WHEN told.due_at IS NOT NULL THEN body END, "transaction" = COALESCE(told.moved, "transaction"), error = told.error
  FROM unnest($3::integer[], $4::text[], $5::integer[], $6::timestamptz[], $7::text[], $8::text[])
       AS told (line, outcome, attempts, due_at, moved, error)
 WHERE ledger_id = $1 AND batch_id = $2 AND batch_line.line = told.line"""
_COUNTS: Final = ", ".join(f"{name} = {name} + ${place}" for place, name in enumerate(_MOVING, 4))
_COUNTED: Final = f"""UPDATE batch_run SET started_at = COALESCE(started_at, $3), turn_at = $3, {_COUNTS}
 WHERE ledger_id = $1 AND batch_id = $2"""
_REST: Final = """WITH next AS (
    SELECT min(due_at) AS due_at FROM batch_line WHERE ledger_id = $1 AND batch_id = $2 AND due_at IS NOT NULL
)
UPDATE batch_run SET turn_at = $3, due_at = CASE WHEN cancelled_at IS NULL OR next.due_at IS NULL THEN next.due_at ELSE $3::timestamptz END,
       finished_at = CASE WHEN next.due_at IS NULL THEN $3::timestamptz END
  FROM next WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""
_LATER: Final = """UPDATE batch_run SET turn_at = $3::timestamptz,
       due_at = CASE WHEN cancelled_at IS NULL THEN $4::timestamptz ELSE $3::timestamptz END
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""
_WITHDRAW: Final = """UPDATE batch_line SET due_at = NULL, body = NULL,
       outcome = CASE WHEN outcome = ANY($3::text[]) THEN 'cancelled' ELSE outcome END
 WHERE ledger_id = $1 AND batch_id = $2 AND due_at IS NOT NULL"""
_WITHDRAWN: Final = """UPDATE batch_run SET finished_at = $3, due_at = NULL, started_at = COALESCE(started_at, $3),
       cancelled = cancelled + queued + retrying, queued = 0, retrying = 0
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""


class Working:
    """The right to work on one batch, for as long as a connection holds its lock."""

    def __init__(self, connection: PgConnection, run: OpenRun) -> None:
        self._connection, self._run = connection, run
        self._of = (run.ledger_id, run.batch_id)

    async def wanted(self) -> bool | None:
        """Whether it is still to be posted; False: it was cancelled; None: nothing of it is left to do.

        It is behind all others from now on, whatever becomes of its turn.
        """
        return await self._connection.fetchval(_WANTED, *self._of, from_micros(wall_now_us()))

    async def lines(self, after: int, now_us: int, limit: int) -> list[StoredLine]:
        """Lines that are due, in their order, after one (-1: from the start)."""
        rows = await self._connection.fetch(_LINES, *self._of, after, from_micros(now_us), limit)
        return [StoredLine(row[0], LineOutcome(row[1]), row[2], row[3]) for row in rows]

    async def record(self, before: Sequence[StoredLine], results: Sequence[LineResult]) -> None:
        """Writes what came of lines, and counts it."""
        moved: Counter[str] = Counter(each.outcome.value for each in results)
        moved.subtract(each.outcome.value for each in before)
        async with self._connection.transaction():
            await self._connection.execute(
                _RESULTS, *self._of,
                [each.line for each in results],
                [each.outcome.value for each in results],
                [each.attempts for each in results],
                [from_micros(each.due_at_us) if each.due_at_us else None for each in results],
                [each.transaction or None for each in results],
                [each.error or None for each in results],
            )  # fmt: skip
            await self._connection.execute(
                _COUNTED, *self._of, from_micros(wall_now_us()), *(moved[name] for name in _MOVING)
            )

    async def rest(self) -> None:
        """Leaves it until a line is due again; without one it is finished."""
        await self._connection.execute(_REST, *self._of, from_micros(wall_now_us()))

    async def put_off(self, until_us: int) -> None:
        """Leaves it until then, or no longer than now where it was cancelled meanwhile."""
        await self._connection.execute(_LATER, *self._of, from_micros(wall_now_us()), from_micros(until_us))

    async def withdraw(self) -> None:
        """Ends it: what the ledger has not got is cancelled, what it has stands as it stands."""
        async with self._connection.transaction():
            await self._connection.execute(_WITHDRAW, *self._of, [each.value for each in WITHDRAWABLE])
            await self._connection.execute(_WITHDRAWN, *self._of, from_micros(wall_now_us()))


class OpenRuns:
    """The large batches of all partners that are not finished."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, limit: int) -> list[OpenRun]:
        """Batches with lines that are due, those first that have waited longest for their turn. Raises Unavailable."""
        with reachable(_WHAT):
            async with self._database.writer.dedicated() as connection:
                rows = await connection.fetch(_DUE, from_micros(wall_now_us()), limit)
        return [OpenRun(row[0], row[1], row[2], to_micros(row[3]), row[4]) for row in rows]

    @asynccontextmanager
    async def turn(self, run: OpenRun) -> AsyncGenerator[Working | None]:
        """Takes the turn on a batch; None where another has it. Raises Unavailable."""
        lock = lock_of("batch run", str(run.ledger_id), str(run.batch_id))
        with reachable(_WHAT):
            async with self._database.writer.dedicated() as connection:
                if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
                    yield None
                    return
                try:
                    yield Working(connection, run)
                finally:
                    await connection.execute("SELECT pg_advisory_unlock($1)", lock)
