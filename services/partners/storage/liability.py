"""Cohorts as of the end of a window: folded by the database, out of rated entries and of what became of points.

Nothing of it is kept: it is the same however often it is made. Each fold reads all there is up to a seq once, and answers as many
rows as there are months, partners and prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from services.partners.domain.entries import BASE_POINTS
from services.partners.domain.liability.cohorts import PARTS, Flow, Month, Paid
from services.partners.domain.liability.lots import LotKind
from services.partners.domain.rates import Rates
from services.partners.domain.windows import Window
from services.partners.storage.connection import Reads

# A year of a large programme takes longer than any other statement may; and where nobody has counted the rows yet, PostgreSQL
# would look for each earn one by one.
_AT_LENGTH: Final = (text("SET LOCAL statement_timeout = '120s'"), text("SET LOCAL enable_nestloop = off"))
_AS_EVER: Final = text("SET LOCAL enable_nestloop = on")
_PERCENT: Final = PARTS // 100


def _month(moment: str) -> str:
    """The month of a moment in the programme's zone, as its first instant: one step for each row, and no arithmetic."""
    return f"date_trunc('month', {moment} AT TIME ZONE :zone)"


# A posting's first line says when it was; that of an earn or a grant, how many points. An earn that is not rated has no month.
_FLOWS: Final = text(f"""
SELECT {_month("e.effective_at")} AS cohort, {_month("e.effective_at")} AS month, 'issued' AS kind, false AS is_opening,
    sum(e.points) AS points
FROM rated_entry AS e
WHERE e.ledger_id = :ledger_id AND e.seq <= :upto AND e.line = 1 AND e.kind = 'issued'
GROUP BY 1, 2
UNION ALL
SELECT CASE WHEN m.kind = 'issued' THEN {_month("m.moved_at")} ELSE {_month("o.effective_at")} END, {_month("m.moved_at")}, m.kind,
    coalesce(i.is_opening, false), sum(m.points)
FROM lot_movement AS m
LEFT JOIN rated_entry AS o ON o.ledger_id = m.ledger_id AND o.seq = m.earned_seq AND o.line = 1
LEFT JOIN lot_movement AS i ON i.ledger_id = m.ledger_id AND i.seq = m.earned_seq AND i.line = 1 AND i.kind = 'issued'
WHERE m.ledger_id = :ledger_id AND m.seq <= :upto
GROUP BY 1, 2, 3, 4
""")
# A line for each partner that pays for points, with the version that counts for them by the re-rates booked so far.
_PAID: Final = text(f"""
WITH lot AS (
    SELECT e.seq, e.partner_id, e.point_type, coalesce(e.share_percent, 0) AS share_percent,
        {_month("e.effective_at")} AS cohort, e.points,
        CASE WHEN EXISTS (SELECT FROM rerate WHERE ledger_id = :ledger_id) THEN greatest(e.version, (
            SELECT max(r.version) FROM rerate AS r
            WHERE r.ledger_id = :ledger_id AND r.partner_id = e.partner_id AND r.window_number <= :window
                AND e.effective_at >= r.valid_from AND (r.valid_to IS NULL OR e.effective_at < r.valid_to)
        )) ELSE e.version END AS version
    FROM rated_entry AS e
    WHERE e.ledger_id = :ledger_id AND e.seq <= :upto AND e.kind = 'issued'
), moved AS (
    SELECT earned_seq,
        coalesce(sum(points) FILTER (WHERE kind = 'reversed'), 0) AS reversed,
        coalesce(sum(points) FILTER (WHERE kind IN ('burned', 'use_here')), 0)
            - coalesce(sum(points) FILTER (WHERE kind IN ('returned', 'use_away')), 0) AS used,
        coalesce(sum(points) FILTER (WHERE kind = 'lapsed'), 0)
            - coalesce(sum(points) FILTER (WHERE kind = 'lapse_away'), 0) AS lapsed
    FROM lot_movement
    WHERE ledger_id = :ledger_id AND seq <= :upto AND kind <> 'issued'
    GROUP BY earned_seq
)
SELECT l.cohort, l.partner_id, l.point_type, l.share_percent, l.version, sum(l.points - coalesce(m.reversed, 0)) AS issued,
    coalesce(sum(m.used), 0) AS used, coalesce(sum(m.lapsed), 0) AS lapsed
FROM lot AS l LEFT JOIN moved AS m ON m.earned_seq = l.seq
GROUP BY 1, 2, 3, 4, 5
""")
# A re-rate that was approved while its window was due may have booked differences there of entries of the next one: they count with
# these entries.
_BOOKED: Final = text("""
SELECT kind, sum(amount_micros) AS micros FROM rated_entry
WHERE ledger_id = :ledger_id AND seq <= :upto
    AND kind IN ('issued', 'reversed', 'charged', 'credited', 'burned', 'returned')
GROUP BY kind
UNION ALL
SELECT replace(kind, '_difference', ''), sum(amount_micros) FROM booking
WHERE ledger_id = :ledger_id AND window_number <= :window AND rerate_number IS NOT NULL AND of_seq <= :upto
GROUP BY kind
""")
_BURNED: Final = text("""
SELECT issuer_id, coalesce(sum(points) FILTER (WHERE kind = 'burned'), 0) AS burned,
    coalesce(sum(points) FILTER (WHERE kind = 'returned'), 0) AS returned
FROM lot_movement
WHERE ledger_id = :ledger_id AND seq <= :upto AND kind IN ('burned', 'returned')
GROUP BY issuer_id
""")


