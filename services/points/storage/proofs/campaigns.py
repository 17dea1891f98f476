"""The invariant of campaigns: what their budgets were loaded with, what they gave, and what was taken back of it."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import BONUS, GRANTS, TAKEN, Proof

# Budgets with what should be in them.
_BUDGETS: Final = f"""
    SELECT format('campaign %s: its budget has %s points; loaded %s, granted %s, taken back %s', campaign_id, b.left,
        coalesce(l.points, 0), coalesce(g.points, 0), coalesce(g.taken, 0))
    FROM (
        SELECT a.owner_id AS campaign_id, b.credits - b.debits AS left
        FROM (SELECT * FROM account WHERE ledger_id = $1 AND kind = 'budget') a
        JOIN (SELECT * FROM balance WHERE ledger_id = $1) b USING (account_no)
    ) b
    FULL JOIN (SELECT campaign_id, sum(points) AS points FROM budget_load WHERE ledger_id = $1 AND seq <= $2 GROUP BY campaign_id) l USING (campaign_id)
    FULL JOIN (
        SELECT g.campaign_id, sum(g.points) AS points, sum(t.points) AS taken
        FROM {GRANTS} g LEFT JOIN {TAKEN} t ON t.original_seq = g.seq GROUP BY g.campaign_id
    ) g USING (campaign_id)
    WHERE coalesce(b.left, 0) <> coalesce(l.points, 0) - coalesce(g.points, 0) + coalesce(g.taken, 0)
    UNION ALL
    SELECT format('load %s of %s points is not what posting %s moved', coalesce(l.seq, p.seq), coalesce(l.points, 0), p.seq)
    FROM (SELECT * FROM budget_load WHERE ledger_id = $1) l
    FULL JOIN (
        SELECT p.seq, p.amount, a.owner_id FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'load') p
        LEFT JOIN (SELECT * FROM account WHERE ledger_id = $1) a ON a.account_no = p.credit_no
    ) p USING (seq)
    WHERE (l.points, l.campaign_id) IS DISTINCT FROM (p.amount, p.owner_id)"""
# Grants beside their postings, and those beside their earns: of the same sale, right after it, in the order of creation.
_OF_SALES: Final = """
    SELECT format('grant %s on top of posting %s is not what posting %s gave', coalesce(g.seq, p.seq), coalesce(g.earn_seq, p.original_seq), p.seq)
    FROM (SELECT * FROM campaign_grant WHERE ledger_id = $1) g
    FULL JOIN (
        SELECT p.seq, p.original_seq, a.owner_id FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'grant') p
        LEFT JOIN (SELECT * FROM account WHERE ledger_id = $1) a ON a.account_no = p.debit_no
    ) p USING (seq)
    WHERE (g.earn_seq, g.campaign_id) IS DISTINCT FROM (p.original_seq, p.owner_id)
    UNION ALL
    SELECT format('grant %s of wallet %s and partner %s is on top of posting %s, a%s', p.seq, p.wallet_no, p.partner_no, p.original_seq,
        coalesce(format(' %s of wallet %s and partner %s', e.kind, e.wallet_no, e.partner_no), 'nything'))
    FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'grant') p
    LEFT JOIN (SELECT * FROM posting WHERE ledger_id = $1) e ON e.seq = p.original_seq
    WHERE (e.kind, e.wallet_no, e.partner_no, e.occurred_at) IS DISTINCT FROM ('earn', p.wallet_no, p.partner_no, p.occurred_at)
    UNION ALL
    SELECT format('grant %s is number %s after posting %s, campaign %s of the order', seq, seq - earn_seq, earn_seq, no) FROM (
        SELECT g.seq, g.earn_seq, v.no, row_number() OVER sale AS place, lag(v.no) OVER sale AS before
        FROM (SELECT * FROM campaign_grant WHERE ledger_id = $1 AND seq <= $2) g
        JOIN (SELECT * FROM campaign_version WHERE ledger_id = $1) v USING (campaign_id, version)
        WINDOW sale AS (PARTITION BY g.earn_seq ORDER BY g.seq)
    ) walked WHERE seq - earn_seq <> place OR no < before
    UNION ALL
    SELECT format('campaign %s gave %s times for posting %s', campaign_id, count(*), earn_seq) FROM campaign_grant
    WHERE ledger_id = $1 AND seq <= $2 GROUP BY campaign_id, earn_seq HAVING count(*) > 1"""
# Of the versions that were known then, of those that start before the sale the last, of one start the newest.
_BY_VERSION: Final = f"""
    SELECT format('grant %s is by version %s of campaign %s, version %s decides', seq, g.version, campaign_id, coalesce(d.version::text, 'none'))
    FROM {GRANTS} g
    LEFT JOIN (
        SELECT DISTINCT ON (c.seq) c.seq, CASE WHEN c.occurred_at < v.valid_to AND (v.partners = '{{}}' OR c.partner = ANY (v.partners)) THEN v.version END AS version
        FROM (
            SELECT g.seq, g.campaign_id, p.original_seq, p.occurred_at, a.owner_id AS partner
            FROM (SELECT * FROM campaign_grant WHERE ledger_id = $1) g
            JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2) p USING (seq)
            LEFT JOIN (SELECT * FROM account WHERE ledger_id = $1) a ON a.account_no = p.partner_no
        ) c
        JOIN (SELECT * FROM campaign_version WHERE ledger_id = $1) v
            ON v.campaign_id = c.campaign_id AND v.valid_from <= c.occurred_at AND v.known_from_seq <= c.original_seq
        ORDER BY c.seq, v.valid_from DESC, v.version DESC
    ) d USING (seq)
    WHERE g.version IS DISTINCT FROM d.version
    UNION ALL
    SELECT format('grant %s gave %s points on top of %s, its campaign gives %s', seq, points, earned, due) FROM (
        SELECT g.seq, g.points, e.amount AS earned,
               {BONUS.format(base="e.amount", paid="(s.amount_minor - s.points_minor)")} AS due
        FROM {GRANTS} g JOIN (SELECT seq AS earn_seq, amount FROM posting WHERE ledger_id = $1) e USING (earn_seq)
        LEFT JOIN (SELECT seq AS earn_seq, amount_minor, points_minor FROM purchase WHERE ledger_id = $1) s USING (earn_seq)
    ) g WHERE points IS DISTINCT FROM due
    UNION ALL
    SELECT format('version %s of campaign %s: its funders have %s per cent', version, campaign_id, (SELECT sum(share) FROM unnest(percents) share))
    FROM campaign_version WHERE ledger_id = $1 AND (
        (SELECT sum(share) <> 100 OR min(share) < 1 FROM unnest(percents) share)
        OR cardinality(percents) <> (SELECT count(DISTINCT funder) FROM unnest(funders) funder)
    )"""
CAMPAIGNS: Final = Proof(
    13,
    "each budget is what was loaded less what was granted, and what was taken back of that; each grant is what its campaign gives for its sale, once",
    """SELECT format('%s campaigns: %s points loaded, %s grants of %s points', (SELECT count(DISTINCT campaign_id) FROM campaign_version WHERE ledger_id = $1),
        (SELECT coalesce(sum(points), 0) FROM budget_load WHERE ledger_id = $1 AND seq <= $2), count(*), coalesce(sum(amount), 0))
    FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'grant'""",
    f"""{_BUDGETS}
    UNION ALL{_OF_SALES}
    UNION ALL{_BY_VERSION}""",
)
