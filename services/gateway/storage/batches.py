"""Where batches are kept.

Who works on a batch holds an advisory lock of its own connection: when the process dies the lock goes with
it, and the next call with the same key carries on at once.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import Select, and_, delete, exists, select

from services.gateway.domain.batches import Counts, StoredBatch
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.gateway.storage.large_batches.receiving import Receiving
from services.gateway.storage.large_batches.rows import RUN_SELECTED, RUN_SQL, run_of
from services.gateway.storage.tables import BATCH, BATCH_RUN
from services.gateway.storage.turns import lock_of, reachable
from services.runtime.clock import from_micros, to_micros, wall_now_us
from services.runtime.database import Database, PgConnection, ReadConnection
from services.runtime.errors import Conflict, NotFound
from services.runtime.ids import MalformedId, from_text, new_id

_LEVEL: Final = 1
_PREFIX: Final = "bat"
_LEFT_OVER: Final = timedelta(days=1)
_FIND: Final = f"""
SELECT batch_id, request_hash, created_at, batch.lines, batch.accepted, batch.replayed, batch.refused, batch.waiting, batch.parked,
       answer, {RUN_SQL}
  FROM batch LEFT JOIN batch_run AS run USING (ledger_id, batch_id) WHERE ledger_id = $1 AND partner_id = $2 AND key = $3
