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
_BY_ACTIVITY: Final = "(SELECT by_activity FROM ledger_head WHERE ledger_id = $1)"
# (An import may tell a date of its own.)
_LOTS: Final = f"""SELECT format('lot %s of posting %s expires at %s, by the policy of its time on %s', lot_no, opened_seq, expires_at, coalesce(ends_at::text, 'no day'))
    FROM (
        WITH {_POLICIES}, earned AS (
            SELECT lot_no, opened_seq, expires_at, (earned_at AT TIME ZONE (SELECT name FROM zone))::date AS earned_on,
                   {_PLACE.format(seq="opened_seq")} AS place
            FROM lot l LEFT JOIN (SELECT seq, true AS told FROM posting WHERE ledger_id = $1 AND kind = 'import' AND expires_at IS NOT NULL) i ON i.seq = l.opened_seq
            WHERE ledger_id = $1 AND parent_no IS NULL AND told IS NULL
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
        FROM (SELECT * FROM lot WHERE ledger_id = $1 AND parent_no IS NOT NULL) l
        JOIN (SELECT lot_no AS parent_no, expires_at AS ended_at FROM lot WHERE ledger_id = $1) f USING (parent_no)
        JOIN (SELECT seq, recorded_at FROM posting WHERE ledger_id = $1 AND kind = 'return') p ON p.seq = l.opened_seq WHERE l.expires_at <> f.ended_at
    ) children WHERE {_OFF.format(one="expires_at", other="ends_at")}"""
# What the date of a wallet may be counted from: what was done there, with points that are pending when they mature; a wallet that
# was merged into it, whose date stays as it was; and what only arrived, which counts where no date was still to come.
_DATES: Final = f"""dates AS (
        SELECT m.seq, m.wallet_no, {_MONTH_END.format(time="m.start_at", months="months")} AS ends_at, m.active FROM (
            SELECT p.seq, p.wallet_no, greatest(p.recorded_at, l.matures_at) AS start_at, p.kind IN ('earn', 'grant', 'park', 'redeem', 'capture') AS active,
                   {_PLACE.format(seq="p.seq")} AS place
            FROM posting p LEFT JOIN (
                SELECT opened_seq, matures_at FROM lot WHERE ledger_id = $1 AND matures_at IS NOT NULL
            ) l ON p.kind IN ('earn', 'grant') AND l.opened_seq = p.seq
            WHERE p.ledger_id = $1 AND p.seq <= $2 AND {_BY_ACTIVITY}
                AND (p.kind IN ('earn', 'grant', 'park', 'redeem', 'capture', 'receive') OR p.kind IN ('import', 'adjust') AND p.points > 0 AND p.expires_at IS NULL)
        ) m JOIN policy USING (place)
        UNION ALL
        SELECT m.seq, m.into_wallet, b.expires_at, true FROM merged_wallet m
        JOIN (SELECT account_no AS from_wallet, expires_at FROM balance WHERE ledger_id = $1 AND expires_at IS NOT NULL) b USING (from_wallet)
        WHERE m.ledger_id = $1 AND m.seq <= $2
    )"""
_WALLETS: Final = f"""SELECT format('wallet %s expires at %s, by what was done there at %s', account_no, coalesce(expires_at::text, 'no time'),
        coalesce(least_at::text, 'no time'))
    FROM (
        WITH {_POLICIES}, {_DATES}, counted AS (
            SELECT wallet_no AS account_no, max(ends_at) FILTER (WHERE active) AS least_at, array_agg(DISTINCT ends_at) AS any_of FROM dates GROUP BY wallet_no
        )
        SELECT * FROM (SELECT account_no, expires_at FROM balance WHERE ledger_id = $1) w LEFT JOIN counted USING (account_no)
    ) wallets
    WHERE CASE WHEN expires_at IS NULL THEN least_at IS NOT NULL OR account_no IN (
            SELECT account_no FROM lot WHERE ledger_id = $1 AND open AND expires_at = 'infinity' AND {_BY_ACTIVITY}
        )
        ELSE coalesce(expires_at < least_at - interval '3 hours', false)
            OR NOT EXISTS (SELECT 1 FROM unnest(any_of) date (ends_at) WHERE NOT {_OFF.format(one="expires_at", other="ends_at")}) END
    UNION ALL
    SELECT format('the head says that wallets expire %s, the policy is %s', CASE WHEN by_activity THEN 'as a whole' ELSE 'lot by lot' END, rule)
    FROM (
        SELECT {_BY_ACTIVITY}, (SELECT rule FROM expiry_policy WHERE ledger_id = $1 ORDER BY version DESC LIMIT 1)
    ) head (by_activity, rule) WHERE by_activity IS DISTINCT FROM (rule = 'activity')"""
