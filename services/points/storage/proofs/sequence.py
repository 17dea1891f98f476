"""Invariants of keys, of the sequence and its chain, and of the event log."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.chain import LEAVES, LINKS
from services.points.storage.proofs.proof import Proof

KEYS: Final = Proof(
    6,
    "one key, one effect, one answer",
    """SELECT format('%s keys: %s of postings, %s refused, %s further ones', sum(posted) + sum(others), sum(posted), sum(refused), sum(others) - sum(refused))
    FROM (
        SELECT count(key) AS posted, 0 AS refused, 0 AS others FROM posting WHERE ledger_id = $1 AND seq <= $2
        UNION ALL
        SELECT 0, count(refusal), count(*) FROM decision WHERE ledger_id = $1 AND coalesce(seq, 0) <= $2
    ) answered""",
    """SELECT format('key %s points at seq %s, which is not there or another''s', d.key, d.seq) FROM decision d
    LEFT JOIN posting p ON p.ledger_id = d.ledger_id AND p.seq = d.seq
    WHERE d.ledger_id = $1 AND d.seq IS NOT NULL
      AND (d.partner_no, d.content_hash) IS DISTINCT FROM (p.partner_no, p.content_hash)
    UNION ALL
    SELECT format('key %s has %s answers', key, count(*)) FROM (
        SELECT partner_no, key FROM posting WHERE ledger_id = $1 AND seq <= $2 AND key IS NOT NULL
        UNION ALL
        SELECT partner_no, key FROM decision WHERE ledger_id = $1
    ) answered GROUP BY partner_no, key HAVING count(*) > 1
    UNION ALL
    SELECT format('key %s was decided in batch %s, which is not there', d.key, d.batch_no) FROM decision d
    WHERE d.ledger_id = $1
      AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.ledger_id = d.ledger_id AND b.batch_no = d.batch_no)
    UNION ALL
    SELECT format('posting %s has no key', seq) FROM posting
    WHERE ledger_id = $1 AND seq <= $2
      AND (num_nulls(key, content_hash) <> CASE WHEN kind IN ('expire', 'lapse', 'return', 'clawback', 'owe', 'repay', 'mature', 'floor', 'receive', 'assume', 'grant', 'park', 'unpark') THEN 2 ELSE 0 END
        OR (partner_no IS NULL) <> (kind IN ('expire', 'repay', 'mature')))
    UNION ALL
    SELECT format('reference %s of kind %s is accepted %s times', reference, kind, count(*)) FROM posting
    WHERE ledger_id = $1 AND seq <= $2 AND reference IS NOT NULL
    GROUP BY partner_no, kind, reference HAVING count(*) > 1""",
)
SEQUENCE: Final = Proof(
    7,
    "seq is gapless, times rise, batches tile the sequence, the chain recomputes",
    """SELECT format('seq 1 to %s, %s batches, chain %s', $2::bigint, h.last_batch_no, coalesce(encode(h.chain_hash, 'hex'), 'empty'))
    FROM ledger_head h WHERE h.ledger_id = $1""",
    f"""SELECT format('%s postings for seq 1 to %s', count(*), $2::bigint) FROM posting
    WHERE ledger_id = $1 AND seq <= $2 HAVING count(*) <> $2
    UNION ALL
    SELECT format('posting %s lies beyond the head, which is at %s', seq, $2::bigint) FROM posting
    WHERE ledger_id = $1 AND seq > $2
    UNION ALL
    SELECT format('posting %s is not later than the one before', seq) FROM (
        SELECT seq, recorded_at <= lag(recorded_at) OVER (ORDER BY seq) AS late FROM posting
        WHERE ledger_id = $1 AND seq <= $2
    ) walked WHERE late
    UNION ALL
    SELECT format('batch %s starts at seq %s, %s was next', batch_no, first_seq, due) FROM (
        SELECT batch_no, first_seq,
               coalesce(lag(first_seq + n) OVER (ORDER BY batch_no), 1) AS due
        FROM batch WHERE ledger_id = $1
    ) walked WHERE first_seq <> due
    UNION ALL
    SELECT format('batches reach seq %s, the head is at %s', coalesce(sum(n), 0), $2::bigint) FROM batch
    WHERE ledger_id = $1 HAVING coalesce(sum(n), 0) <> $2
    UNION ALL
    (SELECT format('batch %s comes after batch %s', batch_no, before) FROM (
        SELECT batch_no, coalesce(lag(batch_no) OVER (ORDER BY batch_no), 0) AS before FROM batch WHERE ledger_id = $1
    ) walked WHERE batch_no <> before + 1 ORDER BY batch_no LIMIT 1)
    UNION ALL
    ({LINKS})""",
    LEAVES,
)
EVENTS: Final = Proof(
    8,
    "every posting has its event, and event positions are gapless",
    """SELECT format('%s events to position %s', count(*), coalesce(max(pos), 0)) FROM event_log
    WHERE ledger_id = $1 AND coalesce(seq, 0) <= $2""",
    """SELECT format('posting %s has %s events', p.seq, count(e.pos)) FROM posting p
    LEFT JOIN event_log e ON e.ledger_id = p.ledger_id AND e.seq = p.seq AND e.type = CASE p.kind
        WHEN 'earn' THEN 'points.earned' WHEN 'redeem' THEN 'points.redeemed' WHEN 'capture' THEN 'points.redeemed'
        WHEN 'hold' THEN 'points.held' WHEN 'void' THEN 'points.released' WHEN 'lapse' THEN 'points.released'
        WHEN 'refund' THEN 'points.refunded' WHEN 'return' THEN 'points.returned' WHEN 'clawback' THEN 'points.clawed_back'
        WHEN 'mature' THEN 'points.matured' WHEN 'owe' THEN 'points.owed' WHEN 'repay' THEN 'points.repaid'
        WHEN 'transfer' THEN 'points.transferred' WHEN 'receive' THEN 'points.received' WHEN 'merge' THEN 'points.merged'
        WHEN 'assume' THEN 'points.assumed' WHEN 'adjust' THEN 'points.adjusted' WHEN 'import' THEN 'points.imported'
        WHEN 'grant' THEN 'points.granted' WHEN 'load' THEN 'points.budget_loaded'
        WHEN 'park' THEN 'points.parked' WHEN 'unpark' THEN 'points.unparked'
        WHEN 'floor' THEN 'points.floor_set' ELSE 'points.expired' END
    WHERE p.ledger_id = $1 AND p.seq <= $2 GROUP BY p.seq HAVING count(e.pos) <> 1
    UNION ALL
    SELECT format('event %s lies in partition %s, the member or partner of posting %s in %s', e.pos, e.partition, p.seq, get_byte(uuid_send(w.owner_id), 15) & 15)
    FROM event_log e JOIN posting p ON p.ledger_id = e.ledger_id AND p.seq = e.seq
    JOIN account w ON w.ledger_id = p.ledger_id AND w.account_no = coalesce(p.wallet_no, p.partner_no)
    WHERE e.ledger_id = $1 AND p.seq <= $2 AND e.partition <> get_byte(uuid_send(w.owner_id), 15) & 15
    UNION ALL
    SELECT format('event %s tells of posting %s, which is not there', e.pos, e.seq) FROM event_log e
    WHERE e.ledger_id = $1 AND e.seq IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.ledger_id = e.ledger_id AND p.seq = e.seq)
    UNION ALL
    SELECT format('%s events from position %s to %s, the head is at %s', count(e.pos), min(e.pos), max(e.pos), h.pos)
    FROM event_head h LEFT JOIN event_log e USING (ledger_id)
    WHERE h.ledger_id = $1 GROUP BY h.pos
    HAVING (count(e.pos), coalesce(min(e.pos), 1), coalesce(max(e.pos), 0)) <> (h.pos, 1, h.pos)
    UNION ALL
    SELECT format('event %s names %s as the one before in its partition, %s is', pos, partition_prev, due) FROM (
        SELECT pos, partition_prev, coalesce(lag(pos) OVER (PARTITION BY partition ORDER BY pos), 0) AS due
        FROM event_log WHERE ledger_id = $1
    ) walked WHERE partition_prev <> due
    UNION ALL
    SELECT format('the head has partition %s at position %s, its last event is at %s', k.no - 1, k.pos, coalesce(l.pos, 0))
    FROM event_head h CROSS JOIN LATERAL unnest(h.partition_pos) WITH ORDINALITY k (pos, no)
    LEFT JOIN (SELECT partition, max(pos) AS pos FROM event_log WHERE ledger_id = $1 GROUP BY partition) l
        ON l.partition = k.no - 1
    WHERE h.ledger_id = $1 AND k.pos <> coalesce(l.pos, 0)
    UNION ALL
    SELECT format('position %s is relayed, the head is at %s', c.pos, h.pos)
    FROM relay_cursor c JOIN event_head h USING (ledger_id) WHERE h.ledger_id = $1 AND c.pos > h.pos""",
)
