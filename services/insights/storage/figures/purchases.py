"""Figures of purchases and of who made them."""

from __future__ import annotations

from typing import Any, Final

from services.insights.domain.periods import CohortUnit
from services.insights.storage.figures.asking import AT_PARTNER, Asked, query, rows
from services.runtime.database import ReadConnection

# Without a partner: all together, whose partner_id is null.
_REPEAT: Final = query(f"""
WITH counted AS (
    SELECT partner_id, member_id, count(DISTINCT day) AS days
    FROM purchase WHERE {AT_PARTNER}
    GROUP BY GROUPING SETS ((member_id), (partner_id, member_id))
)
SELECT partner_id, count(*) AS members, count(*) FILTER (WHERE days > 1) AS repeaters
FROM counted GROUP BY partner_id
""")
_BASKET: Final = query(f"""
SELECT partner_id, count(*) AS purchases, coalesce(sum(net_minor), 0)::bigint AS net_minor, count(DISTINCT member_id) AS members
FROM purchase WHERE {AT_PARTNER}
GROUP BY GROUPING SETS ((), (partner_id))
""")
_COHORTS: Final = """
WITH seen AS (
    SELECT member_id, date_trunc('{unit}', day::timestamp)::date AS start, min(day) AS first_day
    FROM purchase
    WHERE ledger_id = :ledger_id AND day <= :last AND (:partner IS NULL OR partner_id = :partner)
    GROUP BY 1, 2
), begun AS (
    SELECT member_id, min(start) AS cohort FROM seen GROUP BY member_id HAVING min(first_day) >= :first
)
SELECT begun.cohort, seen.start, count(*) AS buyers
FROM begun JOIN seen ON seen.member_id = begun.member_id
GROUP BY 1, 2 ORDER BY 1, 2
"""
_COHORTS_OF: Final = {unit: query(_COHORTS.format(unit=unit.value)) for unit in CohortUnit}
_ACTIVE: Final = query(f"""
WITH acts AS (
    SELECT partner_id, member_id, true AS bought FROM purchase WHERE {AT_PARTNER}
    UNION ALL
    SELECT partner_id, member_id, false FROM redemption WHERE {AT_PARTNER}
)
SELECT partner_id, count(DISTINCT member_id) AS active, count(DISTINCT member_id) FILTER (WHERE bought) AS buyers,
    count(DISTINCT member_id) FILTER (WHERE NOT bought) AS redeemers
FROM acts GROUP BY GROUPING SETS ((), (partner_id))
""")
# A member who is seen before anybody has told of the enrolment is a member all the same, and an own one with a partner that saw it.
_MEMBERSHIP: Final = query("""
WITH enrolled AS (
    SELECT coalesce(g.into_member_id, m.member_id) AS member_id, m.partner_id, m.anonymous AND coalesce(m.claimed_on > :last, true) AS anonymous
    FROM member AS m LEFT JOIN merged AS g ON g.ledger_id = m.ledger_id AND g.member_id = m.member_id
    WHERE m.ledger_id = :ledger_id AND m.enrolled_on <= :last
), seen AS (
    SELECT member_id, partner_id FROM purchase WHERE ledger_id = :ledger_id AND day <= :last
    UNION ALL
    SELECT member_id, partner_id FROM redemption WHERE ledger_id = :ledger_id AND day <= :last
), known AS (
    SELECT member_id, bool_and(anonymous) AS anonymous
    FROM (
        SELECT member_id, anonymous FROM enrolled WHERE :partner IS NULL OR partner_id = :partner
        UNION ALL
        SELECT s.member_id, coalesce(bool_and(e.anonymous), false)
        FROM seen AS s LEFT JOIN enrolled AS e ON e.member_id = s.member_id
        WHERE :partner IS NULL OR s.partner_id = :partner GROUP BY s.member_id
    ) AS each GROUP BY member_id
)
SELECT count(*) AS members, count(*) FILTER (WHERE k.anonymous) AS anonymous
FROM known AS k
WHERE NOT EXISTS (
    SELECT FROM member AS m WHERE m.ledger_id = :ledger_id AND m.member_id = k.member_id AND m.closed_on <= :last
)
""")
# Whoever is equal gets the same score: that of the place of the first of them.
_SCORED: Final = f"""
WITH bought AS (
    SELECT member_id, max(day) AS last_day, count(DISTINCT day) AS days, sum(net_minor)::bigint AS net_minor
    FROM purchase WHERE {AT_PARTNER} GROUP BY member_id
), scored AS (
    SELECT member_id, last_day, days, net_minor,
        1 + (rank() OVER (ORDER BY last_day) - 1) * 5 / count(*) OVER () AS recency,
        1 + (rank() OVER (ORDER BY days) - 1) * 5 / count(*) OVER () AS frequency,
        1 + (rank() OVER (ORDER BY net_minor) - 1) * 5 / count(*) OVER () AS money
    FROM bought
)
"""
_RFM: Final = query(f"""{_SCORED}
SELECT recency, frequency, money, count(*) AS members, sum(days)::bigint AS days, sum(net_minor)::bigint AS net_minor
FROM scored GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2 DESC, 3 DESC
""")
_RFM_MEMBERS: Final = query(f"""{_SCORED}
SELECT member_id, recency, frequency, money, last_day, days, net_minor FROM scored
WHERE member_id > :after AND (:recency = 0 OR recency = :recency) AND (:frequency = 0 OR frequency = :frequency)
    AND (:money = 0 OR money = :money)
ORDER BY member_id LIMIT :limit
""")
_SHARED: Final = query("""
WITH bought AS (
    SELECT DISTINCT member_id, partner_id FROM purchase
    WHERE ledger_id = :ledger_id AND day BETWEEN :first AND :last
)
SELECT a.partner_id AS first_id, b.partner_id AS second_id, count(*) AS members
FROM bought AS a JOIN bought AS b ON b.member_id = a.member_id AND a.partner_id <= b.partner_id
WHERE :partner IS NULL OR :partner IN (a.partner_id, b.partner_id)
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT :limit OFFSET :offset
""")


