"""Invariants of postings, counters and floors."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import Proof

LEGS: Final = Proof(
    1,
    "debits equal credits in every posting, its leg on the wallet is its points, nothing stays between two wallets, and all counters net to zero",
    """SELECT format('%s postings, %s legs, debits = credits = %s',
        (SELECT count(*) FROM posting WHERE ledger_id = $1 AND seq <= $2), count(*),
        coalesce(sum(amount) FILTER (WHERE amount > 0), 0))
    FROM entry WHERE ledger_id = $1 AND seq <= $2""",
    """SELECT format('posting %s: %s from account %s to account %s', seq, amount, coalesce(debit_no::text, 'none'),
        coalesce(credit_no::text, 'none'))
    FROM posting WHERE ledger_id = $1 AND seq <= $2 AND CASE amount WHEN 0 THEN num_nonnulls(debit_no, credit_no) <> 0
        ELSE amount < 0 OR num_nulls(debit_no, credit_no) <> 0 OR debit_no = credit_no END
    UNION ALL
    SELECT format('posting %s moves %s points, its leg on the wallet %s', seq, points, leg) FROM (
        SELECT seq, points, CASE wallet_no WHEN credit_no THEN amount WHEN debit_no THEN -amount ELSE 0 END AS leg
        FROM posting WHERE ledger_id = $1 AND seq <= $2
    ) p WHERE points <> leg
    UNION ALL
    SELECT format('posting %s, a %s, moves %s from account %s to account %s', p.seq, p.kind, p.amount, p.debit_no, p.credit_no)
    FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND amount <> 0) p
    LEFT JOIN (SELECT account_no AS credit_no, kind AS to_kind, owner_id AS to_owner FROM account WHERE ledger_id = $1) c USING (credit_no)
    LEFT JOIN (SELECT account_no AS debit_no, kind AS from_kind, owner_id AS from_owner FROM account WHERE ledger_id = $1) d USING (debit_no)
    LEFT JOIN (SELECT account_no AS wallet_no, owner_id AS member FROM account WHERE ledger_id = $1) w USING (wallet_no)
    LEFT JOIN (SELECT account_no AS partner_no, owner_id AS partner FROM account WHERE ledger_id = $1) i USING (partner_no)
    LEFT JOIN (SELECT seq AS original_seq, debit_no AS budget_no FROM posting WHERE ledger_id = $1 AND kind = 'grant') g USING (original_seq)
    WHERE CASE WHEN p.kind = 'earn' THEN p.debit_no IS DISTINCT FROM p.partner_no
            OR p.credit_no <> p.wallet_no AND (c.to_kind, c.to_owner) IS DISTINCT FROM ('pending', w.member)
        WHEN p.kind = 'mature' THEN (d.from_kind, d.from_owner, p.credit_no) IS DISTINCT FROM ('pending', w.member, p.wallet_no)
        WHEN p.kind IN ('redeem', 'capture') THEN (p.debit_no, c.to_kind, c.to_owner) IS DISTINCT FROM (p.wallet_no, 'redemption', i.partner)
        WHEN p.kind = 'expire' THEN (p.debit_no, c.to_kind) IS DISTINCT FROM (p.wallet_no, 'expiry')
        WHEN p.kind = 'return' THEN (d.from_kind, d.from_owner, p.credit_no) IS DISTINCT FROM ('redemption', i.partner, p.wallet_no)
        WHEN p.kind = 'clawback' THEN p.credit_no IS DISTINCT FROM coalesce(g.budget_no, p.partner_no)
            OR p.debit_no <> p.wallet_no AND (d.from_kind, d.from_owner) IS DISTINCT FROM ('pending', w.member)
        WHEN p.kind = 'owe' THEN (d.from_kind, d.from_owner, p.credit_no) IS DISTINCT FROM ('debt', w.member, coalesce(g.budget_no, p.partner_no))
        WHEN p.kind = 'repay' THEN (p.debit_no, c.to_kind, c.to_owner) IS DISTINCT FROM (p.wallet_no, 'debt', w.member)
        WHEN p.kind IN ('transfer', 'merge') THEN (p.debit_no, c.to_kind) IS DISTINCT FROM (p.wallet_no, 'transit')
        WHEN p.kind = 'receive' THEN (d.from_kind, p.credit_no) IS DISTINCT FROM ('transit', p.wallet_no)
        WHEN p.kind = 'assume' THEN (d.from_kind, d.from_owner, c.to_kind) IS DISTINCT FROM ('debt', w.member, 'debt')
        WHEN p.kind = 'load' THEN (d.from_kind, c.to_kind) IS DISTINCT FROM ('funding', 'budget')
        WHEN p.kind = 'grant' THEN d.from_kind IS DISTINCT FROM 'budget'
            OR p.credit_no <> p.wallet_no AND (c.to_kind, c.to_owner) IS DISTINCT FROM ('pending', w.member)
        WHEN p.kind = 'import' THEN (d.from_kind, p.credit_no) IS DISTINCT FROM ('opening', p.wallet_no)
        WHEN p.kind = 'adjust' AND p.points > 0 THEN (d.from_kind, p.credit_no) IS DISTINCT FROM ('adjustment', p.wallet_no)
        WHEN p.kind = 'adjust' THEN (p.debit_no, c.to_kind) IS DISTINCT FROM (p.wallet_no, 'adjustment')
        ELSE true END
    UNION ALL
    SELECT format('posting %s names account %s, which is no %s', seq, account_no, coalesce(expected, 'account')) FROM (
        SELECT seq, wallet_no AS account_no, CASE WHEN kind NOT IN ('floor', 'load') THEN 'wallet' END AS expected FROM posting
        WHERE ledger_id = $1 AND seq <= $2
        UNION ALL
        SELECT seq, partner_no, 'issuance' FROM posting WHERE ledger_id = $1 AND seq <= $2 AND partner_no IS NOT NULL
    ) p LEFT JOIN (SELECT account_no, kind FROM account WHERE ledger_id = $1) a USING (account_no)
    WHERE a.kind IS DISTINCT FROM expected
    UNION ALL
    SELECT format('posting %s takes %s points to another wallet, posting %s brings %s', g.seq, coalesce(g.amount, 0), r.seq, coalesce(r.amount, 0))
    FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('transfer', 'merge') AND amount > 0) g
    FULL JOIN (SELECT *, seq - 1 AS after_seq FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'receive') r ON r.after_seq = g.seq
    WHERE (g.amount, g.seq, g.partner_no) IS DISTINCT FROM (r.amount, r.original_seq, r.partner_no) OR g.wallet_no = r.wallet_no
    UNION ALL
    SELECT format('counters net to %s', sum(credits - debits)) FROM balance
    WHERE ledger_id = $1 HAVING sum(credits - debits) <> 0""",
)
COUNTERS: Final = Proof(
    2,
    "counters equal the fold of entries, for every account, and balances the fold of postings",
    """SELECT format('%s accounts', count(*)) FROM balance WHERE ledger_id = $1 AND $2::bigint IS NOT NULL""",
    """SELECT format('account %s: counters %s/%s, entries %s/%s', account_no, b.debits, b.credits, f.debits, f.credits)
    FROM (SELECT account_no, debits, credits FROM balance WHERE ledger_id = $1) b FULL JOIN (
        SELECT account_no, -sum(amount) FILTER (WHERE amount < 0) AS debits,
               sum(amount) FILTER (WHERE amount > 0) AS credits
        FROM entry WHERE ledger_id = $1 AND seq <= $2 GROUP BY account_no
    ) f USING (account_no)
    WHERE coalesce(b.debits, -1) <> coalesce(f.debits, 0) OR coalesce(b.credits, -1) <> coalesce(f.credits, 0)
    UNION ALL
    SELECT format('posting %s says that it leaves %s points, the postings before it %s', seq, balance_after, reached)
    FROM (
        SELECT seq, balance_after, sum(points) OVER (PARTITION BY wallet_no ORDER BY seq) AS reached
        FROM posting WHERE ledger_id = $1 AND seq <= $2
    ) walked WHERE balance_after <> reached""",
)
FLOORS: Final = Proof(
    3,
    "every wallet, every budget and what is pending is guarded, and no guarded account, less its open holds, was ever below its floor; nor did any earn go below its issuer's",
    """SELECT format('%s guarded accounts, %s entries in order, %s credit floors', count(DISTINCT e.account_no), count(*),
        (SELECT count(*) FROM floor_change WHERE ledger_id = $1 AND seq <= $2))
    FROM entry e JOIN balance b USING (ledger_id, account_no)
    WHERE e.ledger_id = $1 AND e.seq <= $2 AND b.floor IS NOT NULL""",
    """SELECT format('account %s at seq %s: %s, floor %s', account_no, seq, reached, floor) FROM (
        SELECT m.account_no, m.seq, b.floor,
               sum(m.amount) OVER (PARTITION BY m.account_no ORDER BY m.seq, m.leg) AS reached
        FROM (
            SELECT account_no, seq, leg, amount FROM entry WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT wallet_no, seq, 0, -points FROM hold WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT h.wallet_no, e.seq, 0, e.held FROM hold_end e JOIN hold h ON h.ledger_id = e.ledger_id AND h.seq = e.hold_seq
            WHERE e.ledger_id = $1 AND e.seq <= $2
        ) m JOIN balance b ON b.ledger_id = $1 AND b.account_no = m.account_no
        WHERE b.floor IS NOT NULL
    ) walked WHERE reached < floor
    UNION ALL
    SELECT format('%s %s has %s as its floor', a.kind, account_no, coalesce(b.floor::text, 'nothing'))
    FROM account a JOIN balance b USING (ledger_id, account_no)
    WHERE a.ledger_id = $1 AND a.kind IN ('wallet', 'pending', 'budget') AND b.floor IS DISTINCT FROM 0
    UNION ALL
    -- Earns alone are bounded by a credit floor: it may be set above what is left.
    SELECT format('posting %s takes the issuance account %s to %s, its credit floor was %s', seq, account_no, reached, floor)
    FROM (
        SELECT account_no, seq, amount, sum(amount) OVER walk AS reached, max(set_seq) OVER walk AS set_seq
        FROM (
            SELECT account_no, e.seq, e.amount, NULL::bigint AS set_seq FROM entry e
            JOIN (SELECT DISTINCT partner_no AS account_no FROM floor_change WHERE ledger_id = $1) g USING (account_no)
            WHERE e.ledger_id = $1 AND e.seq <= $2
            UNION ALL
            SELECT partner_no, seq, 0, seq FROM floor_change WHERE ledger_id = $1 AND seq <= $2
        ) m WINDOW walk AS (PARTITION BY account_no ORDER BY seq)
    ) walked JOIN (SELECT seq AS set_seq, floor FROM floor_change WHERE ledger_id = $1) f USING (set_seq)
    WHERE amount < 0 AND reached < floor
    UNION ALL
    SELECT format('account %s has %s as its credit floor, the last that was set is %s', account_no,
        coalesce(b.credit_floor::text, 'nothing'), coalesce(f.floor::text, 'nothing'))
    FROM (SELECT account_no, credit_floor, parks FROM balance WHERE ledger_id = $1) b
    FULL JOIN (
        SELECT DISTINCT ON (partner_no) partner_no AS account_no, floor, parks FROM floor_change WHERE ledger_id = $1 AND seq <= $2
        ORDER BY partner_no, seq DESC
    ) f USING (account_no)
    WHERE b.credit_floor IS DISTINCT FROM f.floor OR b.parks IS DISTINCT FROM coalesce(f.parks, false)
    UNION ALL
    SELECT format('the credit floor of account %s is not what posting %s set', f.partner_no, seq)
    FROM (SELECT seq, partner_no FROM floor_change WHERE ledger_id = $1) f
    FULL JOIN (SELECT seq, partner_no FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'floor') p USING (seq)
    WHERE f.partner_no IS DISTINCT FROM p.partner_no
    UNION ALL
    SELECT format('posting %s sets a credit floor on seq %s, one before it was set on seq %s', seq, basis_seq, before) FROM (
        SELECT seq, basis_seq, max(basis_seq) OVER (PARTITION BY partner_no ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM floor_change WHERE ledger_id = $1
    ) walked WHERE basis_seq < before OR basis_seq >= seq""",
)
