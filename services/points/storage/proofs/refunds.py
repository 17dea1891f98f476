"""The invariant of refunds and of what members owe."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import BONUS, GRANTS, MERGED, TAKEN, Proof
from services.points.storage.proofs.waits import WAITS

# Every original with what all its refunds came to, and the figures of its sale; with what its tender order makes of
# that, step by step. The rules are those of domain/refunding.py, said once more.
_REFUNDED: Final = """
SELECT o.*, s.amount_minor, coalesce(s.points_minor, 0) AS in_points, p.kind, p.wallet_no, p.partner_no, p.amount AS earned,
       coalesce(b.burned, CASE WHEN p.kind <> 'earn' THEN p.amount END, 0) AS burned, s.rate_points, s.rate_per_minor
FROM (
    SELECT original_seq, max(whole) AS whole, sum(given) AS given, sum(returned) AS returned, sum(clawed_back) AS clawed_back,
           sum(owed) AS owed, sum(money_minor) AS money, min(tender_order) AS tender_order,
           (array_agg(written_off ORDER BY no DESC))[1] AS written_off
    FROM refund WHERE ledger_id = $1 AND seq <= $2 GROUP BY original_seq
) o
LEFT JOIN posting p ON p.ledger_id = $1 AND p.seq = o.original_seq
LEFT JOIN purchase s ON s.ledger_id = $1 AND s.seq = o.original_seq
LEFT JOIN (
    -- (The burn of a sale that was parked names what parked it.)
    SELECT coalesce(e.seq, original_seq) AS original_seq, sum(amount) AS burned
    FROM (SELECT original_seq, amount FROM posting WHERE ledger_id = $1 AND kind IN ('redeem', 'capture')) c
    LEFT JOIN (SELECT seq, original_seq FROM posting WHERE ledger_id = $1 AND kind = 'earn' AND original_seq IS NOT NULL) e USING (original_seq)
    GROUP BY 1
) b ON b.original_seq = o.original_seq
"""
# Where there are only points to give back: of a burn alone, or of a sale of which nothing was left to pay.
_ALONE: Final = "(kind <> 'earn' OR amount_minor = 0)"
_STEP: Final = f"""
SELECT r.*, CASE tender_order WHEN 'points_first' THEN least(in_points, given)
        WHEN 'money_first' THEN given - least(whole - in_points, given) ELSE div(in_points * given, whole) END AS as_points
FROM ({_REFUNDED}) r
"""
_SALES: Final = f"""
SELECT t.*, CASE WHEN {_ALONE} THEN given WHEN tender_order = 'pro_rata' OR in_points = 0 THEN div(burned * given, whole)
        ELSE div(burned * as_points, in_points) END AS due_back,
    CASE WHEN {_ALONE} THEN 0 ELSE given - as_points END AS due_money,
    CASE WHEN {_ALONE} THEN 0 ELSE whole - in_points - given + as_points END AS paid_left,
    CASE WHEN {_ALONE} THEN 0 ELSE div((whole - in_points - given + as_points) * rate_points, rate_per_minor) END AS base_left
