"""What is to hold of refunds that wait for their originals: a part of the invariant of refunds."""

from __future__ import annotations

from typing import Final

_ANSWERED: Final = """SELECT partner_no, key, content_hash FROM posting WHERE ledger_id = $1 AND seq <= $2 AND key IS NOT NULL
        UNION ALL
        SELECT partner_no, key, content_hash FROM decision WHERE ledger_id = $1"""

WAITS: Final = f"""
    SELECT format('the refund under key %s waits and is answered', key)
    FROM (SELECT partner_no, key FROM waiting_refund WHERE ledger_id = $1 AND open) w
    JOIN ({_ANSWERED}) a USING (partner_no, key)
    UNION ALL
    SELECT format('the refund under key %s waits no more and has no answer', key)
    FROM (SELECT partner_no, key, content_hash FROM waiting_refund WHERE ledger_id = $1 AND NOT open) w
    LEFT JOIN ({_ANSWERED}) a USING (partner_no, key) WHERE a.content_hash IS DISTINCT FROM w.content_hash
    UNION ALL
    SELECT format('the refund under key %s waits for posting %s, which is there', w.key, p.seq)
    FROM (SELECT partner_no, key, original_reference AS reference FROM waiting_refund WHERE ledger_id = $1 AND open) w
    JOIN (SELECT partner_no, reference, seq FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'earn') p
        USING (partner_no, reference)
    UNION ALL
    SELECT format('the refund under key %s waits since batch %s, which is not there', w.key, w.batch_no)
    FROM (SELECT key, batch_no FROM waiting_refund WHERE ledger_id = $1) w
    LEFT JOIN (SELECT batch_no, recorded_at FROM batch WHERE ledger_id = $1) b USING (batch_no) WHERE b.recorded_at IS NULL
    UNION ALL
    SELECT format('the head counts %s refunds that wait', waiting_refunds) FROM ledger_head
    WHERE ledger_id = $1 AND waiting_refunds <> (SELECT count(*) FROM waiting_refund WHERE ledger_id = $1 AND open)"""
