"""The invariant of holds."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import Proof

HOLDS: Final = Proof(
    4,
    "a hold is resolved once, in its time and for no more than it held; until then its points are reserved",
    """SELECT format('%s holds, %s open with %s points, %s points captured', count(*), count(*) FILTER (WHERE h.open),
        coalesce(sum(h.points) FILTER (WHERE h.open), 0), coalesce(sum(e.captured), 0))
    FROM hold h LEFT JOIN hold_end e ON e.ledger_id = h.ledger_id AND e.hold_seq = h.seq
    WHERE h.ledger_id = $1 AND h.seq <= $2""",
    """SELECT format('hold %s is %s, and %s resolve it', h.seq, CASE WHEN h.open THEN 'open' ELSE 'resolved' END, count(e.seq))
    FROM hold h LEFT JOIN hold_end e ON e.ledger_id = h.ledger_id AND e.hold_seq = h.seq
    WHERE h.ledger_id = $1 GROUP BY h.seq, h.open HAVING count(e.seq) <> CASE WHEN h.open THEN 0 ELSE 1 END
    UNION ALL
    SELECT format('posting %s resolves hold %s of %s points as one of %s and captures %s', e.seq, e.hold_seq, h.points, e.held, e.captured)
    FROM hold_end e LEFT JOIN hold h ON h.ledger_id = e.ledger_id AND h.seq = e.hold_seq
    WHERE e.ledger_id = $1 AND (h.points IS DISTINCT FROM e.held OR e.captured NOT BETWEEN 0 AND e.held)
    UNION ALL
    SELECT format('hold %s of %s points is not what posting %s opened', coalesce(h.seq, p.seq), coalesce(h.points, 0), p.seq)
    FROM (SELECT * FROM hold WHERE ledger_id = $1) h
    FULL JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'hold') p USING (seq)
    WHERE (h.wallet_no, h.partner_no, h.expires_at) IS DISTINCT FROM (p.wallet_no, p.partner_no, p.expires_at)
    UNION ALL
    -- A batch is decided at one time, and what it posts follows in steps of a microsecond: hence the second, which is
    -- a million of them.
    SELECT format('posting %s, a %s of %s points, does not resolve hold %s', coalesce(p.seq, e.seq), p.kind, p.amount, e.hold_seq)
    FROM (
        SELECT e.seq, e.hold_seq, e.captured, h.wallet_no, h.partner_no, h.expires_at
        FROM hold_end e LEFT JOIN hold h ON h.ledger_id = e.ledger_id AND h.seq = e.hold_seq WHERE e.ledger_id = $1
    ) e
    FULL JOIN (
        SELECT seq, kind, amount, wallet_no, partner_no, recorded_at FROM posting
        WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('capture', 'void', 'lapse')
    ) p USING (seq)
    WHERE (e.wallet_no, e.partner_no, e.captured) IS DISTINCT FROM (p.wallet_no, p.partner_no, p.amount)
        OR (p.kind = 'capture') IS DISTINCT FROM (e.captured > 0)
        OR CASE p.kind WHEN 'lapse' THEN p.recorded_at < e.expires_at ELSE p.recorded_at > e.expires_at + interval '1 second' END
    UNION ALL
    SELECT format('hold %s of %s points reserved %s of lots', seq, coalesce(h.points, 0), coalesce(r.points, 0))
    FROM (SELECT seq, points FROM hold WHERE ledger_id = $1) h
    FULL JOIN (SELECT hold_seq AS seq, sum(points) AS points FROM hold_lot WHERE ledger_id = $1 GROUP BY hold_seq) r USING (seq)
    WHERE h.points IS DISTINCT FROM r.points
    UNION ALL
    SELECT format('lot %s has %s reserved, open holds %s', lot_no, coalesce(l.reserved, 0), coalesce(r.points, 0))
    FROM (SELECT lot_no, reserved FROM lot WHERE ledger_id = $1) l
    FULL JOIN (
        SELECT r.lot_no, sum(r.points) AS points FROM hold_lot r JOIN hold h ON h.ledger_id = r.ledger_id AND h.seq = r.hold_seq
        WHERE r.ledger_id = $1 AND h.open GROUP BY r.lot_no
    ) r USING (lot_no)
    WHERE coalesce(l.reserved, 0) <> coalesce(r.points, 0)
    UNION ALL
    SELECT format('posting %s took %s points of lot %s, its hold had reserved %s', u.seq, u.points, u.lot_no, coalesce(r.points, 0))
    FROM lot_use u JOIN hold_end e ON e.ledger_id = u.ledger_id AND e.seq = u.seq
    LEFT JOIN hold_lot r ON r.ledger_id = e.ledger_id AND r.hold_seq = e.hold_seq AND r.lot_no = u.lot_no
    WHERE u.ledger_id = $1 AND u.seq <= $2 AND u.points > coalesce(r.points, 0)
    UNION ALL
    SELECT format('account %s: reserved %s, released %s, its holds %s and %s', account_no, b.reserved, b.released, h.reserved, h.released)
    FROM (SELECT account_no, reserved, released FROM balance WHERE ledger_id = $1) b FULL JOIN (
        SELECT wallet_no AS account_no, sum(points) AS reserved, coalesce(sum(points) FILTER (WHERE NOT open), 0) AS released
        FROM hold WHERE ledger_id = $1 GROUP BY wallet_no
    ) h USING (account_no)
    WHERE coalesce(b.reserved, 0) <> coalesce(h.reserved, 0) OR coalesce(b.released, 0) <> coalesce(h.released, 0)""",
)
