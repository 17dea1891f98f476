"""Finds wallets in which something is over, or soon will be, without a lock: whoever comes first acts, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.storage.programme_time import NOW
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

# Wallets are walked by number, so that no index by expiry has to be kept for each earn.
_HEAD: Final = f"""WITH head AS (
    SELECT {NOW} AS now, by_activity FROM ledger_head WHERE ledger_id = $1
)"""
# When a lot that was walked expires: its own date, or that of its wallet.
_EXPIRES_AT: Final = """CASE WHEN isfinite(w.expires_at) THEN w.expires_at WHEN head.by_activity THEN (
    SELECT b.expires_at FROM balance b WHERE b.ledger_id = $1 AND b.account_no = w.account_no
) END"""
_LOTS: Final = f"""
{_HEAD}, walked AS MATERIALIZED (
    SELECT account_no, expires_at, remaining > reserved AS free FROM lot
    WHERE ledger_id = $1 AND open AND NOT pending AND account_no > $2 ORDER BY account_no LIMIT $3
)
SELECT (SELECT count(*) FROM walked), (SELECT max(account_no) FROM walked), ARRAY(
    SELECT DISTINCT account_no FROM walked w, head WHERE free AND {_EXPIRES_AT} <= head.now ORDER BY account_no
)
"""
_PENDING: Final = f"""
{_HEAD}, walked AS MATERIALIZED (
    SELECT account_no, matures_at FROM lot
    WHERE ledger_id = $1 AND open AND pending AND account_no > $2 ORDER BY account_no LIMIT $3
)
SELECT (SELECT count(*) FROM walked), (SELECT max(account_no) FROM walked), ARRAY(
    SELECT DISTINCT account_no FROM walked, head WHERE matures_at <= head.now ORDER BY account_no
)
"""
_SOON: Final = f"""
{_HEAD}, walked AS MATERIALIZED (
    SELECT account_no, expires_at, remaining FROM lot
    WHERE ledger_id = $1 AND open AND NOT pending AND account_no > $2 ORDER BY account_no LIMIT $3
), dated AS (
    SELECT w.account_no, {_EXPIRES_AT} AS expires_at, w.remaining FROM walked w, head
), soon AS (
    SELECT d.account_no, d.expires_at, sum(d.remaining)::bigint AS points FROM dated d, head
    WHERE d.expires_at > head.now AND d.expires_at <= head.now + $4 * interval '1 microsecond' GROUP BY d.account_no, d.expires_at
)
SELECT (SELECT count(*) FROM walked) AS lots, (SELECT max(account_no) FROM walked) AS last_no, s.account_no, s.expires_at, s.points, a.owner_id
FROM (SELECT 1) one LEFT JOIN soon s ON NOT EXISTS (
    SELECT 1 FROM expiry_notice n WHERE n.ledger_id = $1 AND n.wallet_no = s.account_no AND n.expires_at = s.expires_at
) LEFT JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = $1 AND account_no = s.account_no LIMIT 1) a ON true
ORDER BY s.account_no, s.expires_at
"""
_HOLDS: Final = f"""
SELECT DISTINCT h.wallet_no FROM ledger_head l CROSS JOIN LATERAL (
    SELECT wallet_no, expires_at FROM hold WHERE ledger_id = $1 AND open OFFSET 0
) h
WHERE l.ledger_id = $1 AND h.expires_at <= {NOW} LIMIT $2
"""


class Walked(NamedTuple):
    """Wallets with lots that are due, and the number to walk on from (0: all have been walked)."""

    wallets: Sequence[int]
    next_no: int


class Soon(NamedTuple):
    """Points of a wallet that expire soon."""

    wallet_no: int
    member_id: UUID
    points: int
    expires_at_us: int


async def ledgers(connection: PgConnection) -> list[str]:
    """The programmes of all ledgers that are open."""
    return [row[0] for row in await connection.fetch("SELECT programme FROM ledger ORDER BY ledger_id")]


async def of_lots(connection: PgConnection, ledger_id: int, after_no: int, lots_max: int) -> Walked:
    """Wallets with overdue lots among the next so many open lots, by the number of the wallet."""
    return await _walk(connection, _LOTS, ledger_id, after_no, lots_max)


async def of_pending(connection: PgConnection, ledger_id: int, after_no: int, lots_max: int) -> Walked:
    """Wallets with points that are due to mature among the next so many pending lots, by the number of the wallet."""
    return await _walk(connection, _PENDING, ledger_id, after_no, lots_max)


async def _walk(connection: PgConnection, query: str, ledger_id: int, after_no: int, lots_max: int) -> Walked:
    row = await connection.fetchrow(query, ledger_id, after_no, lots_max)
    if row is None or not row[0]:
        return Walked((), 0)
    return Walked(row[2], _next_no(row[0], row[1], after_no, lots_max))


def _next_no(lots: int, last_no: int, after_no: int, lots_max: int) -> int:
    """The last wallet of a full walk may go on beyond it: it is walked again, unless it is all there was."""
    return max(after_no + 1, last_no - 1) if lots >= lots_max else 0


async def expiring(
    connection: PgConnection, ledger_id: int, after_no: int, lots_max: int, notice_us: int
) -> tuple[list[Soon], int]:
    """What expires within the notice and was not told yet, among the next so many open lots; and where to walk on from."""
    rows = await connection.fetch(_SOON, ledger_id, after_no, lots_max, notice_us)
    lots, last_no = rows[0]["lots"], rows[0]["last_no"]
    next_no = _next_no(lots, last_no, after_no, lots_max) if lots else 0
    found = [
        Soon(row["account_no"], row["owner_id"], row["points"], to_micros(row["expires_at"]))
        for row in rows
        # One that is walked again may have more than was seen of it.
        if row["account_no"] is not None and not (next_no and next_no < row["account_no"])
    ]
    return found, next_no


async def note(
    connection: PgConnection, ledger_id: int, told: Sequence[Soon], now_us: int
) -> set[tuple[int, int]]:
    """Notes what is being told, by wallet and expiry; answers those that nobody has told before.

    The caller holds the head's lock: who has become active since it was found has another date now, and is not told.
    """
    rows = await connection.fetch(
        """INSERT INTO expiry_notice (ledger_id, wallet_no, expires_at, told_at)
        SELECT $1, w.no, w.expires_at, $4 FROM unnest($2::integer[], $3::timestamptz[]) w (no, expires_at)
        WHERE EXISTS (SELECT 1 FROM lot WHERE ledger_id = $1 AND account_no = w.no AND open AND expires_at = w.expires_at)
            OR EXISTS (SELECT 1 FROM balance WHERE ledger_id = $1 AND account_no = w.no AND expires_at = w.expires_at)
        ON CONFLICT DO NOTHING RETURNING wallet_no, expires_at""",
        ledger_id,
        [each.wallet_no for each in told],
        [from_micros(each.expires_at_us) for each in told],
        from_micros(now_us),
    )
    return {(row[0], to_micros(row[1])) for row in rows}


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


async def waiting_refunds(connection: PgConnection, ledger_id: int) -> int:
    """How many refunds wait for their originals."""
    found: int | None = await connection.fetchval(
        "SELECT waiting_refunds FROM ledger_head WHERE ledger_id = $1", ledger_id
    )
    return found or 0
