-- The journal of a programme that has been at work for a while, as the door would have written it: of the visits that
-- fill_visits.sql makes from bench_fill.plan, partner, member and sale, which fill.py loads first.
CREATE UNLOGGED TABLE bench_fill.made AS
SELECT
    walked.*, p.partner_id, p.store_id, p.account_no AS issuance_no, p.redemption_no, 1 + (walked.seq - 1) / plan.batch_items AS batch_no,
    ('019b' || lpad(to_hex(walked.seq), 8, '0') || '7000' || left(md5(walked.seq::text), 16))::uuid AS transaction_id,
    uuid_send(md5('content ' || walked.seq)::uuid) AS content_hash, uuid_send(md5('salt ' || walked.seq)::uuid) AS salt, 'fill-' || lpad(walked.seq::text, 9, '0') AS reference,
    plan.starts_at + walked.seq * plan.step AS recorded_at
FROM bench_fill.plan plan CROSS JOIN (
    -- Sorted while the rows are short.
    SELECT
        v.seq, v.kind, v.points, v.lot_no, v.remaining, v.sale_no, v.partner_no, m.account_no AS wallet_no, m.partition,
        sum(v.points) OVER (PARTITION BY m.account_no ORDER BY v.seq)::bigint AS balance_after,
        coalesce(lag(v.seq) OVER (PARTITION BY m.partition ORDER BY v.seq), 0) AS partition_prev
    FROM bench_fill.visit v
    JOIN (SELECT member_no, account_no, (get_byte(uuid_send(member_id), 15) & 15)::smallint AS partition FROM bench_fill.member) m USING (member_no)
    ORDER BY v.seq
) walked
JOIN bench_fill.partner p USING (partner_no)
--;;
ANALYZE bench_fill.made
--;;
INSERT INTO account (ledger_id, account_no, kind, owner_id)
SELECT plan.ledger_id, owned.account_no, owned.kind, owned.owner_id FROM bench_fill.plan plan CROSS JOIN (
    SELECT account_no, 'issuance' AS kind, partner_id AS owner_id FROM bench_fill.partner
    UNION ALL
    SELECT redemption_no, 'redemption', partner_id FROM bench_fill.partner
    UNION ALL
    SELECT account_no, 'wallet', member_id FROM bench_fill.member
) owned
ORDER BY owned.account_no
--;;
INSERT INTO balance (ledger_id, account_no, debits, credits, floor)
SELECT
    plan.ledger_id, a.account_no, coalesce(sum(-moved.amount) FILTER (WHERE moved.amount < 0), 0),
    coalesce(sum(moved.amount) FILTER (WHERE moved.amount > 0), 0), CASE a.kind WHEN 'wallet' THEN 0 END
FROM bench_fill.plan plan JOIN account a USING (ledger_id) LEFT JOIN (
    SELECT wallet_no AS account_no, points AS amount FROM bench_fill.made
    UNION ALL
    SELECT CASE kind WHEN 'earn' THEN issuance_no ELSE redemption_no END, -points FROM bench_fill.made
) moved USING (account_no)
GROUP BY plan.ledger_id, a.account_no, a.kind
ORDER BY a.account_no
--;;
--@ journal
-- Sorting an index once takes a third of the time that growing it takes. That by wallet grows, since it does so all over: its pages
-- are to be as full as they would be.
CREATE UNLOGGED TABLE bench_fill.later AS
SELECT indexname::text AS name, indexdef AS definition FROM pg_indexes
WHERE tablename = 'posting' AND indexname NOT IN ('posting_pk', 'posting_wallet_ix')
--;;
DO $$
DECLARE
    later record;
BEGIN
    FOR later IN SELECT * FROM bench_fill.later LOOP
        EXECUTE format('DROP INDEX %I', later.name);
    END LOOP;
END
$$
--;;
INSERT INTO posting (
    seq, points, balance_after, amount, occurred_at, recorded_at, expires_at, debit_no, credit_no, wallet_no, partner_no,
    ledger_id, item_no, transaction_id, kind, reference, key, content_hash, salt, words_hash
)
SELECT
    seq, made.points, balance_after, abs(made.points), recorded_at, recorded_at, CASE kind WHEN 'earn' THEN plan.expires_at END,
    CASE kind WHEN 'earn' THEN issuance_no ELSE wallet_no END, CASE kind WHEN 'earn' THEN wallet_no ELSE redemption_no END, wallet_no, issuance_no,
    plan.ledger_id, (seq - 1) % plan.batch_items, transaction_id, kind, reference, 'k:' || reference, content_hash, salt,
    sha256(salt || CASE kind
        WHEN 'earn' THEN chain_words('k:' || reference, reference, plan.till, plan.business_date, reference, sale.lines::text, sale.tenders::text)
        ELSE chain_words('k:' || reference, reference, NULL, NULL, NULL, NULL, NULL) END)