# What expired, and what came back into a lot of its own that lives longer, was over then; what was taken otherwise, set aside or
# given back was not. What a hold has set aside is captured whenever that is; a debt is paid with what was there when points came
# free, and points that are pending are taken back whenever that is. A wallet in which points arrived may live longer than by what
# was done there: it is over by `latest_at` for sure, and not before `ends_at`.
_TAKEN: Final = f"""SELECT format('posting %s, a %s at %s, is about points of lot %s, whose end is %s', seq, kind, recorded_at, lot_no, coalesce(ends_at::text, 'no time'))
    FROM (
        WITH {_POLICIES}, {_DATES}, wallet AS (
            SELECT seq, wallet_no, coalesce(max(ends_at) FILTER (WHERE active) OVER before, min(ends_at) OVER before) AS ends_at,
                   max(ends_at) OVER before AS latest_at
            FROM (
                SELECT seq, wallet_no, ends_at, active FROM dates
                UNION ALL
                SELECT seq, wallet_no, NULL, false FROM posting p WHERE ledger_id = $1 AND seq <= $2 AND {_BY_ACTIVITY}
                    AND NOT EXISTS (SELECT 1 FROM dates d WHERE d.seq = p.seq AND d.wallet_no = p.wallet_no)
            ) walked WINDOW before AS (PARTITION BY wallet_no ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ), taken AS (
            SELECT seq, lot_no, false AS over FROM lot_use WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT hold_seq, lot_no, false FROM hold_lot WHERE ledger_id = $1 AND hold_seq <= $2
            UNION ALL
            SELECT seq, lot_no, false FROM lot_return WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT c.opened_seq, c.parent_no, true FROM (SELECT * FROM lot WHERE ledger_id = $1 AND parent_no IS NOT NULL) c
            JOIN (SELECT lot_no, expires_at FROM lot WHERE ledger_id = $1) f ON f.lot_no = c.parent_no AND f.expires_at <> c.expires_at
        )
        SELECT p.seq, p.kind, p.recorded_at, t.lot_no, t.over OR p.kind = 'expire' AS over, p.debit_no = l.pending_no AS was_pending,
               CASE WHEN isfinite(l.expires_at) THEN l.expires_at ELSE w.ends_at END AS ends_at,
               CASE WHEN isfinite(l.expires_at) THEN l.expires_at ELSE w.latest_at END AS latest_at,
               CASE WHEN isfinite(l.expires_at) THEN interval '1 second' ELSE interval '3 hours' END AS about
        FROM taken t JOIN (SELECT lot_no, expires_at, pending_no FROM lot WHERE ledger_id = $1) l USING (lot_no)
        JOIN (SELECT seq, wallet_no, kind, recorded_at, debit_no FROM posting WHERE ledger_id = $1) p USING (seq) LEFT JOIN wallet w USING (seq, wallet_no)
    ) uses
    WHERE CASE WHEN over THEN coalesce(recorded_at < ends_at - about, true) WHEN kind IN ('capture', 'repay') OR was_pending THEN false
        ELSE recorded_at > latest_at + about END"""
EXPIRIES: Final = f"""{_LOTS}
    UNION ALL
    {_WALLETS}
    UNION ALL
    {_TAKEN}"""
