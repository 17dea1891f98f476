"""Figures of points: issued, redeemed, and what became of them."""

from __future__ import annotations

from typing import Any, Final

from services.insights.storage.figures.asking import AT_PARTNER, Asked, query, rows
from services.runtime.database import ReadConnection

_REDEMPTION: Final = query(f"""
WITH moved AS (
    SELECT issuer_id AS partner_id, kept_points AS issued, 0::bigint AS redeemed, NULL::uuid AS member_id FROM issue
    WHERE ledger_id = :ledger_id AND day BETWEEN :first AND :last AND (:partner IS NULL OR issuer_id = :partner)
    UNION ALL
    SELECT partner_id, 0, points, member_id FROM redemption WHERE {AT_PARTNER}
)
SELECT partner_id, coalesce(sum(issued), 0)::bigint AS issued, coalesce(sum(redeemed), 0)::bigint AS redeemed,
    count(DISTINCT member_id) AS redeemers
FROM moved GROUP BY GROUPING SETS ((), (partner_id))
""")
_BECAME: Final = """
    coalesce(sum(points) FILTER (WHERE kind IN ('earned', 'granted', 'adjusted', 'imported')), 0)::bigint AS issued,
    coalesce(sum(points) FILTER (WHERE kind = 'reversed'), 0)::bigint AS reversed,
    coalesce(sum(CASE kind WHEN 'burned' THEN points WHEN 'returned' THEN -points END), 0)::bigint AS redeemed,
    coalesce(sum(points) FILTER (WHERE kind = 'expired'), 0)::bigint AS expired,
    coalesce(sum(points) FILTER (WHERE kind = 'taken'), 0)::bigint AS taken
"""
_BREAKAGE: Final = query(f"""
WITH issued AS (
    SELECT seq, date_trunc('month', day::timestamp)::date AS month FROM movement
    WHERE ledger_id = :ledger_id AND kind IN ('earned', 'granted', 'adjusted', 'imported') AND day BETWEEN :first AND :last
        AND (:partner IS NULL OR issuer_id = :partner)
), became AS (
    SELECT i.month, m.kind, m.points
    FROM issued AS i JOIN movement AS m ON m.ledger_id = :ledger_id AND m.earned_seq = i.seq
    WHERE m.day <= :last
)
SELECT month, {_BECAME}
FROM became GROUP BY month ORDER BY month
""")
_LIABILITY: Final = query(f"""
SELECT issuer_id AS partner_id, {_BECAME}
FROM movement
WHERE ledger_id = :ledger_id AND day <= :last AND (:partner IS NULL OR issuer_id = :partner)
GROUP BY GROUPING SETS ((), (issuer_id))
""")
_FLOW: Final = query("""
SELECT issuer_id, partner_id, sum(points)::bigint AS points
FROM redemption
WHERE ledger_id = :ledger_id AND day BETWEEN :first AND :last AND (:partner IS NULL OR :partner IN (issuer_id, partner_id))
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT :limit OFFSET :offset
""")


async def redemption(connection: ReadConnection, asked: Asked) -> list[Any]:
    """partner_id (null: all), issued, redeemed, redeemers."""
    return await rows(connection, _REDEMPTION, asked)


async def breakage(connection: ReadConnection, asked: Asked) -> list[Any]:
    """month, issued, reversed, redeemed, expired, taken."""
    return await rows(connection, _BREAKAGE, asked)


async def liability(connection: ReadConnection, asked: Asked) -> list[Any]:
    """partner_id of the issuer (null: all), then as of breakage; up to the last day of what is asked."""
    return await rows(connection, _LIABILITY, asked)


async def flow(connection: ReadConnection, asked: Asked, limit: int, offset: int) -> list[Any]:
    """issuer_id, partner_id, points."""
    return await rows(connection, _FLOW, asked, limit=limit, offset=offset)