FROM ({_STEP}) t
"""
# What is due back of each sale by itself, and of each grant that it brought.
_PARTS: Final = f"""
    sale AS MATERIALIZED (SELECT s.*, CASE kind WHEN 'earn' THEN earned - base_left ELSE 0 END AS due_base FROM ({_SALES}) s),
    bonus AS MATERIALIZED (
        SELECT g.seq, g.earn_seq, g.points - {BONUS.format(base="s.base_left", paid="s.paid_left")} AS due
        FROM {GRANTS} g JOIN sale s ON s.original_seq = g.earn_seq
    )"""
_DUE: Final = f"""
WITH {_PARTS} SELECT sale.*, due_base + coalesce(b.due, 0) AS due_taken FROM sale
LEFT JOIN (SELECT earn_seq, sum(due) AS due FROM bonus GROUP BY earn_seq) b ON b.earn_seq = sale.original_seq
"""
# What was taken back of a sale and of each grant is no more than is due of just that.
_BACK: Final = f"""
    SELECT format('%s points were taken back of posting %s, %s are due', points, original_seq, due) FROM (
        WITH {_PARTS}, part AS (
            SELECT original_seq, due_base AS due FROM sale
            UNION ALL
            SELECT seq, due FROM bonus
        )
        SELECT t.original_seq, t.points, coalesce(p.due, 0) AS due FROM {TAKEN} t LEFT JOIN part p USING (original_seq)
    ) taken WHERE points > due"""

REFUNDS: Final = Proof(
    11,
    "refunds of an original come to what all of them together are due, never more than it; debts are what is owed of them; a sale has one burn, its own; one that waits has no answer, any other has",
    """SELECT format('%s refunds: %s points returned, %s taken back, %s owed, of that %s still', count(*), coalesce(sum(returned), 0),
        coalesce(sum(clawed_back), 0), coalesce(sum(owed), 0), (SELECT coalesce(sum(remaining), 0) FROM debt WHERE ledger_id = $1))
    FROM refund WHERE ledger_id = $1 AND seq <= $2""",
    f"""SELECT format('refund %s is number %s of its original, after %s of %s', seq, no, given_before, whole) FROM (
        SELECT *, row_number() OVER w AS due_no, coalesce(sum(given) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM refund WHERE ledger_id = $1 AND seq <= $2 WINDOW w AS (PARTITION BY original_seq ORDER BY seq)
    ) f WHERE no <> due_no OR given_before <> before OR given <= 0 OR given_before + given > whole
    UNION ALL
    SELECT format('refund %s is not what posting %s says', coalesce(f.seq, p.seq), p.seq)
    FROM (SELECT * FROM refund WHERE ledger_id = $1) f
    FULL JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'refund') p USING (seq)
    LEFT JOIN posting o ON o.ledger_id = $1 AND o.seq = f.original_seq
    LEFT JOIN {MERGED} m ON m.given_up = o.wallet_no AND m.reached = p.wallet_no
    WHERE (f.original_seq, o.partner_no) IS DISTINCT FROM (p.original_seq, p.partner_no)
        OR o.wallet_no IS DISTINCT FROM p.wallet_no AND m.reached IS NULL
    UNION ALL
    SELECT format('refunds of %s: %s of %s given back, %s points returned for %s, %s money for %s, %s points back for %s', original_seq,
        given, whole, returned, due_back, money, due_money, clawed_back + owed + written_off, due_taken)
    FROM ({_DUE}) d
    WHERE (whole, returned, money, clawed_back + owed + written_off)
        IS DISTINCT FROM (CASE WHEN {_ALONE} THEN burned ELSE amount_minor END, due_back, due_money, due_taken)
    UNION ALL
    SELECT format('refunds of %s tell of %s points, its parts of %s', original_seq, f.points, p.points) FROM (
        SELECT original_seq, array[sum(returned), sum(clawed_back), sum(owed)] AS points FROM refund
        WHERE ledger_id = $1 AND seq <= $2 GROUP BY original_seq
    ) f FULL JOIN (
        SELECT original_seq, array[sum(amount) FILTER (WHERE kind = 'return'), sum(amount) FILTER (WHERE kind = 'clawback'),
            sum(amount) FILTER (WHERE kind = 'owe')] AS points
        FROM (
            SELECT kind, amount, coalesce(
                (SELECT CASE WHEN EXISTS (SELECT 1 FROM parked_earn k WHERE k.ledger_id = $1 AND k.seq = b.original_seq) THEN coalesce((
                    SELECT e.seq FROM posting e WHERE e.ledger_id = $1 AND e.original_seq = b.original_seq AND e.kind = 'earn'
                ), b.seq) ELSE b.original_seq END FROM posting b WHERE b.ledger_id = $1 AND b.seq = c.original_seq AND (c.kind = 'return' OR b.kind = 'grant')),
                c.original_seq
            ) AS original_seq
            FROM posting c WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('return', 'clawback', 'owe')
        ) c GROUP BY original_seq
    ) p USING (original_seq)
    WHERE (f.points[1], f.points[2], f.points[3])
        IS DISTINCT FROM (coalesce(p.points[1], 0), coalesce(p.points[2], 0), coalesce(p.points[3], 0))
    UNION ALL
    SELECT format('wallet %s owes %s points and has %s that are free', account_no, d.owed, b.credits - b.debits - b.reserved + b.released)
    FROM (SELECT wallet_no AS account_no, sum(remaining) AS owed FROM debt WHERE ledger_id = $1 AND open GROUP BY wallet_no) d
    JOIN (SELECT * FROM balance WHERE ledger_id = $1) b USING (account_no)
    WHERE b.credits - b.debits > b.reserved - b.released
    UNION ALL
    SELECT format('posting %s, a %s, is not a burn of the sale of posting %s', p.seq, p.kind, p.original_seq)
    FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND original_seq IS NOT NULL AND kind IN ('redeem', 'capture')) p
    LEFT JOIN (SELECT seq AS original_seq, kind AS sold, wallet_no, partner_no FROM posting WHERE ledger_id = $1) o
        USING (original_seq, wallet_no, partner_no)
    WHERE coalesce(o.sold, '') NOT IN ('earn', 'park')
    UNION ALL
    SELECT format('the sale of posting %s has %s burns', original_seq, count(*)) FROM posting
    WHERE ledger_id = $1 AND seq <= $2 AND original_seq IS NOT NULL AND kind IN ('redeem', 'capture')
    GROUP BY original_seq HAVING count(*) > 1
    UNION ALL
    SELECT format('debt %s of %s points is not what posting %s made', coalesce(d.seq, p.seq), coalesce(d.points, 0), p.seq)
    FROM (SELECT * FROM debt WHERE ledger_id = $1) d
    FULL JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('owe', 'assume')) p USING (seq)
    WHERE (d.points, d.original_seq, d.wallet_no, d.partner_no) IS DISTINCT FROM (p.amount, p.original_seq, p.wallet_no, p.partner_no)
    UNION ALL
    SELECT format('debt %s: %s of %s points are left, %s were paid', seq, d.remaining, d.points, coalesce(u.points, 0))
    FROM debt d LEFT JOIN (SELECT debt_seq AS seq, sum(points) AS points FROM debt_use WHERE ledger_id = $1 GROUP BY debt_seq) u USING (seq)
    WHERE d.ledger_id = $1 AND (d.remaining <> d.points - coalesce(u.points, 0) OR d.open <> (d.remaining > 0))
    UNION ALL
    SELECT format('posting %s pays %s points of debts, its parts %s', seq, coalesce(p.amount, 0), coalesce(u.points, 0))
    FROM (SELECT seq, amount FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('repay', 'assume')) p
    FULL JOIN (SELECT seq, sum(points) AS points FROM debt_use WHERE ledger_id = $1 GROUP BY seq) u USING (seq)
    WHERE coalesce(p.amount, 0) <> coalesce(u.points, 0)
    UNION ALL
    SELECT format('posting %s of wallet %s pays debt %s of wallet %s', u.seq, p.wallet_no, u.debt_seq, d.wallet_no)
    FROM debt_use u LEFT JOIN posting p ON p.ledger_id = u.ledger_id AND p.seq = u.seq
    LEFT JOIN debt d ON d.ledger_id = u.ledger_id AND d.seq = u.debt_seq
    LEFT JOIN {MERGED} m ON m.given_up = d.wallet_no AND m.reached = p.wallet_no
    LEFT JOIN (SELECT account_no AS wallet_no, owner_id FROM account WHERE ledger_id = $1) w ON w.wallet_no = d.wallet_no
    LEFT JOIN (SELECT account_no AS credit_no, owner_id FROM account WHERE ledger_id = $1) c ON c.credit_no = p.credit_no
    WHERE u.ledger_id = $1 AND (u.debt_seq >= u.seq OR CASE p.kind WHEN 'assume'
        THEN m.reached IS NULL OR (p.original_seq, p.partner_no, c.owner_id) IS DISTINCT FROM (d.original_seq, d.partner_no, w.owner_id)
        ELSE p.wallet_no IS DISTINCT FROM d.wallet_no END)
    UNION ALL{_BACK}
    UNION ALL{WAITS}""",
)