@dataclass(frozen=True, slots=True)
class Folded:
    """All that cohorts are made of, as of a window's end.

    `strayed`: points that moved out of earns that are not rated, which should be none. `booked`: amounts of entries by kind with what
    re-rates changed, in micros, positive: partners owe. `burned`: points burned and returned by whose they were.
    """

    flows: list[Flow]
    paid: list[Paid]
    strayed: int
    booked: dict[str, int]
    burned: dict[UUID, tuple[int, int]]


async def folded(
    connection: Reads, ledger_id: int, zone: str, as_of: Window, rates: Mapping[tuple[UUID, int], Rates]
) -> Folded:
    """Folds a programme as of the end of a window. `rates`: by partner and version, all of them."""
    wanted = {"ledger_id": ledger_id, "zone": zone, "upto": as_of.last_seq, "window": as_of.number}
    for each in _AT_LENGTH:
        await connection.execute(each)
    moved = await _rows(connection, _FLOWS, wanted)
    paid = await _rows(connection, _PAID, wanted)
    booked: dict[str, int] = {}
    for row in await _rows(connection, _BOOKED, wanted):
        booked[row.kind] = booked.get(row.kind, 0) + int(row.micros)
    burned = await _rows(connection, _BURNED, wanted)
    await connection.execute(_AS_EVER)
    return Folded(
        [
            Flow(_of(row.cohort), _of(row.month), LotKind(row.kind), int(row.points), row.is_opening)
            for row in moved
            if row.cohort is not None
        ],
        [_paid(row, rates) for row in paid],
        sum(int(row.points) for row in moved if row.cohort is None),
        booked,
        {row.issuer_id: (int(row.burned), int(row.returned)) for row in burned},
    )


async def _rows(connection: Reads, statement: TextClause, wanted: dict[str, Any]) -> list[Any]:
    used = {name: wanted[name] for name in statement.compile().params}
    return list((await connection.execute(statement, used)).all())


def _of(month: datetime) -> Month:
    return Month.of(month.year, month.month)


def _paid(row: Any, rates: Mapping[tuple[UUID, int], Rates]) -> Paid:
    """What a point costs its payer is not kept with it: it follows from the version that counts."""
    point_type = row.point_type or BASE_POINTS
    now, later = rates[row.partner_id, row.version].issue_parts(point_type, row.share_percent)
    weight = row.share_percent * _PERCENT if row.share_percent else PARTS
    return Paid(
        _of(row.cohort), row.partner_id, now, later, weight, int(row.issued), int(row.used), int(row.lapsed)
    )
