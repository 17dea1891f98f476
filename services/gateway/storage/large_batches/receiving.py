"""The lines of a large batch on their way in.

They are stored as they come, a few hundred in one COPY, and are nobody's until the batch itself is added with the last of them.
What breaks off before leaves lines that nothing posts; they are removed at once, or by a job where the process died.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.gateway.domain.batches import StoredBatch
from services.gateway.domain.large_batches.runs import LineCounts, NewLine, Run
from services.runtime.clock import from_micros, wall_now_us
from services.runtime.database import PgConnection
from services.runtime.ids import new_id

_COLUMNS: Final = (
    "ledger_id", "batch_id", "line", "outcome", "due_at", "type", "reference", "body", "error",
)  # fmt: skip
_BEGIN: Final = """
INSERT INTO batch_run (ledger_id, batch_id, key_sha256, from_file, begun_at) VALUES ($1, $2, $3, $4, $5)
"""
_BATCH: Final = """
INSERT INTO batch (ledger_id, batch_id, partner_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
_RECEIVED: Final = """
UPDATE batch_run SET received_at = $3::timestamptz, turn_at = $3::timestamptz, lines = $4::integer + $5::integer, queued = $4, refused = $5,
       due_at = CASE WHEN $4::integer > 0 THEN $3::timestamptz END,
       started_at = CASE WHEN $4::integer = 0 THEN $3::timestamptz END,
       finished_at = CASE WHEN $4::integer = 0 THEN $3::timestamptz END
 WHERE ledger_id = $1 AND batch_id = $2
"""
_FORGET: Final = "DELETE FROM batch_run WHERE ledger_id = $1 AND batch_id = $2"


class Receiving:
    """Takes the lines of one batch."""

    def __init__(
        self,
        connection: PgConnection,
        ledger_id: int,
        partner_id: UUID,
        key: str,
        key_sha256: bytes,
        *,
        from_file: bool,
    ) -> None:
        self._connection, self._ledger_id, self._partner_id = connection, ledger_id, partner_id
        self._key, self._key_sha256, self._from_file = key, key_sha256, from_file
        self._batch_id = new_id()
        self._begun_at_us = wall_now_us()
        self._queued = self._refused = 0

    async def begin(self) -> None:
        """Makes room for the lines."""
        await self._connection.execute(
            _BEGIN, self._ledger_id, self._batch_id, self._key_sha256, self._from_file,
            from_micros(self._begun_at_us),
        )  # fmt: skip

    async def add(self, lines: Sequence[NewLine]) -> None:
        """Stores lines. One that cannot be read is refused as it stands."""
        due_at = from_micros(self._begun_at_us)
        records = [
            (
                self._ledger_id, self._batch_id, each.line, "queued" if each.body else "refused",
                due_at if each.body else None, each.type, each.reference, each.body or None, each.error or None,
            )
            for each in lines
        ]  # fmt: skip
        await self._connection.copy_records_to_table("batch_line", records=records, columns=_COLUMNS)
        refused = sum(not each.body for each in lines)
        self._refused += refused
        self._queued += len(lines) - refused

    async def whole(self, request_hash: bytes) -> StoredBatch:
        """Adds the batch: all of it is here, and from now on it is worked on."""
        now_us = wall_now_us()
        async with self._connection.transaction():
            await self._connection.execute(
                _BATCH, self._ledger_id, self._batch_id, self._partner_id, self._key, request_hash, from_micros(now_us),
            )  # fmt: skip
            await self._connection.execute(
                _RECEIVED, self._ledger_id, self._batch_id, from_micros(now_us), self._queued, self._refused
            )
        counts = LineCounts(self._queued + self._refused, queued=self._queued, refused=self._refused)
        ended_us = 0 if self._queued else now_us
        run = Run(now_us, ended_us, ended_us, 0, 0 if ended_us else now_us, self._from_file, counts)
        return StoredBatch(self._batch_id, request_hash, now_us, None, None, run)

    async def forget(self) -> None:
        """Removes what was stored of it."""
        await self._connection.execute(_FORGET, self._ledger_id, self._batch_id)
