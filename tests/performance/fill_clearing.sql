-- What rating would have made of the filled journal, with its cursors behind the last posting.
INSERT INTO rated_entry (ledger_id, seq, line, kind, partner_id, issuer_id, point_type, lot_no, version, points, price_micros, amount_micros, effective_at)
SELECT
    plan.ledger_id, s.seq, 1, 'issued', p.partner_id, p.partner_id, 'base', s.seq, 1, sale.points, p.issue_micros,
    sale.points * p.issue_micros, plan.starts_at + s.seq * plan.step
FROM bench_fill.plan plan
CROSS JOIN LATERAL generate_series(1::bigint, plan.postings) s (seq)
JOIN bench_fill.partner p ON p.partner_no = (s.seq + s.seq / plan.members) % plan.partners
JOIN bench_fill.sale sale ON sale.sale_no = s.seq % plan.sales
ORDER BY s.seq
--;;
UPDATE rating_head h SET
    rated_seq = plan.postings, clock_offset_us = plan.clock_offset_us,
    issued = plan.postings, issued_points = rated.points, issued_micros = rated.micros
FROM bench_fill.plan plan, (SELECT sum(e.points) AS points, sum(e.amount_micros) AS micros FROM rated_entry e) rated
WHERE h.ledger_id = plan.ledger_id
--;;
INSERT INTO inbox (subscriber, source, programme, pos)
SELECT plan.subscriber, plan.source, plan.programme, plan.postings FROM bench_fill.plan plan
ON CONFLICT (subscriber, source, programme) DO UPDATE SET pos = excluded.pos
--;;
DROP SCHEMA bench_fill CASCADE
