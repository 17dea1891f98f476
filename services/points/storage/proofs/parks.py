"""The invariant of earns that are parked."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import MERGED, Proof

_ENDED: Final = """(
    SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND original_seq IS NOT NULL AND kind IN ('earn', 'unpark')
)"""

PARKS: Final = Proof(
    14,
    "what was parked went beyond the floor of then, and is parked still, was posted once as it was told, or was taken away once",
    f"""SELECT format('%s earns parked: %s posted since, %s taken away, %s parked still', count(*), count(*) FILTER (WHERE e.kind = 'earn'),
        count(*) FILTER (WHERE e.kind = 'unpark'), count(*) FILTER (WHERE k.open))
    FROM (SELECT seq, open FROM parked_earn WHERE ledger_id = $1) k LEFT JOIN {_ENDED} e ON e.original_seq = k.seq""",
    f"""SELECT format('posting %s parks no sale, or another partner''s', coalesce(p.seq, k.seq))
    FROM (SELECT seq, partner_no FROM parked_earn WHERE ledger_id = $1) k
    FULL JOIN (SELECT seq, partner_no FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'park') p USING (seq)
    WHERE k.partner_no IS DISTINCT FROM p.partner_no
    UNION ALL
    SELECT format('the earn that posting %s parked is parked %s, was posted %s times and taken away %s times', k.seq,
        CASE WHEN open THEN 'still' ELSE 'no more' END, coalesce(posted, 0), coalesce(taken, 0))
    FROM (SELECT seq, open FROM parked_earn WHERE ledger_id = $1) k
    LEFT JOIN (
        SELECT original_seq AS seq, count(*) FILTER (WHERE kind = 'earn') AS posted, count(*) FILTER (WHERE kind = 'unpark') AS taken
        FROM {_ENDED} e GROUP BY original_seq
    ) e USING (seq)
    WHERE coalesce(posted, 0) + coalesce(taken, 0) <> CASE WHEN open THEN 0 ELSE 1 END
    UNION ALL
    SELECT format('posting %s, of kind %s, is not of the sale that posting %s parked', e.seq, e.kind, e.original_seq)
    FROM {_ENDED} e
    LEFT JOIN (SELECT seq AS original_seq, key, content_hash, amount_minor, points_minor FROM parked_earn WHERE ledger_id = $1) k
        USING (original_seq)
    LEFT JOIN (SELECT seq AS original_seq, wallet_no, partner_no, occurred_at FROM posting WHERE ledger_id = $1 AND kind = 'park') o
        USING (original_seq)
    LEFT JOIN (SELECT seq, amount_minor, points_minor FROM purchase WHERE ledger_id = $1) s ON s.seq = e.seq
    LEFT JOIN {MERGED} m ON m.given_up = o.wallet_no AND m.reached = e.wallet_no
    WHERE (o.partner_no, o.occurred_at) IS DISTINCT FROM (e.partner_no, e.occurred_at)
        OR o.wallet_no IS DISTINCT FROM e.wallet_no AND m.reached IS NULL
        OR e.kind = 'earn' AND (k.key, k.content_hash, k.amount_minor, k.points_minor)
            IS DISTINCT FROM (e.key, e.content_hash, s.amount_minor, s.points_minor)
    UNION ALL
    SELECT format('the earn under key %s is parked and is answered', key)
    FROM (SELECT partner_no, key FROM parked_earn WHERE ledger_id = $1 AND open) k
    JOIN (
        SELECT partner_no, key FROM posting WHERE ledger_id = $1 AND seq <= $2 AND key IS NOT NULL
        UNION ALL
        SELECT partner_no, key FROM decision WHERE ledger_id = $1
    ) a USING (partner_no, key)
    UNION ALL
    SELECT format('the earn under key %s was taken away and is not refused', k.key)
    FROM (SELECT seq, partner_no, key, content_hash FROM parked_earn WHERE ledger_id = $1) k
    JOIN (SELECT e.original_seq AS seq FROM {_ENDED} e WHERE e.kind = 'unpark') e USING (seq)
    LEFT JOIN (SELECT partner_no, key, content_hash, refusal FROM decision WHERE ledger_id = $1) d USING (partner_no, key, content_hash)
    WHERE d.refusal IS NULL
    UNION ALL
    SELECT format('posting %s parks %s points, its partner might have issued %s', seq, parked, coalesce((reached - floor)::text, 'any'))
    FROM (
        SELECT seq, parked, coalesce(sum(amount) OVER walk, 0) AS reached, max(set_seq) OVER walk AS set_seq
        FROM (
            SELECT e.account_no, e.seq, e.amount, NULL::bigint AS set_seq, NULL::bigint AS parked FROM entry e
            JOIN (SELECT DISTINCT partner_no AS account_no FROM parked_earn WHERE ledger_id = $1) g USING (account_no)
            WHERE e.ledger_id = $1 AND e.seq <= $2
            UNION ALL
            SELECT partner_no, seq, 0, seq, NULL FROM floor_change WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT partner_no, seq, 0, NULL, points FROM parked_earn WHERE ledger_id = $1
        ) m WINDOW walk AS (PARTITION BY account_no ORDER BY seq)
    ) walked LEFT JOIN (SELECT seq AS set_seq, floor, parks FROM floor_change WHERE ledger_id = $1) f USING (set_seq)
    WHERE parked IS NOT NULL AND (parks IS DISTINCT FROM true OR floor IS NULL OR reached - floor >= parked)
    UNION ALL
    SELECT format('the head counts %s earns that are parked', parked_earns) FROM ledger_head
    WHERE ledger_id = $1 AND parked_earns <> (SELECT count(*) FROM parked_earn WHERE ledger_id = $1 AND open)""",
)
