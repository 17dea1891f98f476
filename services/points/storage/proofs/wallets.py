"""The invariant of what staff did to wallets."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import MERGED, Proof

WALLETS: Final = Proof(
    12,
    "a wallet that was given up stays empty and at rest; an adjustment is what its posting moved, and above the limit what another person approved",
    """SELECT format('%s wallets given up, %s adjustments, %s of them approved', (SELECT count(*) FROM merged_wallet WHERE ledger_id = $1 AND seq <= $2),
        count(*), count(proposal_id)) FROM adjustment WHERE ledger_id = $1 AND seq <= $2""",
    f"""SELECT format('wallet %s was given up by posting %s, a %s of wallet %s', m.from_wallet, coalesce(m.seq, p.seq), p.kind, p.wallet_no)
    FROM (SELECT * FROM merged_wallet WHERE ledger_id = $1) m
    FULL JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'merge') p USING (seq)
    WHERE m.from_wallet IS DISTINCT FROM p.wallet_no
    UNION ALL
    SELECT format('wallet %s was given up for wallet %s, its points went to wallet %s', m.from_wallet, m.into_wallet, r.wallet_no)
    FROM (SELECT * FROM merged_wallet WHERE ledger_id = $1) m
    JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'receive') r ON r.original_seq = m.seq
    WHERE m.into_wallet <> r.wallet_no
    UNION ALL
    SELECT format('wallet %s was given up for itself in the end', given_up) FROM {MERGED} m WHERE given_up = reached
    UNION ALL
    SELECT format('posting %s is of wallet %s, which was given up by posting %s', p.seq, p.wallet_no, m.seq)
    FROM posting p JOIN (SELECT from_wallet AS wallet_no, seq FROM merged_wallet WHERE ledger_id = $1) m USING (wallet_no)
    WHERE p.ledger_id = $1 AND p.seq <= $2 AND p.seq > m.seq
    UNION ALL
    SELECT format('wallet %s was given up, and has %s points or owes some', m.from_wallet, b.credits - b.debits)
    FROM (SELECT * FROM merged_wallet WHERE ledger_id = $1) m
    JOIN (SELECT * FROM balance WHERE ledger_id = $1) b ON b.account_no = m.from_wallet
    LEFT JOIN (SELECT wallet_no, count(*) AS open FROM debt WHERE ledger_id = $1 AND open GROUP BY wallet_no) d ON d.wallet_no = m.from_wallet
    WHERE b.credits <> b.debits OR b.reserved <> b.released OR d.open > 0
    UNION ALL
    SELECT format('adjustment %s of %s points is not what posting %s moved', coalesce(a.seq, p.seq), coalesce(a.points, 0), p.seq)
    FROM (SELECT * FROM adjustment WHERE ledger_id = $1) a
    FULL JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'adjust') p USING (seq)
    WHERE (a.points, a.content_hash) IS DISTINCT FROM (p.points, p.content_hash)
    UNION ALL
    SELECT format('adjustment %s of %s points: one person might make %s alone, and nobody else approved it', a.seq, a.points, a.limit_points)
    FROM (SELECT * FROM adjustment WHERE ledger_id = $1) a
    LEFT JOIN (SELECT * FROM proposal_decision WHERE ledger_id = $1 AND approved AND decided_by <> proposed_by) d
        ON d.proposal_id = a.proposal_id AND d.content_hash = a.content_hash AND d.proposed_by = a.made_by
    WHERE d.proposal_id IS NULL AND (a.proposal_id IS NOT NULL OR abs(a.points) > a.limit_points)
    UNION ALL
    SELECT format('adjustment %s is not what was proposed: %s points, %s', a.seq, q.points, q.reason)
    FROM (SELECT * FROM adjustment WHERE ledger_id = $1) a
    JOIN (SELECT * FROM proposal WHERE ledger_id = $1) q ON q.proposal_id = a.proposal_id
    JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'adjust') p ON p.seq = a.seq
    JOIN (SELECT * FROM account WHERE ledger_id = $1) w ON w.account_no = p.wallet_no
    WHERE (a.points, a.reason, a.content_hash, p.key, w.owner_id) IS DISTINCT FROM (q.points, q.reason, q.content_hash, q.key, q.member_id)""",
)
