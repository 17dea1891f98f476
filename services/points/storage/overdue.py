"""Finds wallets in which something is over, without a lock: whoever comes first ends it, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.runtime.database import PgConnection

# Wallets are walked by number, so that no index by expiry has to be kept for each earn.
_LOTS: Final = """
WITH head AS (
    SELECT clock_timestamp() + clock_offset_us * interval '1 microsecond' AS now FROM ledger_head WHERE ledger_id = $1
), walked AS MATERIALIZED (
    SELECT account_no, expires_at, remaining > reserved AS free FROM lot
    WHERE ledger_id = $1 AND open AND account_no > $2 ORDER BY account_no LIMIT $3
)
SELECT (SELECT count(*) FROM walked), (SELECT max(account_no) FROM walked), ARRAY(
    SELECT DISTINCT account_no FROM walked, head WHERE expires_at <= head.now AND free ORDER BY account_no
)
"""
_HOLDS: Final = """
SELECT DISTINCT h.wallet_no FROM ledger_head l CROSS JOIN LATERAL (
    SELECT wallet_no, expires_at FROM hold WHERE ledger_id = $1 AND open OFFSET 0
) h
WHERE l.ledger_id = $1 AND h.expires_at <= clock_timestamp() + l.clock_offset_us * interval '1 microsecond' LIMIT $2
"""


class Walked(NamedTuple):
    """Wallets with lots that are overdue, and the number to walk on from (0: all have been walked)."""

    wallets: Sequence[int]
    next_no: int


async def ledgers(connection: PgConnection) -> list[str]:
    """The programmes of all ledgers that are open."""
    return [row[0] for row in await connection.fetch("SELECT programme FROM ledger ORDER BY ledger_id")]


async def of_lots(connection: PgConnection, ledger_id: int, after_no: int, lots_max: int) -> Walked:
    """Wallets with overdue lots among the next so many open lots, by the number of the wallet."""
    row = await connection.fetchrow(_LOTS, ledger_id, after_no, lots_max)
    if row is None or not row[0]:
        return Walked((), 0)
    # The last wallet of a full walk may go on beyond it: it is walked again, unless it is all there was.
    last_no: int = row[1]
    if row[0] < lots_max:
        return Walked(row[2], 0)
    return Walked(row[2], max(after_no + 1, last_no - 1))


async def of_holds(connection: PgConnection, ledger_id: int, limit: int) -> list[int]:
    """Wallets with holds whose time is over."""
    return [row[0] for row in await connection.fetch(_HOLDS, ledger_id, limit)]


async def members_of(connection: PgConnection, ledger_id: int, wallets: Sequence[int]) -> list[UUID]:
    """The members whose wallets they are."""
    rows = await connection.fetch(
        "SELECT owner_id FROM account WHERE ledger_id = $1 AND account_no = ANY ($2) ORDER BY account_no",
        ledger_id,
        wallets,
    )
    return [row[0] for row in rows]
