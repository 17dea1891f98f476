"""Reading the lines of a large batch, and asking for its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from services.gateway.domain.large_batches.runs import OpenRun, ToldLine
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.gateway.storage.large_batches.rows import micros
from services.gateway.storage.tables import BATCH_LINE
from services.gateway.storage.turns import reachable
from services.runtime.clock import from_micros, to_micros, wall_now_us
from services.runtime.database import Database

_WHAT: Final = "batches"
_ROWS_A_TURN: Final = 500
_DIGITS_MAX: Final = 9
_L: Final = BATCH_LINE.c
_COLUMNS: Final = tuple(column for column in BATCH_LINE.c if column.name not in ("body", "sent"))
_CANCEL: Final = """UPDATE batch_run SET cancelled_at = $3, due_at = $3, turn_at = $3
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL AND cancelled_at IS NULL"""
_RUN: Final = """SELECT key_sha256, received_at, from_file FROM batch_run
 WHERE ledger_id = $1 AND batch_id = $2 AND finished_at IS NULL"""


class BatchLineStore:
    """The lines of large batches of all partners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, ledger_id: int, batch_id: UUID, outcome: str, cursor: Cursor) -> Page[ToldLine]:
        """Lines in their order, those of one outcome where that is not empty.

        Raises InvalidRequest (CURSOR_INVALID) and Unavailable.
        """
        after = _number("starting_after", cursor.starting_after)
        before = _number("ending_before", cursor.ending_before)
        query = _lines(ledger_id, batch_id, outcome)
        if after is not None:
            query = query.where(_L.line > after)
        if before is not None:
            query = query.where(_L.line < before)
        backwards = before is not None
        query = query.order_by(_L.line.desc() if backwards else _L.line.asc()).limit(cursor.limit + 1)
        found = await self._read(query)
        entries = found[: cursor.limit]
        return Page(entries[::-1] if backwards else entries, len(found) > cursor.limit)

    async def all(self, ledger_id: int, batch_id: UUID, outcome: str) -> AsyncIterator[Sequence[ToldLine]]:
        """All lines as they stand when it is their turn, some at a time. Raises Unavailable."""
        last = -1
        while True:
            query = _lines(ledger_id, batch_id, outcome).where(_L.line > last)
            found = await self._read(query.order_by(_L.line).limit(_ROWS_A_TURN))
            if found:
                yield found
                last = found[-1].line
            if len(found) < _ROWS_A_TURN:
                return

    async def cancel(self, ledger_id: int, batch_id: UUID) -> OpenRun | None:
        """Asks for the end of a batch; None where it has ended. Raises Unavailable."""
        with reachable(_WHAT):
            async with self._database.writer.dedicated() as connection:
                await connection.execute(_CANCEL, ledger_id, batch_id, from_micros(wall_now_us()))
                row = await connection.fetchrow(_RUN, ledger_id, batch_id)
        return OpenRun(ledger_id, batch_id, row[0], to_micros(row[1]), row[2]) if row else None

    async def _read(self, query: Select[Any]) -> list[ToldLine]:
        with reachable(_WHAT):
            async with self._database.reader.snapshot() as connection:
                rows = (await connection.execute(query)).mappings().all()
        return [
            ToldLine(
                row["line"], row["type"], row["reference"], row["outcome"], row["attempts"], micros(row["due_at"]),
                row["transaction"] or "", row["error"] or "",
            )
            for row in rows
        ]  # fmt: skip


def _lines(ledger_id: int, batch_id: UUID, outcome: str) -> Select[Any]:
    query = select(*_COLUMNS).where(_L.ledger_id == ledger_id, _L.batch_id == batch_id)
    return query.where(_L.outcome == outcome) if outcome else query


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise unknown_cursor(name)
    return int(text)
