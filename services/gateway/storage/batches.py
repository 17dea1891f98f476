"""Where batches are kept.

Who works on a batch holds an advisory lock of its own connection: when the process dies the lock goes with
it, and the next call with the same key carries on at once.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import asyncpg
from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import Row, Select, delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.gateway.domain.batches import Counts, StoredBatch
from services.gateway.domain.pages import Cursor, Page, unknown_cursor
from services.gateway.storage.tables import BATCH
from services.runtime.clock import from_micros, to_micros, wall_now_us
from services.runtime.database import Database
from services.runtime.errors import Conflict, NotFound, Unavailable
from services.runtime.ids import MalformedId, from_text, new_id

_LEVEL: Final = 1
_PREFIX: Final = "bat"
_FIND: Final = """
SELECT batch_id, request_hash, created_at, lines, accepted, replayed, refused, answer
  FROM batch WHERE ledger_id = $1 AND partner_id = $2 AND key = $3
"""
_BEGIN: Final = """
INSERT INTO batch (ledger_id, batch_id, partner_id, key, request_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_FINISH: Final = """
UPDATE batch SET lines = $3, accepted = $4, replayed = $5, refused = $6, answer = $7
 WHERE ledger_id = $1 AND batch_id = $2
"""


class Turn:
    """The right to work on one batch, for as long as a connection holds its lock."""

    def __init__(
        self, connection: asyncpg.Connection[Any], ledger_id: int, partner_id: UUID, key: str
    ) -> None:
        self._connection, self._ledger_id = connection, ledger_id
        self._partner_id, self._key = partner_id, key

    async def find(self) -> StoredBatch | None:
        """The batch of this key, where it was sent before."""
        row = await self._connection.fetchrow(_FIND, self._ledger_id, self._partner_id, self._key)
        return await _stored(row) if row else None

    async def begin(self, request_hash: bytes) -> StoredBatch:
        """Records that the batch is being worked on."""
        batch_id, created_at_us = new_id(), wall_now_us()
        await self._connection.execute(
            _BEGIN, self._ledger_id, batch_id, self._partner_id, self._key, request_hash,
            from_micros(created_at_us),
        )  # fmt: skip
        return StoredBatch(batch_id, request_hash, created_at_us, None, None)

    async def finish(self, batch_id: UUID, counts: Counts, answer: bytes) -> None:
        """Records the answer."""
        packed = await asyncio.to_thread(zlib.compress, answer, _LEVEL)
        await self._connection.execute(_FINISH, self._ledger_id, batch_id, *counts, packed)


class BatchStore:
    """The batches of all partners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def turn(self, ledger_id: int, partner_id: UUID, key: str) -> AsyncIterator[Turn]:
        """Takes the turn on a batch. Raises Conflict (IDEMPOTENCY_KEY_IN_FLIGHT) where another has it, and
        Unavailable where the database cannot be reached.
        """
        lock = _lock_of(ledger_id, partner_id, key)
        with _reachable():
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
