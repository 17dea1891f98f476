-- What rating would have made of the visits, with its cursors behind the last posting.
INSERT INTO rated_entry (ledger_id, seq, line, kind, partner_id, issuer_id, point_type, lot_no, version, points, price_micros, amount_micros, effective_at, entity)
SELECT
    plan.ledger_id, v.seq, 1, CASE v.kind WHEN 'earn' THEN 'issued' ELSE 'burned' END, p.partner_id, coalesce(i.partner_id, p.partner_id), 'base',
    v.lot_no, 1, abs(v.points), rate.micros, v.points * rate.micros, plan.starts_at + v.seq * plan.step, 1
FROM bench_fill.plan plan
CROSS JOIN bench_fill.visit v
JOIN bench_fill.partner p ON p.partner_no = v.partner_no
LEFT JOIN bench_fill.partner i ON i.partner_no = v.issuer_no
CROSS JOIN LATERAL (SELECT CASE v.kind WHEN 'earn' THEN p.issue_micros ELSE plan.reimbursement_micros END AS micros) rate
ORDER BY v.seq
--;;
UPDATE rating_head h SET
    rated_seq = plan.postings + plan.busy_entries, clock_offset_us = plan.clock_offset_us,
    issued = rated.issued, issued_points = rated.issued_points, issued_micros = rated.issued_micros,
    burned = rated.burned, burned_points = rated.burned_points, burned_micros = rated.burned_micros
FROM bench_fill.plan plan, (
    SELECT
        count(*) FILTER (WHERE e.kind = 'issued') AS issued,
        coalesce(sum(e.points) FILTER (WHERE e.kind = 'issued'), 0) AS issued_points,
        coalesce(sum(e.amount_micros) FILTER (WHERE e.kind = 'issued'), 0) AS issued_micros,
        count(*) FILTER (WHERE e.kind = 'burned') AS burned,
        coalesce(sum(e.points) FILTER (WHERE e.kind = 'burned'), 0) AS burned_points,
        coalesce(-sum(e.amount_micros) FILTER (WHERE e.kind = 'burned'), 0) AS burned_micros
    FROM rated_entry e
) rated
WHERE h.ledger_id = plan.ledger_id
--;;
INSERT INTO inbox (subscriber, source, programme, pos)
SELECT plan.subscriber, plan.source, plan.programme, plan.postings + plan.busy_entries FROM bench_fill.plan plan
ON CONFLICT (subscriber, source, programme) DO UPDATE SET pos = excluded.pos
--;;
DROP SCHEMA bench_fill CASCADE
