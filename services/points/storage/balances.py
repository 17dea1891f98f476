"""Reads of balances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.storage.programme_time import NOW
from services.runtime.clock import MICROS_MAX, from_micros, to_micros
from services.runtime.database import PgConnection


class Balance(NamedTuple):
    """What a member can spend now, what lapses next and what matures next (0 and 0: nothing does). What is owed is taken off."""

    available: int
    as_of_seq: int
    next_expiry_points: int
    next_expiry_at_us: int
    owed: int
    pending: int = 0
    next_maturity_points: int = 0
    next_maturity_at_us: int = 0


class Expiration(NamedTuple):
    """Points that expire together, and when."""

    points: int
    expires_at_us: int


# Lots past their expiry are left out and lots that are due to mature counted, whether or not that has been posted yet, and
# holds past their time count for nothing; what a hold that is still alive has reserved of an overdue lot is in the hold.
# Lots without a date expire with their wallet, where it has one: they are looked at only then, and dated ones no further than
# they are asked for. (Points are never pending for longer than their wallet lives.)
_WALLET: Final = """WITH head AS (
    SELECT last_seq, {now} AS now
    FROM ledger_head WHERE ledger_id = $1
), wallet AS (
    SELECT a.account_no, b.credits - b.debits AS points, b.reserved > b.released AS holds, b.expires_at
    FROM account a CROSS JOIN LATERAL (
        SELECT * FROM balance WHERE ledger_id = $1 AND account_no = a.account_no OFFSET 0
    ) b
    WHERE a.ledger_id = $1 AND a.kind = 'wallet' AND a.owner_id = {member}
), held AS (
    SELECT h.seq, h.points FROM hold h, wallet, head
    WHERE wallet.holds AND h.ledger_id = $1 AND h.wallet_no = wallet.account_no AND h.open AND h.expires_at > head.now
), held_lot AS (
    SELECT r.lot_no, sum(r.points)::bigint AS points FROM held JOIN hold_lot r ON r.ledger_id = $1 AND r.hold_seq = held.seq
    GROUP BY r.lot_no
), upcoming AS (
    SELECT expires_at, sum(points) AS points FROM (
        (
            SELECT l.expires_at, sum(l.remaining - coalesce(r.points, 0)) AS points
            FROM wallet CROSS JOIN head CROSS JOIN LATERAL (
                SELECT lot_no, expires_at, remaining FROM lot WHERE ledger_id = $1 AND account_no = wallet.account_no AND open AND NOT pending
                UNION ALL
                SELECT lot_no, expires_at, remaining FROM lot
                WHERE ledger_id = $1 AND account_no = wallet.account_no AND open AND pending AND matures_at <= head.now
            ) l
            LEFT JOIN held_lot r ON r.lot_no = l.lot_no
            WHERE l.expires_at > head.now AND isfinite(l.expires_at){lot_bounds}
            GROUP BY l.expires_at HAVING sum(l.remaining - coalesce(r.points, 0)) > 0 ORDER BY l.expires_at {order} LIMIT {limit}
        )
        UNION ALL
        SELECT w.expires_at, sum(l.remaining - coalesce(r.points, 0))
        FROM (
            SELECT wallet.account_no, wallet.expires_at, head.now FROM wallet, head WHERE wallet.expires_at > head.now{wallet_bounds} OFFSET 0
        ) w CROSS JOIN LATERAL (
            SELECT lot_no, remaining FROM lot
            WHERE ledger_id = $1 AND account_no = w.account_no AND open AND NOT pending AND expires_at = 'infinity'
            UNION ALL
            SELECT lot_no, remaining FROM lot
            WHERE ledger_id = $1 AND account_no = w.account_no AND open AND pending AND matures_at <= w.now AND expires_at = 'infinity'
        ) l LEFT JOIN held_lot r ON r.lot_no = l.lot_no
        GROUP BY w.expires_at HAVING sum(l.remaining - coalesce(r.points, 0)) > 0
    ) dated GROUP BY expires_at ORDER BY expires_at {order} LIMIT {limit}
)
"""
_OVERDUE: Final = """coalesce((
        SELECT sum(l.remaining - coalesce(r.points, 0)) FROM lot l LEFT JOIN held_lot r ON r.lot_no = l.lot_no
        WHERE l.ledger_id = $1 AND l.account_no = wallet.account_no AND l.open AND NOT l.pending AND {over}
    ), 0)"""
_BALANCE: Final = f"""{_WALLET.format(now=NOW, member="$2", lot_bounds="", wallet_bounds="", order="ASC", limit="1")}, owed AS (
    SELECT coalesce(sum(d.remaining), 0)::bigint AS points FROM wallet
    JOIN debt d ON d.ledger_id = $1 AND d.wallet_no = wallet.account_no AND d.open
), pending AS (
    SELECT l.matures_at, l.remaining, l.matures_at <= head.now AS due, least(l.expires_at, CASE WHEN l.expires_at = 'infinity' THEN wallet.expires_at END) > head.now AS alive
    FROM wallet CROSS JOIN head JOIN lot l ON l.ledger_id = $1 AND l.account_no = wallet.account_no AND l.open AND l.pending
), maturing AS (
    SELECT matures_at, sum(remaining)::bigint AS points FROM pending WHERE NOT due GROUP BY matures_at ORDER BY matures_at LIMIT 1
)
SELECT coalesce(wallet.points, 0) - {_OVERDUE.format(over="l.expires_at <= head.now")}
    - {_OVERDUE.format(over="l.expires_at = 'infinity' AND wallet.expires_at <= head.now")}
    + coalesce((SELECT sum(remaining) FROM pending WHERE due AND alive), 0) - coalesce((SELECT sum(points) FROM held), 0) - owed.points AS available,
    head.last_seq, coalesce(upcoming.points, 0) AS next_points, upcoming.expires_at,
    owed.points AS owed, coalesce((SELECT sum(remaining) FROM pending WHERE NOT due), 0)::bigint AS pending,
    maturing.points AS maturing_points, maturing.matures_at