async def repeat(connection: ReadConnection, asked: Asked) -> list[Any]:
    """partner_id (null: all), members, repeaters."""
    return await rows(connection, _REPEAT, asked)


async def basket(connection: ReadConnection, asked: Asked) -> list[Any]:
    """partner_id (null: all), purchases, net_minor, members."""
    return await rows(connection, _BASKET, asked)


async def cohorts(connection: ReadConnection, asked: Asked, unit: CohortUnit) -> list[Any]:
    """Cohort and start (first days of months or weeks), buyers; by both."""
    return await rows(connection, _COHORTS_OF[unit], asked)


async def active(connection: ReadConnection, asked: Asked) -> list[Any]:
    """partner_id (null: all), active, buyers, redeemers."""
    return await rows(connection, _ACTIVE, asked)


async def membership(connection: ReadConnection, asked: Asked) -> Any:
    """members, anonymous: at the end of the period; with a partner those that it enrolled or that it has seen."""
    return (await rows(connection, _MEMBERSHIP, asked))[0]


async def rfm(connection: ReadConnection, asked: Asked) -> list[Any]:
    """recency, frequency, money, members, days, net_minor."""
    return await rows(connection, _RFM, asked)


async def rfm_members(connection: ReadConnection, asked: Asked, **wanted: Any) -> list[Any]:
    """Members with scores, by id. `wanted`: after, limit, recency, frequency, money."""
    return await rows(connection, _RFM_MEMBERS, asked, **wanted)


async def shared(connection: ReadConnection, asked: Asked, limit: int, offset: int) -> list[Any]:
    """first_id, second_id, members."""
    return await rows(connection, _SHARED, asked, limit=limit, offset=offset)
