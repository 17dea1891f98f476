"""The part of the invariant of lots that is about time: when they expire, and that nothing was taken before or after that.

Clocks are changed by law, and the calendars of the database and of the service may be of different years: hence the three hours. A
batch is decided at one time, and what it posts follows in steps of a microsecond: hence the second.
"""

from __future__ import annotations

from typing import Final

# The policies by their place, and the seqs from which each counts: without a join by range, which would go through the
# policies once for each lot.
_POLICIES: Final = """policy AS (
        SELECT *, row_number() OVER (ORDER BY version) AS place FROM expiry_policy WHERE ledger_id = $1
    ), starts AS (
        SELECT array_agg(from_seq ORDER BY version) AS seqs FROM expiry_policy WHERE ledger_id = $1
    ), zone AS (
        SELECT zone AS name FROM ledger WHERE ledger_id = $1
    )"""
_PLACE: Final = "width_bucket({seq}, (SELECT seqs FROM starts))::bigint"
# The first day after the month that lies so many months after that of a time, as a time.
_MONTH_END: Final = "(date_trunc('month', {time} AT TIME ZONE (SELECT name FROM zone)) + ({months} + 1) * interval '1 month') AT TIME ZONE (SELECT name FROM zone)"
_OFF: Final = "abs(extract(epoch FROM {one} - {other})) > 10800"
_LOTS: Final = f"""SELECT format('lot %s of posting %s expires at %s, by the policy of its time on %s', lot_no, opened_seq, expires_at, coalesce(ends_at::text, 'no day'))
    FROM (
        WITH {_POLICIES}, earned AS (
            SELECT lot_no, opened_seq, expires_at, (earned_at AT TIME ZONE (SELECT name FROM zone))::date AS earned_on,
                   {_PLACE.format(seq="opened_seq")} AS place
            FROM lot WHERE ledger_id = $1 AND parent_no IS NULL
        ), first AS (
            SELECT *, (earned_on + months * interval '1 month')::date AS earliest FROM earned LEFT JOIN policy USING (place)
        ), dated AS (
            SELECT *, CASE WHEN rule = 'months_after_earn' AND months > 0 THEN (date_trunc('month', earliest) + interval '1 month')::date
                WHEN rule = 'fixed_date' THEN (
                    SELECT min(last_day) + 1 FROM (
                        SELECT least(start + day - 1, (start + interval '1 month')::date - 1) AS last_day
                        FROM (VALUES (0), (1)) later (years), make_date(extract(year FROM earliest)::integer + years, month, 1) start
                    ) days WHERE last_day >= earliest
                ) END AS gone_on
            FROM first
        )
        SELECT lot_no, opened_seq, expires_at, gone_on::timestamp AT TIME ZONE (SELECT name FROM zone) AS ends_at FROM dated
    ) lots
    WHERE CASE WHEN ends_at IS NULL THEN isfinite(expires_at) ELSE {_OFF.format(one="expires_at", other="ends_at")} END
    UNION ALL
    SELECT format('lot %s, whose points came back at %s, expires at %s', lot_no, recorded_at, expires_at) FROM (
        WITH {_POLICIES} SELECT l.lot_no, l.expires_at, p.recorded_at, {_MONTH_END.format(time="p.recorded_at", months="1")} AS ends_at
        FROM lot l JOIN posting p ON p.ledger_id = l.ledger_id AND p.seq = l.opened_seq WHERE l.ledger_id = $1 AND l.parent_no IS NOT NULL
    ) children WHERE {_OFF.format(one="expires_at", other="ends_at")}"""
_WALLETS: Final = f"""SELECT format('wallet %s expires at %s, %s after its last activity, posting %s', account_no, coalesce(expires_at::text, 'no time'),
        coalesce(ends_at::text, 'no time'), seq)
    FROM (
        WITH {_POLICIES}, active AS (
            SELECT wallet_no AS account_no, max(seq) AS seq, max(recorded_at) AS active_at, {_PLACE.format(seq="max(seq)")} AS place FROM posting
            WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('earn', 'redeem', 'capture') GROUP BY wallet_no
        )
        SELECT account_no, seq, w.expires_at, CASE WHEN rule = 'activity' THEN {_MONTH_END.format(time="active_at", months="months")} END AS ends_at
        FROM (SELECT account_no, expires_at FROM balance WHERE ledger_id = $1) w LEFT JOIN active USING (account_no) LEFT JOIN policy USING (place)
    ) wallets
    WHERE num_nulls(expires_at, ends_at) = 1 OR {_OFF.format(one="expires_at", other="ends_at")}
    UNION ALL
    SELECT format('the head says that wallets expire %s, the policy is %s', CASE WHEN by_activity THEN 'as a whole' ELSE 'lot by lot' END, rule)
    FROM (
        SELECT (SELECT by_activity FROM ledger_head WHERE ledger_id = $1),
               (SELECT rule FROM expiry_policy WHERE ledger_id = $1 ORDER BY version DESC LIMIT 1)
    ) head (by_activity, rule) WHERE by_activity IS DISTINCT FROM (rule = 'activity')"""
# What expired, and what came back into a lot of its own, was over then; what was taken otherwise, set aside or given back was not.
# What a hold has set aside is captured whenever that is.
_TAKEN: Final = f"""SELECT format('posting %s, a %s at %s, is about points of lot %s, whose end is %s', seq, kind, recorded_at, lot_no, coalesce(ends_at::text, 'no time'))
    FROM (
        WITH {_POLICIES}, moved AS (
            SELECT seq, max(seq) FILTER (WHERE active) OVER before AS active_seq, max(recorded_at) FILTER (WHERE active) OVER before AS active_at
            FROM (
                SELECT seq, wallet_no, recorded_at, kind IN ('earn', 'redeem', 'capture') AS active FROM posting
                WHERE ledger_id = $1 AND seq <= $2 AND (SELECT by_activity FROM ledger_head WHERE ledger_id = $1)
            ) walked WINDOW before AS (PARTITION BY wallet_no ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ), wallet AS (
            SELECT seq, {_MONTH_END.format(time="active_at", months="months")} AS ends_at FROM (
                SELECT *, {_PLACE.format(seq="active_seq")} AS place FROM moved
            ) m JOIN policy USING (place)
        ), taken AS (
            SELECT seq, lot_no, false AS over FROM lot_use WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT hold_seq, lot_no, false FROM hold_lot WHERE ledger_id = $1 AND hold_seq <= $2
            UNION ALL
            SELECT seq, lot_no, false FROM lot_return WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT opened_seq, parent_no, true FROM lot WHERE ledger_id = $1 AND parent_no IS NOT NULL
        )
        SELECT p.seq, p.kind, p.recorded_at, t.lot_no, t.over OR p.kind = 'expire' AS over, CASE WHEN isfinite(l.expires_at) THEN l.expires_at ELSE w.ends_at END AS ends_at,
               CASE WHEN isfinite(l.expires_at) THEN interval '1 second' ELSE interval '3 hours' END AS about
        FROM taken t JOIN (SELECT lot_no, expires_at FROM lot WHERE ledger_id = $1) l USING (lot_no)
        JOIN (SELECT seq, kind, recorded_at FROM posting WHERE ledger_id = $1) p USING (seq) LEFT JOIN wallet w USING (seq)
    ) uses
    WHERE CASE WHEN over THEN coalesce(recorded_at < ends_at - about, true) WHEN kind = 'capture' THEN false ELSE recorded_at > ends_at + about END"""
EXPIRIES: Final = f"""{_LOTS}
    UNION ALL
    {_WALLETS}
    UNION ALL
    {_TAKEN}"""
