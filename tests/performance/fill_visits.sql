-- What happened before the benchmarks, as ledger and clearing both tell it. Visit `seq` is an earn of member
-- (seq × stride) mod members at another partner than the member's last one, so that each member's visits lie evenly
-- spread. Then comes the busy member, whose number follows theirs: once `open_lots` lots are in its wallet, every other visit
-- burns the oldest one at the partner after its issuer. So most of its lots are used up.
CREATE VIEW bench_fill.spent AS
SELECT s.no, plan.postings + s.no AS lot_no, sale.points, plan.postings + plan.open_lots + 2 * s.no AS seq
FROM bench_fill.plan plan
CROSS JOIN LATERAL generate_series(1::bigint, plan.busy_entries - plan.busy_earns) s (no)
JOIN bench_fill.sale sale ON sale.sale_no = s.no % plan.sales
--;;
CREATE VIEW bench_fill.visit AS
SELECT s.seq, 'earn' AS kind, (s.seq * plan.stride) % plan.members AS member_no, (s.seq + s.seq / plan.members) % plan.partners AS partner_no,
       NULL::bigint AS issuer_no, sale.sale_no, sale.points, s.seq AS lot_no, sale.points AS remaining
FROM bench_fill.plan plan
CROSS JOIN LATERAL generate_series(1::bigint, plan.postings) s (seq)
JOIN bench_fill.sale sale ON sale.sale_no = s.seq % plan.sales
UNION ALL
SELECT plan.postings + s.no + greatest(0, s.no - plan.open_lots - 1), 'earn', plan.members, (s.no - 1) % plan.partners,
       NULL, sale.sale_no, sale.points, plan.postings + s.no, CASE WHEN s.no + plan.open_lots > plan.busy_earns THEN sale.points ELSE 0 END
FROM bench_fill.plan plan
CROSS JOIN LATERAL generate_series(1::bigint, plan.busy_earns) s (no)
JOIN bench_fill.sale sale ON sale.sale_no = s.no % plan.sales
UNION ALL
SELECT spent.seq, 'redeem', plan.members, spent.no % plan.partners, (spent.no - 1) % plan.partners, NULL, -spent.points, NULL, NULL
FROM bench_fill.plan plan CROSS JOIN bench_fill.spent
