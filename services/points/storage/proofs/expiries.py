"""The part of the invariant of lots that is about time: when they expire, and that nothing was taken after that.

Clocks are changed by law, and the calendars of the database and of the service may be of different years: hence the three hours. A
batch is decided at one time, and what it posts follows in steps of a microsecond: hence the second.
"""

from __future__ import annotations

from typing import Final

# The policies by their place, and the places at which seqs have the next one: without a join by range, which would go
# through the policies once for each lot.
_POLICIES: Final = """policy AS (
        SELECT *, row_number() OVER (ORDER BY version) AS place FROM expiry_policy WHERE ledger_id = $1
    ), starts AS (
        SELECT array_agg(from_seq ORDER BY version) AS seqs FROM expiry_policy WHERE ledger_id = $1
    ), zone AS (
        SELECT zone AS name FROM ledger WHERE ledger_id = $1
    )"""
EXPIRIES: Final = f"""SELECT format('lot %s of posting %s expires at %s, by policy %s of the ledger after %s', lot_no, opened_seq, expires_at, version,
        coalesce(last_day::text, 'no day'))
    FROM (
        WITH {_POLICIES}, earned AS (
            SELECT lot_no, opened_seq, expires_at, (earned_at AT TIME ZONE (SELECT name FROM zone))::date AS day,
                   width_bucket(opened_seq, (SELECT seqs FROM starts))::bigint AS place
            FROM lot WHERE ledger_id = $1 AND parent_no IS NULL
        ), first AS (
            SELECT e.*, p.version, p.rule, p.months, p.month, p.day AS month_day, (e.day + p.months * interval '1 month')::date AS earliest
            FROM earned e LEFT JOIN policy p USING (place)
        ), dated AS (
            SELECT *, CASE WHEN rule = 'months_after_earn' AND months > 0 THEN (date_trunc('month', earliest) + interval '1 month')::date - 1
                WHEN rule = 'fixed_date' THEN (
                    SELECT min(day) FROM (
                        SELECT least(start + month_day - 1, (start + interval '1 month')::date - 1) AS day
                        FROM (VALUES (0), (1)) later (years), make_date(extract(year FROM earliest)::integer + years, month, 1) start
                    ) days WHERE day >= earliest
                ) END AS last_day
            FROM first
        )
        SELECT * FROM dated
    ) lots
    WHERE CASE WHEN last_day IS NULL THEN isfinite(expires_at)
        ELSE abs(extract(epoch FROM expires_at - (last_day + 1)::timestamp AT TIME ZONE (SELECT zone FROM ledger WHERE ledger_id = $1))) > 10800 END"""
