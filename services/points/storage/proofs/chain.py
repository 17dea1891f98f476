"""What the chain says: that nothing of the journal has changed since it was posted. docs/chain.md has its bytes."""

from __future__ import annotations

from typing import Final

# Each batch against the one before it as it is stored: so the first that is named is the one that changed. An account belongs
# to the first batch that reaches its number; seen from the highest number down, that is the lowest batch so far.
LINKS: Final = """
    WITH made AS (
        SELECT batch_no, string_agg(bytes, '' ORDER BY number) AS bytes FROM (
            SELECT number, bytes, min(batch_no) OVER (ORDER BY number DESC, batch_no NULLS LAST) AS batch_no FROM (
                SELECT account_no AS number, NULL::bigint AS batch_no, chain_account(a) AS bytes FROM account a WHERE ledger_id = $1
                UNION ALL
                SELECT last_account_no, min(batch_no), NULL FROM batch WHERE ledger_id = $1 GROUP BY last_account_no
            ) numbered
        ) reached WHERE bytes IS NOT NULL GROUP BY batch_no
    ), decided AS (
        SELECT batch_no, string_agg(bytes, '' ORDER BY place, partner_no, key COLLATE "C") AS bytes FROM (
            SELECT 0 AS place, batch_no, partner_no, key, chain_decision(d) AS bytes FROM decision d WHERE ledger_id = $1
            UNION ALL
            SELECT 1, batch_no, partner_no, key, chain_wait(w) FROM waiting_refund w WHERE ledger_id = $1
        ) beside GROUP BY batch_no
    ), linked AS (
        SELECT b.batch_no, b.hash, chain_batch(
            CASE b.batch_no WHEN 1 THEN chain_start($1) ELSE p.hash END, b.batch_no, b.first_seq, b.n, b.recorded_at, b.last_lot_no,
            b.last_account_no, b.leaves, m.bytes, d.bytes
        ) AS found
        FROM (SELECT * FROM batch WHERE ledger_id = $1) b
        LEFT JOIN (SELECT batch_no + 1 AS batch_no, hash FROM batch WHERE ledger_id = $1) p USING (batch_no)
        LEFT JOIN made m USING (batch_no) LEFT JOIN decided d USING (batch_no)
    )
    (SELECT format('batch %s is not the one that was chained: itself, its accounts, its refusals or what waits since', batch_no)
    FROM linked WHERE hash IS DISTINCT FROM found ORDER BY batch_no LIMIT 3)
    UNION ALL
    SELECT format('the head is at batch %s and chain %s, the last batch is %s with %s', h.last_batch_no,
        coalesce(encode(h.chain_hash, 'hex'), 'none'), coalesce(b.batch_no, 0), coalesce(encode(b.hash, 'hex'), 'none'))
    FROM ledger_head h LEFT JOIN (
        SELECT * FROM batch WHERE ledger_id = $1 ORDER BY batch_no DESC LIMIT 1
    ) b USING (ledger_id)
    WHERE h.ledger_id = $1 AND (h.last_batch_no, h.chain_hash, h.last_lot_no)
        IS DISTINCT FROM (coalesce(b.batch_no, 0), b.hash, coalesce(b.last_lot_no, 0))
    UNION ALL
    SELECT format('the head counts %s references that were erased', erased) FROM ledger_head
    WHERE ledger_id = $1 AND erased <> (SELECT count(*) FROM erased_reference WHERE ledger_id = $1)
    UNION ALL
    SELECT format('the refund under key %s waited in other words than these', key) FROM waiting_refund
    WHERE ledger_id = $1
        AND words_hash IS DISTINCT FROM sha256(salt || chain_words(
            reference, original_reference, till, business_date, receipt_number, lines::text, NULL
        ))
        AND NOT (NOT open AND salt IS NULL AND (reference, original_reference, till, business_date, receipt_number, lines::text) = ('', '', '', '', '', '[]'))
    UNION ALL
    SELECT format('the sale that posting %s parked was told in other words than these', seq) FROM parked_earn
    WHERE ledger_id = $1
        AND words_hash IS DISTINCT FROM sha256(salt || chain_words(
            key, reference, till, business_date, receipt_number, lines::text, tenders::text
        ))
        AND NOT (NOT open AND salt IS NULL AND (reference, till, business_date, receipt_number, lines::text, tenders::text) = ('', '', '', '', '[]', '[]'))"""

# Of the batches $2 to $3, which posted seq $4 to $5 and opened the lots $6 to $7.
LEAVES: Final = """
    SELECT CASE WHEN s.batch_no IS NULL THEN format('posting %s, or what hangs on it, is of no batch', seq)
        ELSE format('posting %s is not the one that batch %s chained', seq, s.batch_no) END
    FROM (
        SELECT batch_no, first_seq + no - 1 AS seq, substring(leaves, (32 * no - 31)::integer, 32) AS leaf
        FROM (
            -- Put together with nothing, leaves are fetched once for each batch, and not once for each posting.
            SELECT batch_no, first_seq, n, leaves || ''::bytea AS leaves FROM batch
            WHERE ledger_id = $1 AND batch_no BETWEEN $2 AND $3 OFFSET 0
        ) b CROSS JOIN LATERAL generate_series(1::bigint, n) no
    ) s FULL JOIN ledger_leaves($1, $4, $5, $6, $7) l USING (seq)
    WHERE s.leaf IS DISTINCT FROM l.leaf
    UNION ALL
    SELECT format('posting %s was asked for in other words than these', seq)
    FROM (
        SELECT p.seq, p.key, p.words_hash, sha256(p.salt || chain_words(
                p.key, p.reference, coalesce(s.till, f.till), coalesce(s.business_date, f.business_date),
                coalesce(s.receipt_number, f.receipt_number), coalesce(s.lines, f.lines)::text, s.tenders::text, n.note
            )) AS found,
            p.salt IS NULL AND p.reference IS NULL AND n.note IS NULL
            AND coalesce((s.till, s.business_date, s.receipt_number, s.lines::text, s.tenders::text) = ('', '', '', '[]', '[]'), true)
            AND coalesce((f.till, f.business_date, f.receipt_number, f.lines::text) = ('', '', '', '[]'), true) AS erased
        FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq BETWEEN $4 AND $5) p
        LEFT JOIN (SELECT * FROM purchase WHERE ledger_id = $1 AND seq BETWEEN $4 AND $5) s USING (seq)
        LEFT JOIN (SELECT * FROM refund WHERE ledger_id = $1 AND seq BETWEEN $4 AND $5 ORDER BY seq) f USING (seq)
        LEFT JOIN (
            SELECT a.seq, w.note FROM (SELECT * FROM adjustment WHERE ledger_id = $1 AND seq BETWEEN $4 AND $5) a
            JOIN (SELECT * FROM adjustment_note WHERE ledger_id = $1) w USING (note_id)
        ) n USING (seq)
    ) worded
    WHERE NOT erased AND words_hash IS DISTINCT FROM found OR key IS NULL AND NOT erased"""
