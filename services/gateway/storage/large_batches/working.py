"""The lines of large batches on their way to the ledger.

Who works on a batch holds an advisory lock of its own connection, which dies with the process. Which lines leave is written before
they do, and what came of them in one transaction with the counts; a crash between the two leaves them to be sent again, under the same
keys, before anything else becomes of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.gateway.domain.large_batches.runs import (
    WITHDRAWABLE,
    Flight,
    LineOutcome,
    LineResult,
    OpenRun,
    Standing,
    StoredLine,
)
from services.gateway.storage.turns import lock_of, reachable
from services.runtime.clock import from_micros, to_micros, wall_now_us
from services.runtime.database import Database, PgConnection

_WHAT: Final = "batches"
_MOVING: Final = tuple(outcome.value for outcome in LineOutcome)
_DUE: Final = """SELECT ledger_id, batch_id, key_sha256, received_at, from_file FROM batch_run
WHERE due_at <= $1 ORDER BY turn_at LIMIT $2"""
_STANDING: Final = """UPDATE batch_run SET turn_at = $3 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL
RETURNING cancelled_at IS NOT NULL, flight_first, flight_last, flight_due_at, flight_failures"""
_LINES: Final = """SELECT line, outcome, attempts, body, sent FROM batch_line
WHERE ledger_id = $1 AND batch_id = $2 AND line > $3 AND line <= $4 AND due_at <= $5 ORDER BY line LIMIT $6"""
_LINE_MAX: Final = 2**31 - 1
_LEAVES: Final = """UPDATE batch_run SET turn_at = now(), flight_first = $3, flight_last = $4, flight_due_at = $5, flight_failures = 0
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL AND cancelled_at IS NULL RETURNING true"""
_RESULTS: Final = """UPDATE batch_line SET outcome = told.outcome, attempts = told.attempts, due_at = told.due_at,
       body = CASE WHEN told.due_at IS NOT NULL THEN body END, "transaction" = COALESCE(told.moved, "transaction"), error = told.error,
       sent = told.sent
  FROM unnest($3::integer[], $4::text[], $5::integer[], $6::timestamptz[], $7::text[], $8::text[], $9::boolean[])
       AS told (line, outcome, attempts, due_at, moved, error, sent)
 WHERE ledger_id = $1 AND batch_id = $2 AND batch_line.line = told.line"""
_COUNTS: Final = ", ".join(f"{name} = {name} + ${place}" for place, name in enumerate(_MOVING, 8))
_COUNTED: Final = f"""UPDATE batch_run SET started_at = COALESCE(started_at, $3), turn_at = $3,
       flight_first = $4, flight_last = $5, flight_due_at = $6, flight_failures = $7, {_COUNTS}
 WHERE ledger_id = $1 AND batch_id = $2"""
# What a cancellation takes back waits for nothing, what it does not take back does.
_REST: Final = """WITH next AS (
    SELECT min(due_at) AS due_at, bool_or(NOT sent) AS unsent FROM batch_line
     WHERE ledger_id = $1 AND batch_id = $2 AND due_at IS NOT NULL
)
UPDATE batch_run SET turn_at = $3, due_at = CASE WHEN cancelled_at IS NULL OR next.unsent IS NOT TRUE THEN next.due_at ELSE $3::timestamptz END,
       finished_at = CASE WHEN next.due_at IS NULL THEN $3::timestamptz END
  FROM next WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""
_LATER: Final = """UPDATE batch_run SET turn_at = $3::timestamptz,
       due_at = CASE WHEN cancelled_at IS NULL OR flight_first IS NOT NULL THEN $4::timestamptz ELSE $3::timestamptz END
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""
_FAILED: Final = """UPDATE batch_run SET turn_at = $3, due_at = $4, flight_failures = flight_failures + 1
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""
_WITHDRAW: Final = """UPDATE batch_line SET due_at = NULL, body = NULL,
       outcome = CASE WHEN outcome = ANY($3::text[]) THEN 'cancelled' ELSE outcome END
 WHERE ledger_id = $1 AND batch_id = $2 AND due_at IS NOT NULL AND NOT sent"""
_WITHDRAWN: Final = """WITH kept AS (
    SELECT count(*)::integer AS lines, min(due_at) AS due_at FROM batch_line
     WHERE ledger_id = $1 AND batch_id = $2 AND due_at IS NOT NULL
)
UPDATE batch_run SET finished_at = CASE WHEN kept.lines = 0 THEN $3::timestamptz END, due_at = kept.due_at,
       started_at = COALESCE(started_at, $3::timestamptz), cancelled = cancelled + queued + retrying - kept.lines,
       queued = 0, retrying = kept.lines
  FROM kept WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL RETURNING finished_at IS NOT NULL"""