FROM bench_fill.plan plan CROSS JOIN bench_fill.made LEFT JOIN bench_fill.sale sale USING (sale_no)
--;;
DO $$
DECLARE
    later record;
BEGIN
    FOR later IN SELECT * FROM bench_fill.later LOOP
        EXECUTE later.definition;
    END LOOP;
END
$$
--;;
--@ lots
INSERT INTO lot (ledger_id, lot_no, account_no, issuer_no, point_type, opened_seq, original, earned_at, expires_at, remaining, open)
SELECT plan.ledger_id, lot_no, wallet_no, issuance_no, 'base', seq, points, recorded_at, plan.expires_at, remaining, remaining > 0
FROM bench_fill.plan plan CROSS JOIN bench_fill.made WHERE kind = 'earn'
--;;
INSERT INTO lot_use (ledger_id, seq, lot_no, points)
SELECT plan.ledger_id, spent.seq, spent.lot_no, spent.points FROM bench_fill.plan plan CROSS JOIN bench_fill.spent ORDER BY spent.seq, spent.lot_no
--;;
INSERT INTO purchase (
    ledger_id, seq, store_id, till, business_date, receipt_number, channel, entry_mode, amount_minor, points_minor, rate_points,
    rate_per_minor, rate_pending_days, lines, tenders
)
SELECT
    plan.ledger_id, seq, store_id, plan.till, plan.business_date, reference, 'store', 'scanned', sale.amount_minor, 0, plan.rate_points,
    plan.rate_per_minor, 0, sale.lines, sale.tenders
FROM bench_fill.plan plan CROSS JOIN bench_fill.made JOIN bench_fill.sale sale USING (sale_no)
--;;
--@ events
INSERT INTO event_log (ledger_id, pos, type, partition, partition_prev, partner_id, seq, recorded_at, payload)
SELECT plan.ledger_id, seq, CASE kind WHEN 'earn' THEN 'points.earned' ELSE 'points.redeemed' END, partition, partition_prev, partner_id, seq, recorded_at,
       coalesce(sale.payload, plan.burn_payload)
FROM bench_fill.plan plan CROSS JOIN bench_fill.made LEFT JOIN bench_fill.sale sale USING (sale_no)
--;;
--@ heads
-- By key, whatever the planner thinks of tables that have just been filled.
SET LOCAL enable_seqscan = off
--;;
DO $$
DECLARE
    v_batch record;
BEGIN
    FOR v_batch IN
        SELECT plan.ledger_id, batch_no, min(seq) AS first_seq, count(*)::integer AS n, max(recorded_at) AS recorded_at,
               max(max(lot_no)) OVER (ORDER BY batch_no) AS last_lot_no, (SELECT max(account_no) FROM account) AS accounts
        FROM bench_fill.plan plan CROSS JOIN bench_fill.made GROUP BY plan.ledger_id, batch_no ORDER BY batch_no
    LOOP
        PERFORM ledger_chain(
            v_batch.ledger_id, v_batch.batch_no, v_batch.first_seq, v_batch.n, v_batch.recorded_at, v_batch.last_lot_no, v_batch.accounts, NULL
        );
    END LOOP;
END
$$
--;;
UPDATE ledger_head h SET
    last_seq = plan.postings + plan.busy_entries, last_lot_no = plan.postings + plan.busy_earns,
    last_time_us = (extract(epoch FROM plan.starts_at + (plan.postings + plan.busy_entries) * plan.step) * 1000000)::bigint,
    last_batch_no = (SELECT max(batch_no) FROM bench_fill.made),
    chain_hash = (SELECT b.hash FROM batch b WHERE b.ledger_id = plan.ledger_id ORDER BY b.batch_no DESC LIMIT 1),
    last_account_no = (SELECT max(account_no) FROM account)
FROM bench_fill.plan plan WHERE h.ledger_id = plan.ledger_id
--;;
UPDATE event_head h SET
    pos = plan.postings + plan.busy_entries,
    partition_pos = (
        SELECT array_agg(coalesce(told.pos, 0) ORDER BY part.no) FROM generate_series(0, 15) part (no)
        LEFT JOIN (SELECT partition, max(seq) AS pos FROM bench_fill.made GROUP BY partition) told ON told.partition = part.no
    )
FROM bench_fill.plan plan WHERE h.ledger_id = plan.ledger_id
--;;
INSERT INTO relay_cursor (ledger_id, pos) SELECT ledger_id, postings + busy_entries FROM bench_fill.plan
--;;
DROP SCHEMA bench_fill CASCADE
