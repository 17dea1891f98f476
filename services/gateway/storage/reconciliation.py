"""Where comparisons are made and kept.

Both sides are staged in a table and read back in the order of its key, so that no side is ever in memory. Who works on
an upload holds an advisory lock of its own connection, which dies with the process; the result is written in one transaction.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import delete, select

from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.gateway.domain.reconciliation.comparing import Row, Side
from services.gateway.domain.reconciliation.operations import OperationKind
from services.gateway.domain.reconciliation.uploads import StoredDifference, StoredUpload
from services.gateway.storage.tables import (
    RECONCILIATION_DIFFERENCE,
    RECONCILIATION_ROW,
    RECONCILIATION_UPLOAD,
)
from services.gateway.storage.turns import lock_of, reachable
from services.runtime.clock import from_micros
from services.runtime.database import Database, PgConnection
from services.runtime.errors import Conflict, NotFound
from services.runtime.ids import MalformedId, from_text, new_id

PREFIX: Final = "rup"
_WHAT: Final = "comparisons"
_ROWS_A_TURN: Final = 2_000
_COLUMNS: Final = (
    "work_id", "kind", "reference", "side", "line", "points", "amount_minor", "day", "transaction_id",
)  # fmt: skip
_FIND: Final = """SELECT upload_id, request_hash, differences, answer FROM reconciliation_upload
WHERE ledger_id = $1 AND partner_id = $2 AND key = $3"""
_NEXT: Final = """SELECT kind, reference, side, line, points, amount_minor, day, transaction_id FROM reconciliation_row
WHERE work_id = $1 AND (kind, reference, side, line) > ($2, $3, $4, $5) ORDER BY kind, reference, side, line LIMIT $6"""
_KEEP: Final = """INSERT INTO reconciliation_upload
(ledger_id, upload_id, partner_id, key, request_hash, created_at, differences, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_LEFT_OVER: Final = timedelta(days=1)
_U, _D = RECONCILIATION_UPLOAD.c, RECONCILIATION_DIFFERENCE.c


class UploadTurn:
    """The right to work on one upload, for as long as a connection holds its lock."""

    def __init__(self, connection: PgConnection, ledger_id: int, partner_id: UUID, key: str) -> None:
        self._connection, self._ledger_id = connection, ledger_id
        self._partner_id, self._key = partner_id, key
        self._work_id = new_id()
        self._numbered = 0

    async def find(self) -> StoredUpload | None:
        """The upload of this key, where there is one."""
        row = await self._connection.fetchrow(_FIND, self._ledger_id, self._partner_id, self._key)
        return StoredUpload(row[0], row[1], row[2], row[3].encode()) if row else None

    async def stage(self, rows: Iterable[Row]) -> None:
        """Adds rows. What is ours is numbered, so that of two without a reference each is a row of its own."""
        records: list[tuple[Any, ...]] = []
        for row in rows:
            self._numbered += 1
            line = row.line if row.side is Side.THEIRS else self._numbered
            records.append(
                (
                    self._work_id, row.kind.value, row.reference, row.side.value, line, row.points,
                    row.amount_minor, row.day, row.transaction_id,
                )
            )  # fmt: skip
        if records:
            await self._connection.copy_records_to_table(
                "reconciliation_row", records=records, columns=_COLUMNS
            )

    async def sorted_rows(self) -> AsyncIterator[Sequence[Row]]:
        """All rows in the order in which they are compared, some at a time."""
        place: tuple[Any, ...] = ("", "", 0, 0)
        while True:
            rows = await self._connection.fetch(_NEXT, self._work_id, *place, _ROWS_A_TURN)
            if rows:
                yield [
                    Row(OperationKind(row[0]), row[1], Side(row[2]), row[3], row[4], row[5], row[6], row[7])
                    for row in rows
                ]
                place = tuple(rows[-1])[:4]
            if len(rows) < _ROWS_A_TURN:
                return

    @asynccontextmanager
    async def keeping(self) -> AsyncGenerator[None]:
        """All that is kept within is kept together, or not at all."""
        async with self._connection.transaction():
            yield

    async def keep_differences(
        self, upload_id: UUID, first: int, differences: Sequence[tuple[str, bytes]]
    ) -> None:
        """Adds differences (type, JSON), numbered from `first`."""
        records = [
            (self._ledger_id, upload_id, number, type_, answer.decode())
            for number, (type_, answer) in enumerate(differences, first)
        ]
        await self._connection.copy_records_to_table(
            "reconciliation_difference",
            records=records,
            columns=("ledger_id", "upload_id", "number", "type", "answer"),
        )

    async def keep(self, upload: StoredUpload, created_at_us: int) -> None:
        """Adds the upload itself."""
        await self._connection.execute(
            _KEEP, self._ledger_id, upload.upload_id, self._partner_id, self._key, upload.request_hash,
            from_micros(created_at_us), upload.differences, upload.answer.decode(),
        )  # fmt: skip

    async def clear(self) -> None:
        """Removes the rows."""
        await self._connection.execute("DELETE FROM reconciliation_row WHERE work_id = $1", self._work_id)


class ReconciliationStore:
    """The comparisons of all partners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def turn(self, ledger_id: int, partner_id: UUID, key: str) -> AsyncGenerator[UploadTurn]:
        """Takes the turn on an upload; its rows are gone afterwards.

        Raises Conflict (IDEMPOTENCY_KEY_IN_FLIGHT) where another has it, and Unavailable where the database
        cannot be reached.
        """
        lock = lock_of("reconciliation", str(ledger_id), str(partner_id), key)
        with reachable(_WHAT):
            async with self._database.writer.dedicated() as connection:
                if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
                    raise Conflict(
                        Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT, "this upload is being worked on",
                        retry_after_seconds=1,
                    )  # fmt: skip
                turn = UploadTurn(connection, ledger_id, partner_id, key)
                try:
                    yield turn
                finally:
                    await turn.clear()
                    await connection.execute("SELECT pg_advisory_unlock($1)", lock)

    async def get(self, ledger_id: int, partner_id: UUID, upload_id: str) -> StoredUpload:
        """One upload of a partner. Raises NotFound, and Unavailable where the database cannot be reached."""
        wanted = _id_of(upload_id)
        query = select(_U.upload_id, _U.request_hash, _U.differences, _U.answer).where(
            _U.ledger_id == ledger_id, _U.partner_id == partner_id, _U.upload_id == wanted
        )
        with reachable(_WHAT):
            async with self._database.reader.snapshot() as connection:
                row = (await connection.execute(query)).mappings().one_or_none() if wanted else None
        if row is None:
            raise NotFound("there is no such upload")
        return StoredUpload(row["upload_id"], row["request_hash"], row["differences"], row["answer"].encode())

    async def page(self, ledger_id: int, partner_id: UUID, cursor: Cursor) -> Page[bytes]:
        """The answers to a partner's uploads, newest first. Raises InvalidRequest (CURSOR_INVALID), Unavailable."""
        after = await self._place(ledger_id, partner_id, "starting_after", cursor.starting_after)
        before = await self._place(ledger_id, partner_id, "ending_before", cursor.ending_before)
        query = select(_U.answer).where(_U.ledger_id == ledger_id, _U.partner_id == partner_id)
        if after is not None:
            query = query.where(_U.upload_id < after)
        if before is not None:
            query = query.where(_U.upload_id > before)
        query = query.order_by(_U.upload_id.asc() if before else _U.upload_id.desc()).limit(cursor.limit + 1)
        with reachable(_WHAT):
            async with self._database.reader.snapshot() as connection:
                rows = (await connection.execute(query)).all()
        found = [row[0].encode() for row in rows[: cursor.limit]]
        return Page(found[::-1] if before else found, len(rows) > cursor.limit)

    async def differences(
        self, ledger_id: int, upload: StoredUpload, type_: str, cursor: Cursor
    ) -> Page[StoredDifference]:
        """Differences of an upload in their order, those of one type where that is not empty.

        Raises InvalidRequest (CURSOR_INVALID), Unavailable.
        """
        after = _number("starting_after", cursor.starting_after, upload.differences)
        before = _number("ending_before", cursor.ending_before, upload.differences)
        query = select(_D.number, _D.answer).where(
            _D.ledger_id == ledger_id, _D.upload_id == upload.upload_id
        )
        if type_:
            query = query.where(_D.type == type_)
        if after:
            query = query.where(_D.number > after)
        if before:
            query = query.where(_D.number < before)
        query = query.order_by(_D.number.desc() if before else _D.number.asc()).limit(cursor.limit + 1)
        with reachable(_WHAT):
            async with self._database.reader.snapshot() as connection:
                rows = (await connection.execute(query)).mappings().all()
        found = [StoredDifference(row["number"], row["answer"].encode()) for row in rows[: cursor.limit]]
        return Page(found[::-1] if before else found, len(rows) > cursor.limit)

    async def purge(self, days: int) -> int:
        """Forgets uploads older than so many days, with their differences; answers how many.

        Rows that a crash left are removed, too.
        """
        now = datetime.now(UTC)
        async with self._database.writer.transaction() as connection:
            gone = await connection.execute(
                delete(RECONCILIATION_UPLOAD).where(_U.created_at < now - timedelta(days=days))
            )
            await connection.execute(
                delete(RECONCILIATION_ROW).where(RECONCILIATION_ROW.c.staged_at < now - _LEFT_OVER)
            )
            return gone.rowcount

    async def _place(self, ledger_id: int, partner_id: UUID, name: str, upload_id: str) -> UUID | None:
        if not upload_id:
            return None
        try:
            return (await self.get(ledger_id, partner_id, upload_id)).upload_id
        except NotFound:
            raise unknown_cursor(name) from None


def _id_of(text: str) -> UUID | None:
    try:
        return from_text(PREFIX, text)
    except MalformedId:
        return None


def _number(name: str, text: str, most: int) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise unknown_cursor(name)
    return int(text)
