"""Finds wallets in which something is over, or soon will be, without a lock: whoever comes first acts, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.storage.programme_time import NOW
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import PgConnection

# Wallets are walked by number, so that no index by expiry has to be kept for each earn. The way from one wallet to the next
# goes through the index, and of its lots only those that are due are looked at. (To read all open lots in turn, 50,000 of
# them beside tills, took 1.8 seconds of a core, in which an earn took ten times as long.)
_WALKED: Final = """WITH RECURSIVE head AS (
    SELECT {now} AS now, by_activity FROM ledger_head WHERE ledger_id = $1
), walked (account_no, number) AS (
    (
        SELECT account_no, 1 FROM lot
        WHERE ledger_id = $1 AND open AND {which} AND account_no > $2 ORDER BY account_no LIMIT 1
    )
    UNION ALL
    SELECT n.account_no, w.number + 1 FROM walked w CROSS JOIN LATERAL (
        SELECT account_no FROM lot
        WHERE ledger_id = $1 AND open AND {which} AND account_no > w.account_no ORDER BY account_no LIMIT 1
    ) n WHERE w.number < $3
)"""
_IN_WALLETS: Final = _WALKED.format(now=NOW, which="NOT pending")
# Of a wallet that was walked: when its lots without a date of their own expire.
_ACTIVE_UNTIL: Final = (
    "(SELECT b.expires_at FROM balance b WHERE b.ledger_id = $1 AND b.account_no = w.account_no)"
)
_LOTS: Final = f"""
{_IN_WALLETS}
SELECT (SELECT count(*) FROM walked), (SELECT max(account_no) FROM walked), ARRAY(
    SELECT w.account_no FROM head CROSS JOIN walked w CROSS JOIN LATERAL (
        (
            SELECT 1 FROM lot WHERE ledger_id = $1 AND account_no = w.account_no AND open AND NOT pending
                AND expires_at <= head.now AND remaining > reserved LIMIT 1
        )
        UNION ALL
        (
            SELECT 1 FROM lot WHERE ledger_id = $1 AND account_no = w.account_no AND open AND NOT pending
                AND expires_at = 'infinity' AND remaining > reserved AND head.by_activity AND {_ACTIVE_UNTIL} <= head.now LIMIT 1
        )
        LIMIT 1
    ) due ORDER BY account_no
)
"""
_PENDING: Final = f"""
{_WALKED.format(now=NOW, which="pending")}
SELECT (SELECT count(*) FROM walked), (SELECT max(account_no) FROM walked), ARRAY(
    SELECT w.account_no FROM head CROSS JOIN walked w CROSS JOIN LATERAL (
        SELECT 1 FROM lot
        WHERE ledger_id = $1 AND account_no = w.account_no AND open AND pending AND matures_at <= head.now LIMIT 1
    ) due ORDER BY account_no
)
"""
_SOON: Final = f"""
{_IN_WALLETS}, soon AS (
    SELECT w.account_no, l.expires_at, sum(l.remaining)::bigint AS points FROM walked w, head CROSS JOIN LATERAL (
        SELECT expires_at, remaining FROM lot
        WHERE ledger_id = $1 AND account_no = w.account_no AND open AND NOT pending
            AND expires_at > now AND expires_at <= now + $4 * interval '1 microsecond'
        UNION ALL
        SELECT a.until, remaining FROM (SELECT {_ACTIVE_UNTIL} AS until) a CROSS JOIN LATERAL (
            SELECT remaining FROM lot
            WHERE ledger_id = $1 AND account_no = w.account_no AND open AND NOT pending AND expires_at = 'infinity'
        ) without_a_date
        WHERE by_activity AND a.until > now AND a.until <= now + $4 * interval '1 microsecond'
    ) l GROUP BY w.account_no, l.expires_at
)
SELECT (SELECT count(*) FROM walked) AS wallets, (SELECT max(account_no) FROM walked) AS last_no, s.account_no, s.expires_at, s.points, a.owner_id
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
    """Wallets with lots that are due, and the number of the last one that was walked (0: of all)."""

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


async def of_lots(connection: PgConnection, ledger_id: int, after_no: int, wallets_max: int) -> Walked:
    """Wallets with overdue lots among the next so many that have open lots, by number. In a transaction."""
    return await _walk(connection, _LOTS, ledger_id, after_no, wallets_max)


async def of_pending(connection: PgConnection, ledger_id: int, after_no: int, wallets_max: int) -> Walked:
    """Wallets with points that are due to mature among the next so many with pending lots, by number. In a transaction."""
    return await _walk(connection, _PENDING, ledger_id, after_no, wallets_max)


async def _walk(
    connection: PgConnection, query: str, ledger_id: int, after_no: int, wallets_max: int
) -> Walked:
    await _by_index(connection)
    row = await connection.fetchrow(query, ledger_id, after_no, wallets_max)
    return Walked((), 0) if row is None else Walked(row[2], _next_no(row[0], row[1], wallets_max))


async def _by_index(connection: PgConnection) -> None:
    """Whatever the statistics of a young table say: it is looked into once for each wallet, and never gone through."""
    await connection.execute(
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; "
        "SET LOCAL enable_mergejoin = off"
    )


def _next_no(wallets: int, last_no: int, wallets_max: int) -> int:
    return last_no if wallets >= wallets_max else 0


async def expiring(
    connection: PgConnection, ledger_id: int, after_no: int, wallets_max: int, notice_us: int
) -> tuple[list[Soon], int]:
    """What expires within the notice and was not told yet, among the next so many wallets; and where to walk on from.

    In a transaction.
    """
    await _by_index(connection)
    rows = await connection.fetch(_SOON, ledger_id, after_no, wallets_max, notice_us)
    found = [
        Soon(row["account_no"], row["owner_id"], row["points"], to_micros(row["expires_at"]))
        for row in rows
        if row["account_no"] is not None
    ]
    return found, _next_no(rows[0]["wallets"], rows[0]["last_no"], wallets_max)


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
