-- The journal of a programme that has been at work for a while, as the door would have written it. What
-- decides the rows is in bench_fill.plan, partner, member and sale, which fill.py loads first. Posting `seq`
-- is an earn of member (seq × stride) mod members: each member's visits lie evenly spread. Every visit is to
-- another partner.
CREATE UNLOGGED TABLE bench_fill.made AS
SELECT
    laid.*,
    sum(laid.points) OVER (PARTITION BY laid.wallet_no ORDER BY laid.seq)::bigint AS balance_after,
    coalesce(lag(laid.seq) OVER (PARTITION BY laid.partition ORDER BY laid.seq), 0) AS partition_prev
FROM (
    SELECT
        s.seq, p.partner_id, p.store_id, p.account_no AS issuance_no, m.member_id, m.account_no AS wallet_no,
        sale.sale_no, sale.amount_minor, sale.points, 1 + (s.seq - 1) / plan.batch_items AS batch_no,
        (get_byte(uuid_send(m.member_id), 15) & 15)::smallint AS partition,
        ('019b' || lpad(to_hex(s.seq), 8, '0') || '7000' || left(md5(s.seq::text), 16))::uuid AS transaction_id, uuid_send(md5('content ' || s.seq)::uuid) AS content_hash,
        uuid_send(md5('salt ' || s.seq)::uuid) AS salt,
        'fill-' || lpad(s.seq::text, 9, '0') AS reference,
        plan.starts_at + s.seq * plan.step AS recorded_at
    FROM bench_fill.plan plan
    CROSS JOIN LATERAL generate_series(1::bigint, plan.postings) s (seq)
    JOIN bench_fill.partner p ON p.partner_no = (s.seq + s.seq / plan.members) % plan.partners
    JOIN bench_fill.member m ON m.member_no = (s.seq * plan.stride) % plan.members
    JOIN bench_fill.sale sale ON sale.sale_no = s.seq % plan.sales
) laid
ORDER BY laid.seq
--;;
ANALYZE bench_fill.made
--;;
INSERT INTO account (ledger_id, account_no, kind, owner_id)
SELECT plan.ledger_id, owned.account_no, owned.kind, owned.owner_id FROM bench_fill.plan plan CROSS JOIN (
    SELECT account_no, 'issuance' AS kind, partner_id AS owner_id FROM bench_fill.partner
    UNION ALL
    SELECT account_no, 'wallet', member_id FROM bench_fill.member
) owned
ORDER BY owned.account_no
--;;
INSERT INTO balance (ledger_id, account_no, debits, credits, floor)
SELECT plan.ledger_id, moved.account_no, moved.debits, moved.credits, moved.floor FROM bench_fill.plan plan CROSS JOIN (
    SELECT p.account_no, coalesce(sum(made.points), 0) AS debits, 0 AS credits, NULL::bigint AS floor
    FROM bench_fill.partner p LEFT JOIN bench_fill.made ON made.issuance_no = p.account_no GROUP BY p.account_no
    UNION ALL
    SELECT m.account_no, 0, coalesce(sum(made.points), 0), 0
    FROM bench_fill.member m LEFT JOIN bench_fill.made ON made.wallet_no = m.account_no GROUP BY m.account_no
) moved
ORDER BY moved.account_no
--;;
--@ journal
INSERT INTO posting (
    seq, points, balance_after, amount, occurred_at, recorded_at, expires_at, debit_no, credit_no, wallet_no, partner_no,
    ledger_id, item_no, transaction_id, kind, reference, key, content_hash, salt, words_hash
)
SELECT
    seq, made.points, balance_after, made.points, recorded_at, recorded_at, plan.expires_at, issuance_no, wallet_no, wallet_no, issuance_no,
    plan.ledger_id, (seq - 1) % plan.batch_items, transaction_id, 'earn', reference, 'k:' || reference, content_hash, salt,
    sha256(salt || chain_words(
        'k:' || reference, reference, plan.till, plan.business_date, reference, sale.lines::text, sale.tenders::text
    ))
FROM bench_fill.plan plan CROSS JOIN bench_fill.made JOIN bench_fill.sale sale USING (sale_no) ORDER BY seq
--;;
--@ rest
INSERT INTO lot (ledger_id, lot_no, account_no, issuer_no, point_type, opened_seq, original, earned_at, expires_at, remaining, open)
SELECT plan.ledger_id, seq, wallet_no, issuance_no, 'base', seq, points, recorded_at, plan.expires_at, points, true
FROM bench_fill.plan plan CROSS JOIN bench_fill.made ORDER BY seq
--;;
INSERT INTO purchase (
    ledger_id, seq, store_id, till, business_date, receipt_number, channel, entry_mode, amount_minor, points_minor, rate_points,
    rate_per_minor, lines, tenders
)
SELECT
    plan.ledger_id, seq, store_id, plan.till, plan.business_date, reference, 'store', 'scanned', sale.amount_minor, 0, plan.rate_points,
    plan.rate_per_minor, sale.lines, sale.tenders
FROM bench_fill.plan plan CROSS JOIN bench_fill.made JOIN bench_fill.sale sale USING (sale_no) ORDER BY seq
--;;
INSERT INTO event_log (ledger_id, pos, type, partition, partition_prev, partner_id, seq, recorded_at, payload)
SELECT plan.ledger_id, seq, 'points.earned', partition, partition_prev, partner_id, seq, recorded_at, sale.payload
FROM bench_fill.plan plan CROSS JOIN bench_fill.made JOIN bench_fill.sale sale USING (sale_no) ORDER BY seq
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
        SELECT plan.ledger_id, batch_no, min(seq) AS first_seq, count(*)::integer AS n, max(recorded_at) AS recorded_at, max(seq) AS last_seq,
               (plan.partners + plan.members)::integer AS accounts
        FROM bench_fill.plan plan CROSS JOIN bench_fill.made GROUP BY plan.ledger_id, batch_no, accounts ORDER BY batch_no
    LOOP
        PERFORM ledger_chain(
            v_batch.ledger_id, v_batch.batch_no, v_batch.first_seq, v_batch.n, v_batch.recorded_at, v_batch.last_seq, v_batch.accounts, NULL
        );
    END LOOP;
END
$$
--;;
UPDATE ledger_head h SET
    last_seq = plan.postings, last_lot_no = plan.postings,
    last_time_us = (extract(epoch FROM plan.starts_at + plan.postings * plan.step) * 1000000)::bigint,
    last_batch_no = (SELECT max(batch_no) FROM bench_fill.made),
    chain_hash = (SELECT b.hash FROM batch b WHERE b.ledger_id = plan.ledger_id ORDER BY b.batch_no DESC LIMIT 1),
    last_account_no = plan.partners + plan.members
FROM bench_fill.plan plan WHERE h.ledger_id = plan.ledger_id
--;;
UPDATE event_head h SET
    pos = plan.postings,
    partition_pos = (
        SELECT array_agg(coalesce(told.pos, 0) ORDER BY part.no) FROM generate_series(0, 15) part (no)
        LEFT JOIN (SELECT partition, max(seq) AS pos FROM bench_fill.made GROUP BY partition) told ON told.partition = part.no
    )
FROM bench_fill.plan plan WHERE h.ledger_id = plan.ledger_id
--;;
INSERT INTO relay_cursor (ledger_id, pos) SELECT ledger_id, postings FROM bench_fill.plan
--;;
DROP SCHEMA bench_fill CASCADE
