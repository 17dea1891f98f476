"""The invariant of lots: those of wallets, and those whose points are pending."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.expiries import EXPIRIES
from services.points.storage.proofs.proof import MERGED, Proof

# What is wrong with points that are pending, or were.
_PENDING: Final = """
    SELECT format('account %s: pending lots %s, balance %s', account_no, coalesce(l.remaining, 0), b.credits - b.debits)
    FROM account a JOIN balance b USING (ledger_id, account_no)
    LEFT JOIN (
        SELECT pending_no AS account_no, sum(remaining) AS remaining FROM lot WHERE ledger_id = $1 AND open AND pending GROUP BY pending_no
    ) l USING (account_no)
    WHERE a.ledger_id = $1 AND a.kind = 'pending' AND coalesce(l.remaining, 0) <> b.credits - b.debits
    UNION ALL
    SELECT format('lot %s is %s, and posting %s brought %s of its points into the wallet', lot_no,
        CASE WHEN l.pending THEN 'pending' ELSE 'not pending' END, m.seq, m.points)
    FROM (SELECT * FROM lot WHERE ledger_id = $1) l FULL JOIN (SELECT * FROM lot_matured WHERE ledger_id = $1) m USING (lot_no)
    WHERE (l.pending_no IS NOT NULL AND NOT l.pending) IS DISTINCT FROM (m.seq IS NOT NULL)
    UNION ALL
    SELECT format('posting %s brings %s points into the wallet, its lots %s', seq, coalesce(p.amount, 0), coalesce(m.points, 0))
    FROM (SELECT seq, amount FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'mature') p
    FULL JOIN (SELECT seq, sum(points) AS points FROM lot_matured WHERE ledger_id = $1 GROUP BY seq) m USING (seq)
    WHERE coalesce(p.amount, 0) <> coalesce(m.points, 0)
    UNION ALL
    SELECT format('lot %s matures at %s with %s points, posting %s brought %s into the wallet at %s', lot_no, l.matures_at,
        l.original - coalesce(u.points, 0), m.seq, m.points, p.recorded_at)
    FROM (SELECT * FROM lot_matured WHERE ledger_id = $1) m
    JOIN (SELECT * FROM lot WHERE ledger_id = $1) l USING (lot_no)
    LEFT JOIN (SELECT seq, recorded_at, wallet_no, debit_no FROM posting WHERE ledger_id = $1) p USING (seq)
    LEFT JOIN (
        SELECT lot_no, sum(u.points) AS points FROM lot_use u JOIN lot_matured m USING (ledger_id, lot_no)
        WHERE ledger_id = $1 AND u.seq < m.seq GROUP BY lot_no
    ) u USING (lot_no)
    WHERE (m.points, l.account_no, l.pending_no) IS DISTINCT FROM (l.original - coalesce(u.points, 0), p.wallet_no, p.debit_no)
        OR p.recorded_at < l.matures_at
    UNION ALL
    SELECT format('posting %s, a %s from account %s, took points of lot %s, which was %s', p.seq, p.kind, p.debit_no, lot_no,
        CASE WHEN m.seq < p.seq THEN 'not pending any more' ELSE 'pending' END)
    FROM (SELECT * FROM lot_use WHERE ledger_id = $1) u
    JOIN (SELECT * FROM lot WHERE ledger_id = $1 AND pending_no IS NOT NULL) l USING (lot_no)
    JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2) p USING (seq)
    LEFT JOIN (SELECT lot_no, seq FROM lot_matured WHERE ledger_id = $1) m USING (lot_no)
    WHERE CASE WHEN m.seq < p.seq THEN p.debit_no <> l.account_no
        ELSE (p.kind, p.original_seq, p.debit_no) IS DISTINCT FROM ('clawback', l.opened_seq, l.pending_no) END
    UNION ALL
    -- A batch is decided at one time, and what it posts follows in steps of a microsecond: hence the second.
    SELECT format('posting %s of a sale at %s, pending for %s days, put its points into account %s at %s', seq, p.occurred_at,
        s.rate_pending_days, p.credit_no, p.recorded_at)
    FROM (
        SELECT *, CASE kind WHEN 'grant' THEN original_seq ELSE seq END AS sale_seq FROM posting
        WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('earn', 'grant') AND amount > 0
    ) p
    JOIN (SELECT seq AS sale_seq, rate_pending_days FROM purchase WHERE ledger_id = $1) s USING (sale_seq)
    WHERE CASE WHEN s.rate_pending_days = 0 THEN p.credit_no <> p.wallet_no
        WHEN p.credit_no = p.wallet_no THEN p.occurred_at + s.rate_pending_days * interval '24 hours' > p.recorded_at
        ELSE p.occurred_at + s.rate_pending_days * interval '24 hours' <= p.recorded_at - interval '1 second' END"""

LOTS: Final = Proof(
    5,
    "open lots sum to the wallet and pending ones to what is pending, each lot to its uses and returns, each posting to the lots that it opened, used and gave back to",
    """SELECT format('%s lots, %s points open', count(*), coalesce(sum(remaining), 0)) FROM lot
    WHERE ledger_id = $1 AND opened_seq <= $2""",
    f"""SELECT format('wallet %s: lots %s, balance %s', account_no, coalesce(l.remaining, 0), b.credits - b.debits)
    FROM account a JOIN balance b USING (ledger_id, account_no)
    LEFT JOIN (
        SELECT account_no, sum(remaining) AS remaining FROM lot WHERE ledger_id = $1 AND open AND NOT pending GROUP BY account_no
    ) l USING (account_no)
    WHERE a.ledger_id = $1 AND a.kind = 'wallet' AND coalesce(l.remaining, 0) <> b.credits - b.debits
    UNION ALL
    SELECT format('lot %s: original %s, remaining %s, uses less returns %s', lot_no, l.original, l.remaining, coalesce(u.points, 0))
    FROM lot l LEFT JOIN (
        SELECT lot_no, sum(points) AS points FROM (
            SELECT lot_no, points FROM lot_use WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT lot_no, -points FROM lot_return WHERE ledger_id = $1 AND seq <= $2
        ) moved GROUP BY lot_no
    ) u USING (lot_no)
    WHERE l.ledger_id = $1 AND l.original <> l.remaining + coalesce(u.points, 0)
    UNION ALL
    SELECT format('posting %s takes %s points, its uses %s', p.seq, -p.points, coalesce(u.points, 0))
    FROM posting p LEFT JOIN (
        SELECT seq, sum(points) AS points FROM lot_use WHERE ledger_id = $1 AND seq <= $2 GROUP BY seq
    ) u USING (seq)
    WHERE p.ledger_id = $1 AND p.seq <= $2
        AND CASE p.kind WHEN 'clawback' THEN p.amount ELSE greatest(-p.points, 0) END <> coalesce(u.points, 0)
    UNION ALL
    SELECT format('lot %s is not what posting %s opened', l.lot_no, l.opened_seq)
    FROM lot l LEFT JOIN posting p ON p.ledger_id = l.ledger_id AND p.seq = l.opened_seq
    WHERE l.ledger_id = $1 AND l.parent_no IS NULL AND (
        (l.original, l.issuer_no, l.account_no, l.earned_at, l.expires_at, coalesce(l.pending_no, l.account_no))
            IS DISTINCT FROM (p.amount, CASE p.kind WHEN 'import' THEN l.issuer_no ELSE p.partner_no END, p.wallet_no, p.occurred_at,
                coalesce(p.expires_at, 'infinity'), p.credit_no)
        OR p.kind NOT IN ('earn', 'adjust', 'import', 'grant') OR (p.kind = 'grant') <> (l.point_type = 'bonus')
        OR l.matures_at IS NOT NULL AND l.matures_at <> (
            SELECT p.occurred_at + rate_pending_days * interval '24 hours' FROM purchase
            WHERE ledger_id = $1 AND seq = CASE p.kind WHEN 'grant' THEN p.original_seq ELSE p.seq END
        )
    )
    UNION ALL
    SELECT format('lot %s is of issuer %s, posting %s took its points over from the books of %s', l.lot_no, i.owner_id, p.seq, d.owner_id)
    FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'import') p
    JOIN (SELECT * FROM lot WHERE ledger_id = $1 AND parent_no IS NULL) l ON l.opened_seq = p.seq
    LEFT JOIN (SELECT * FROM account WHERE ledger_id = $1) i ON i.account_no = l.issuer_no
    LEFT JOIN (SELECT * FROM account WHERE ledger_id = $1) d ON d.account_no = p.debit_no
    WHERE (i.kind, i.owner_id) IS DISTINCT FROM ('issuance', d.owner_id)
    UNION ALL
    SELECT format('lot %s is not what came of lot %s by posting %s', l.lot_no, l.parent_no, l.opened_seq)
    FROM lot l LEFT JOIN posting p ON p.ledger_id = l.ledger_id AND p.seq = l.opened_seq
    LEFT JOIN lot f ON f.ledger_id = l.ledger_id AND f.lot_no = l.parent_no
    LEFT JOIN posting o ON o.ledger_id = p.ledger_id AND o.seq = p.original_seq
    LEFT JOIN {MERGED} m ON m.given_up = f.account_no AND m.reached = l.account_no
    WHERE l.ledger_id = $1 AND l.parent_no IS NOT NULL
        AND ((l.issuer_no, l.point_type, l.earned_at, l.earned_seq, l.account_no)
            IS DISTINCT FROM (f.issuer_no, f.point_type, f.earned_at, coalesce(f.earned_seq, f.opened_seq), p.wallet_no)
            OR CASE p.kind WHEN 'receive' THEN (f.account_no, f.expires_at) IS DISTINCT FROM (o.wallet_no, l.expires_at)
                WHEN 'return' THEN f.account_no <> l.account_no AND m.reached IS NULL
                    OR CASE WHEN f.expires_at = 'infinity' AND (SELECT by_activity FROM ledger_head WHERE ledger_id = $1)
                        THEN f.account_no = l.account_no AND l.expires_at = 'infinity' OR l.expires_at <= p.recorded_at
                        WHEN f.expires_at > p.recorded_at THEN f.account_no = l.account_no OR l.expires_at <> f.expires_at
                        ELSE l.expires_at <= p.recorded_at AND l.expires_at <> f.expires_at END
                ELSE true END)
    UNION ALL
    SELECT format('posting %s brings %s points back or on, lots got %s', p.seq, p.points, coalesce(r.points, 0))
    FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('return', 'receive')) p
    FULL JOIN (
        SELECT seq, sum(points) AS points FROM (
            SELECT seq, points FROM lot_return WHERE ledger_id = $1
            UNION ALL
            SELECT opened_seq, original FROM lot WHERE ledger_id = $1 AND parent_no IS NOT NULL
        ) back GROUP BY seq
    ) r USING (seq)
    WHERE coalesce(p.points, 0) <> coalesce(r.points, 0)
    UNION ALL
    SELECT format('lot %s got %s points that posting %s had taken, which were %s', lot_no, r.points, r.burn_seq, coalesce(u.points, 0))
    FROM (
        SELECT burn_seq, lot_no, sum(points) AS points FROM (
            SELECT p.original_seq AS burn_seq, b.lot_no, b.points FROM lot_return b
            JOIN posting p ON p.ledger_id = b.ledger_id AND p.seq = b.seq WHERE b.ledger_id = $1
            UNION ALL
            SELECT p.original_seq, l.parent_no, l.original FROM lot l
            JOIN posting p ON p.ledger_id = l.ledger_id AND p.seq = l.opened_seq WHERE l.ledger_id = $1 AND l.parent_no IS NOT NULL
        ) back GROUP BY burn_seq, lot_no
    ) r LEFT JOIN (SELECT seq AS burn_seq, lot_no, points FROM lot_use WHERE ledger_id = $1) u USING (burn_seq, lot_no)
    WHERE r.points > coalesce(u.points, 0)
    UNION ALL
    SELECT format('posting %s opened no lot', p.seq) FROM posting p
    WHERE p.ledger_id = $1 AND p.seq <= $2 AND p.amount > 0 AND (p.kind IN ('earn', 'import', 'grant') OR p.kind = 'adjust' AND p.points > 0)
      AND NOT EXISTS (SELECT 1 FROM lot l WHERE l.ledger_id = p.ledger_id AND l.opened_seq = p.seq)
    UNION ALL
    {_PENDING}
    UNION ALL
    {EXPIRIES}""",
)