"""
_OPEN: Final = """SELECT count(*) FROM batch_run AS run JOIN batch USING (ledger_id, batch_id)
 WHERE run.due_at IS NOT NULL AND ledger_id = $1 AND partner_id = $2"""
_BEGIN: Final = """
INSERT INTO batch (ledger_id, batch_id, partner_id, key, request_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_SUMMARY: Final = tuple(column for column in BATCH.c if column.name not in ("answer", "key"))
_FINISH: Final = """
UPDATE batch SET lines = $3, accepted = $4, replayed = $5, refused = $6, waiting = $7, parked = $8, answer = $9
 WHERE ledger_id = $1 AND batch_id = $2
"""


class Turn:
    """The right to work on one batch, for as long as a connection holds its lock."""

    def __init__(self, connection: PgConnection, ledger_id: int, partner_id: UUID, key: str) -> None:
        self._connection, self._ledger_id = connection, ledger_id
        self._partner_id, self._key = partner_id, key

    async def find(self) -> StoredBatch | None:
        """The batch of this key, where it was sent before."""
        row = await self._connection.fetchrow(_FIND, self._ledger_id, self._partner_id, self._key)
        return await _stored(row, row["answer"]) if row else None

    async def begin(self, request_hash: bytes) -> StoredBatch:
        """Records that the batch is being worked on."""
        batch_id, created_at_us = new_id(), wall_now_us()
        await self._connection.execute(
            _BEGIN, self._ledger_id, batch_id, self._partner_id, self._key, request_hash,
            from_micros(created_at_us),
        )  # fmt: skip
        return StoredBatch(batch_id, request_hash, created_at_us, None, None)

    async def open_large(self) -> int:
        """How many large batches of the partner are not finished."""
        return await self._connection.fetchval(_OPEN, self._ledger_id, self._partner_id)

    def receiving(self, key_sha256: bytes, *, from_file: bool) -> Receiving:
        """Takes the lines of a large batch under this key. `key_sha256`: of the API key, by which it is worked on."""
        return Receiving(
            self._connection, self._ledger_id, self._partner_id, self._key, key_sha256, from_file=from_file
        )

    async def finish(self, batch_id: UUID, counts: Counts, answer: bytes) -> None:
        """Records the answer."""
        packed = await asyncio.to_thread(zlib.compress, answer, _LEVEL)
        await self._connection.execute(_FINISH, self._ledger_id, batch_id, *counts, packed)


class BatchStore:
    """The batches of all partners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def turn(self, ledger_id: int, partner_id: UUID, key: str) -> AsyncGenerator[Turn]:
        """Takes the turn on a batch.

        Raises Conflict (IDEMPOTENCY_KEY_IN_FLIGHT) where another has it, and Unavailable where the database
        cannot be reached.
        """
        lock = lock_of(str(ledger_id), str(partner_id), key)
        with reachable("batches"):
            async with self._database.writer.dedicated() as connection:
                if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
                    raise Conflict(
                        Reason.REASON_IDEMPOTENCY_KEY_IN_FLIGHT, "this batch is being worked on",
                        retry_after_seconds=1,
                    )  # fmt: skip
                try:
                    yield Turn(connection, ledger_id, partner_id, key)
                finally:
                    await connection.execute("SELECT pg_advisory_unlock($1)", lock)

    async def get(self, ledger_id: int, partner_id: UUID, batch_id: str) -> StoredBatch:
        """One batch of a partner. Raises NotFound, and Unavailable where the database cannot be reached."""
        with reachable("batches"):
            async with self._database.reader.snapshot() as connection:
                row = await self._one(connection, _of_partner(ledger_id, partner_id), batch_id)
        if row is None:
            raise NotFound("there is no such batch")
        return await _stored(row, row["answer"])

    async def page(self, ledger_id: int, partner_id: UUID, cursor: Cursor) -> Page[StoredBatch]:
        """Batches of a partner, newest first, without their answers.

        Raises InvalidRequest (CURSOR_INVALID) and Unavailable.
        """
        mine = _of_partner(ledger_id, partner_id)
        with reachable("batches"):
            async with self._database.reader.snapshot() as connection:
                after = await self._place(connection, mine, "starting_after", cursor.starting_after)
                before = await self._place(connection, mine, "ending_before", cursor.ending_before)
                which = mine.with_only_columns(*_SUMMARY, *RUN_SELECTED).limit(cursor.limit + 1)
                if after is not None:
                    which = which.where(BATCH.c.batch_id < after)
                if before is not None:
                    which = which.where(BATCH.c.batch_id > before)
                backwards = before is not None
                order = BATCH.c.batch_id.asc() if backwards else BATCH.c.batch_id.desc()
                rows = (await connection.execute(which.order_by(order))).mappings().all()
        found = [await _stored(row, None) for row in rows[: cursor.limit]]
        return Page(found[::-1] if backwards else found, len(rows) > cursor.limit)

    async def purge(self, days: int) -> int:
        """Forgets batches older than so many days, with their lines; answers how many. The ledger keeps their lines' keys.

        What a crash left of a large one that never was whole is removed, too.
        """
        now = datetime.now(UTC)
        old = BATCH.c.created_at < now - timedelta(days=days)
        run = BATCH_RUN.c
        its_batch = and_(BATCH.c.ledger_id == run.ledger_id, BATCH.c.batch_id == run.batch_id)
        async with self._database.writer.transaction() as connection:
            await connection.execute(delete(BATCH_RUN).where(exists().where(its_batch, old)))
            never_whole = (run.received_at.is_(None), run.begun_at < now - _LEFT_OVER)
            await connection.execute(delete(BATCH_RUN).where(*never_whole))
            gone = await connection.execute(delete(BATCH).where(old))
            return gone.rowcount

    @staticmethod
    async def _one(connection: ReadConnection, mine: Select[Any], batch_id: str) -> Any:
        try:
            wanted = from_text(_PREFIX, batch_id)
        except MalformedId:
            return None
        return (await connection.execute(mine.where(BATCH.c.batch_id == wanted))).mappings().one_or_none()

    async def _place(
        self, connection: ReadConnection, mine: Select[Any], name: str, batch_id: str
    ) -> UUID | None:
        if not batch_id:
            return None
        row = await self._one(connection, mine.with_only_columns(BATCH.c.batch_id), batch_id)
        if row is None:
            raise unknown_cursor(name)
        found: UUID = row["batch_id"]
        return found


def _of_partner(ledger_id: int, partner_id: UUID) -> Select[Any]:
    its_run = and_(BATCH_RUN.c.ledger_id == BATCH.c.ledger_id, BATCH_RUN.c.batch_id == BATCH.c.batch_id)
    return (
        select(*_SUMMARY, BATCH.c.answer, *RUN_SELECTED)
        .select_from(BATCH.outerjoin(BATCH_RUN, its_run))
        .where(BATCH.c.ledger_id == ledger_id, BATCH.c.partner_id == partner_id)
    )


async def _stored(row: Any, packed: bytes | None) -> StoredBatch:
    """A batch from a row of the driver's or of SQLAlchemy's, and the compressed answer where it is wanted."""
    counts = None
    if row["lines"] is not None:
        counts = Counts(
            row["lines"], row["accepted"], row["replayed"], row["refused"], row["waiting"], row["parked"]
        )
    # Megabytes of JSON: away from the loop.
    answer = await asyncio.to_thread(zlib.decompress, packed) if packed is not None else None
    created_at_us = to_micros(row["created_at"])
    return StoredBatch(row["batch_id"], row["request_hash"], created_at_us, counts, answer, run_of(row))