class Working:
    """The right to work on one batch, for as long as a connection holds its lock."""

    def __init__(self, connection: PgConnection, run: OpenRun) -> None:
        self._connection, self._run = connection, run
        self._of = (run.ledger_id, run.batch_id)

    async def standing(self) -> Standing | None:
        """Where it stands; None: nothing of it is left to do.

        It is behind all others from now on, whatever becomes of its turn.
        """
        row = await self._connection.fetchrow(_STANDING, *self._of, from_micros(wall_now_us()))
        if row is None:
            return None
        flight = Flight(row[1], row[2], to_micros(row[3]), row[4]) if row[1] is not None else None
        return Standing(row[0], flight)

    async def lines(self, after: int, now_us: int, limit: int) -> list[StoredLine]:
        """Lines that are due, in their order, after one (-1: from the start)."""
        return await self._lines(after, _LINE_MAX, now_us, limit)

    async def lines_of(self, flight: Flight, limit: int) -> list[StoredLine]:
        """The first lines of a flight whose answers are not written yet."""
        return await self._lines(flight.first - 1, flight.last, flight.due_us, limit)

    async def send(self, lines: Sequence[StoredLine], due_us: int) -> Flight | None:
        """Notes that lines leave, which were due by then; None where it was cancelled meanwhile: they must not.

        A crash after this leaves open what became of them, and whoever has the next turn asks for them first.
        """
        first, last = lines[0].line, lines[-1].line
        if not await self._connection.fetchval(_LEAVES, *self._of, first, last, from_micros(due_us)):
            return None
        return Flight(first, last, due_us, 0)

    async def record(
        self, before: Sequence[StoredLine], results: Sequence[LineResult], rest: Flight | None = None
    ) -> None:
        """Writes what came of lines, and counts it; `rest`: the flight as far as it is not over with these lines."""
        moved: Counter[str] = Counter(each.outcome.value for each in results)
        moved.subtract(each.outcome.value for each in before)
        flight = (
            (rest.first, rest.last, from_micros(rest.due_us), rest.failures)
            if rest
            else (None, None, None, 0)
        )
        async with self._connection.transaction():
            await self._connection.execute(
                _RESULTS, *self._of,
                [each.line for each in results],
                [each.outcome.value for each in results],
                [each.attempts for each in results],
                [from_micros(each.due_at_us) if each.due_at_us else None for each in results],
                [each.transaction or None for each in results],
                [each.error or None for each in results],
                [each.sent for each in results],
            )  # fmt: skip
            await self._connection.execute(
                _COUNTED, *self._of, from_micros(wall_now_us()), *flight, *(moved[name] for name in _MOVING)
            )

    async def rest(self) -> None:
        """Leaves it until a line is due again; without one it is finished."""
        await self._connection.execute(_REST, *self._of, from_micros(wall_now_us()))

    async def put_off(self, until_us: int) -> None:
        """Leaves it until then; where it was cancelled meanwhile, and nothing of it is on its way, no longer than now."""
        await self._connection.execute(_LATER, *self._of, from_micros(wall_now_us()), from_micros(until_us))

    async def failed(self, until_us: int) -> None:
        """Counts a failure of what is on its way, and leaves the batch until then, cancelled or not."""
        await self._connection.execute(_FAILED, *self._of, from_micros(wall_now_us()), from_micros(until_us))

    async def withdraw(self) -> bool:
        """Cancels what was never sent; what the ledger has stands as it stands. Answers whether the batch is over with that.

        It is not while the ledger may have a line, and has not answered. Nothing else may be on its way.
        """
        async with self._connection.transaction():
            await self._connection.execute(_WITHDRAW, *self._of, [each.value for each in WITHDRAWABLE])
            return await self._connection.fetchval(_WITHDRAWN, *self._of, from_micros(wall_now_us()))

    async def _lines(self, after: int, last: int, due_us: int, limit: int) -> list[StoredLine]:
        rows = await self._connection.fetch(_LINES, *self._of, after, last, from_micros(due_us), limit)
        return [StoredLine(row[0], LineOutcome(row[1]), row[2], row[3], row[4]) for row in rows]


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
