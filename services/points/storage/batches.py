"""Reads of batches and their chain."""

from __future__ import annotations

from typing import NamedTuple

from services.runtime.clock import to_micros
from services.runtime.database import PgConnection


class BatchRow(NamedTuple):
    """A batch with the hash that chains it; recorded_at_us is programme time, microseconds since 1970 UTC."""

    batch_no: int
    first_seq: int
    postings: int
    recorded_at_us: int
    chain_hash: bytes


async def batches(connection: PgConnection, ledger_id: int, first_no: int, last_no: int) -> list[BatchRow]:
    """Batches from one number to another, in order."""
    rows = await connection.fetch(
        """SELECT batch_no, first_seq, n, recorded_at, hash FROM batch
        WHERE ledger_id = $1 AND batch_no BETWEEN $2 AND $3 ORDER BY batch_no""",
        ledger_id,
        first_no,
        last_no,
    )
    return [BatchRow(row[0], row[1], row[2], to_micros(row[3]), row[4]) for row in rows]