FROM head CROSS JOIN owed LEFT JOIN wallet ON true LEFT JOIN upcoming ON true LEFT JOIN maturing ON true
"""
_BOUNDS: Final = " AND {of}.expires_at > $2 AND {of}.expires_at < $3"
_SOONEST, _LATEST = (
    _WALLET.format(
        now=NOW,
        member="$4",
        lot_bounds=_BOUNDS.format(of="l"),
        wallet_bounds=_BOUNDS.format(of="wallet"),
        order=order,
        limit="$5",
    )
    + "SELECT points, expires_at FROM upcoming"
    for order in ("ASC", "DESC")
)


async def balance(connection: PgConnection, ledger_id: int, member_id: UUID) -> Balance:
    """A member's balance; zeros for one who has never moved a point."""
    row = await connection.fetchrow(_BALANCE, ledger_id, member_id)
    if row is None:
        return Balance(0, 0, 0, 0, 0)
    lapses_us = to_micros(row["expires_at"]) if row["expires_at"] else 0
    matures_us = to_micros(row["matures_at"]) if row["matures_at"] else 0
    return Balance(
        int(row["available"]), row["last_seq"], int(row["next_points"]), lapses_us, row["owed"], row["pending"],
        row["maturing_points"] or 0, matures_us,
    )  # fmt: skip


async def expirations(
    connection: PgConnection, ledger_id: int, member_id: UUID, after_us: int, before_us: int, limit: int
) -> tuple[Sequence[Expiration], bool]:
    """Up to `limit` expirations within both bounds (0: none), soonest first, and whether there are more.

    They are the soonest; the latest where there is a bound before them and none after.
    """
    backwards = before_us > 0 and not after_us
    rows = await connection.fetch(
        _LATEST if backwards else _SOONEST,
        ledger_id,
        from_micros(after_us),
        from_micros(before_us or MICROS_MAX),
        member_id,
        limit + 1,
    )
    found = sorted((to_micros(row[1]), int(row[0])) for row in rows[:limit])
    return [Expiration(points, expires_at_us) for expires_at_us, points in found], len(rows) > limit
