-- First half of the door: lock the head, then read all that the decisions need. Each statement of a
-- VOLATILE function under READ COMMITTED takes a fresh snapshot, so what follows the lock sees every
-- posting before it. Accounts that are missing are made here, under the same lock.
--
-- Every look-up by key is a LATERAL with a LIMIT: a plan made while the tables are young would otherwise walk
-- a whole index once a batch and look for each row among the keys (measured: two seconds for 300 items).
-- Updates go by ctid for the same reason; the head's lock keeps the rows where they are.
CREATE FUNCTION ledger_open(
    p_ledger smallint,
    p_key_partners uuid [], p_keys text [],
    p_ref_partners uuid [], p_ref_kinds text [], p_refs text [],
    p_new_kinds text [], p_new_owners uuid [],
    p_accounts bigint [],
    p_members uuid [], p_wallets bigint [], p_burns bigint [],
    OUT last_seq bigint, OUT now_us bigint, OUT last_time_us bigint, OUT last_lot_no bigint,
    OUT last_batch_no bigint, OUT config_version bigint, OUT last_pos bigint, OUT partition_pos bigint [],
    OUT key_no integer [], OUT key_hash bytea [], OUT key_seq bigint [], OUT key_refusal text [],
    OUT key_message text [], OUT key_metadata text [],
    OUT ref_no integer [], OUT ref_seq bigint [], OUT ref_hash bytea [],
    OUT new_accounts bigint [],
    OUT account_nos bigint [], OUT balances bigint [],
    OUT closed uuid [],
    OUT lot_members uuid [], OUT lot_nos bigint [], OUT lot_issuers uuid [], OUT lot_types text [],
    OUT lot_remaining bigint [], OUT lot_earned_us bigint [], OUT lot_expires_us bigint []
) LANGUAGE plpgsql AS $$
DECLARE
    v_last_account bigint;
    v_offset_us bigint;
    v_now timestamptz;
BEGIN
    SELECT h.last_seq, h.last_time_us, h.last_lot_no, h.last_batch_no, h.config_version, h.last_account_no, h.clock_offset_us
    INTO last_seq, last_time_us, last_lot_no, last_batch_no, config_version, v_last_account, v_offset_us
    FROM ledger_head h WHERE h.ledger_id = p_ledger FOR NO KEY UPDATE;
    IF NOT found THEN
        RAISE EXCEPTION 'ledger % is not open', p_ledger USING errcode = 'no_data_found';
    END IF;
    now_us := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint + v_offset_us, last_time_us + 1);
    v_now := timestamptz 'epoch' + now_us * interval '1 microsecond';
    SELECT e.pos, e.partition_pos INTO last_pos, partition_pos FROM event_head e WHERE e.ledger_id = p_ledger FOR NO KEY UPDATE;

    SELECT array_agg(k.no::integer - 1), array_agg(d.content_hash), array_agg(d.seq), array_agg(d.refusal),
           array_agg(d.message), array_agg(d.metadata::text)
    INTO key_no, key_hash, key_seq, key_refusal, key_message, key_metadata
    FROM unnest(p_key_partners, p_keys) WITH ORDINALITY k (partner_id, key, no)
    CROSS JOIN LATERAL (
        SELECT * FROM decision WHERE ledger_id = p_ledger AND partner_id = k.partner_id AND decision.key = k.key LIMIT 1
    ) d;

    SELECT array_agg(r.no::integer - 1), array_agg(p.seq), array_agg(p.content_hash)
    INTO ref_no, ref_seq, ref_hash
    FROM unnest(p_ref_partners, p_ref_kinds, p_refs) WITH ORDINALITY r (partner_id, kind, reference, no)
    CROSS JOIN LATERAL (
        SELECT seq, content_hash FROM posting
        WHERE ledger_id = p_ledger AND partner_id = r.partner_id AND kind = r.kind AND reference = r.reference LIMIT 1
    ) p;

    IF cardinality(p_new_kinds) > 0 THEN
        WITH missing AS (
            SELECT n.kind, n.owner_id, row_number() OVER (ORDER BY n.no) AS rank
            FROM unnest(p_new_kinds, p_new_owners) WITH ORDINALITY n (kind, owner_id, no)
            LEFT JOIN LATERAL (
                SELECT account_no FROM account WHERE ledger_id = p_ledger AND account.kind = n.kind AND account.owner_id = n.owner_id LIMIT 1
            ) a ON true
            WHERE a.account_no IS NULL
        ), made AS (
            INSERT INTO account (ledger_id, account_no, kind, owner_id)
            SELECT p_ledger, v_last_account + m.rank, m.kind, m.owner_id FROM missing m
            RETURNING account_no, kind
        ), counted AS (
            INSERT INTO balance (ledger_id, account_no, floor)
            SELECT p_ledger, m.account_no, CASE m.kind WHEN 'wallet' THEN 0 END FROM made m
            RETURNING account_no
        )
        UPDATE ledger_head h SET last_account_no = v_last_account + (SELECT count(*) FROM counted)
        WHERE h.ledger_id = p_ledger AND EXISTS (SELECT 1 FROM missing);
        SELECT array_agg(a.account_no ORDER BY n.no) INTO new_accounts
        FROM unnest(p_new_kinds, p_new_owners) WITH ORDINALITY n (kind, owner_id, no)
        CROSS JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = p_ledger AND account.kind = n.kind AND account.owner_id = n.owner_id LIMIT 1
        ) a;
    END IF;

    SELECT array_agg(b.account_no), array_agg(b.credits - b.debits) INTO account_nos, balances
    FROM unnest(p_accounts || new_accounts) t (account_no)
    CROSS JOIN LATERAL (
        SELECT * FROM balance WHERE ledger_id = p_ledger AND balance.account_no = t.account_no LIMIT 1
    ) b;

    SELECT array_agg(c.member_id) INTO closed
    FROM closed_member c WHERE c.ledger_id = p_ledger AND c.member_id = ANY (p_members);

    -- Of every wallet the overdue lots; of those that burn also as many live ones, in order, as the burns need.
    SELECT array_agg(l.member_id), array_agg(l.lot_no), array_agg(l.issuer_id), array_agg(l.point_type),
           array_agg(l.remaining), array_agg((extract(epoch FROM l.earned_at) * 1000000)::bigint),
           array_agg(CASE WHEN isfinite(l.expires_at) THEN (extract(epoch FROM l.expires_at) * 1000000)::bigint ELSE 0 END)
    INTO lot_members, lot_nos, lot_issuers, lot_types, lot_remaining, lot_earned_us, lot_expires_us
    FROM (
        SELECT w.member_id, o.lot_no, o.issuer_id, o.point_type, o.remaining, o.earned_at, o.expires_at
        FROM unnest(p_members, p_wallets, p_burns) w (member_id, account_no, burn)
        CROSS JOIN LATERAL (
            SELECT w.account_no WHERE w.account_no > 0
            UNION ALL
            SELECT account_no FROM account
            WHERE w.account_no = 0 AND ledger_id = p_ledger AND kind = 'wallet' AND owner_id = w.member_id
            LIMIT 1
        ) a
        CROSS JOIN LATERAL (
            SELECT i.* FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = a.account_no AND i.open AND i.expires_at <= v_now
            OFFSET 0
        ) o
        UNION ALL
        SELECT w.member_id, o.lot_no, o.issuer_id, o.point_type, o.remaining, o.earned_at, o.expires_at
        FROM unnest(p_members, p_wallets, p_burns) w (member_id, account_no, burn)
        CROSS JOIN LATERAL (
            SELECT w.account_no WHERE w.account_no > 0
            UNION ALL
            SELECT account_no FROM account
            WHERE w.account_no = 0 AND ledger_id = p_ledger AND kind = 'wallet' AND owner_id = w.member_id
            LIMIT 1
        ) a
        CROSS JOIN LATERAL (
            SELECT i.*, sum(i.remaining) OVER (ORDER BY i.expires_at, i.earned_at, i.lot_no) AS reached
            FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = a.account_no AND i.open AND i.expires_at > v_now
        ) o
        WHERE w.burn > 0 AND o.reached - o.remaining < w.burn
    ) l;
END
$$
--;;
-- What a posting writes, in one row: journal, legs, lot, purchase, event, key. One array of such rows goes over
-- the wire four times faster than an array per column.
CREATE TYPE door_posting AS (
    transaction_id uuid, seq bigint, kind text, member_id uuid, partner_id uuid, reference text,
    points bigint, balance_after bigint, occurred_us bigint, recorded_us bigint, expires_us bigint, content_hash bytea,
    debit_account bigint, credit_account bigint, amount bigint,
    lot_no bigint, lot_expires_us bigint,
    store_id uuid, till text, business_date text, receipt_number text, channel text, entry_mode text,
    sale_minor bigint, lines text, tenders text,
    event_type text, partition smallint, partition_prev bigint, traceparent text, payload bytea,
    key text, item_no integer
)
--;;
-- What is remembered of an item that posted nothing: a refusal, or another key for an earlier posting.
CREATE TYPE door_decision AS (
    partner_id uuid, key text, item_no integer, content_hash bytea, seq bigint, refusal text, message text, metadata text
)
--;;
CREATE TYPE door_use AS (seq bigint, lot_no bigint, points bigint)
--;;
-- Second half of the door: write what was decided. Refuses unless the head is where the decisions started.
CREATE FUNCTION ledger_write(
    p_ledger smallint, p_expected_seq bigint, p_last_time_us bigint, p_last_lot_no bigint, p_batch_no bigint,
    p_first_pos bigint, p_partition_pos bigint [],
    p_postings door_posting [], p_decisions door_decision [], p_uses door_use [],
    p_accounts bigint [], p_debits bigint [], p_credits bigint [],
    p_lots bigint [], p_remaining bigint []
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
    v_us CONSTANT interval := interval '1 microsecond';
    v_epoch CONSTANT timestamptz := timestamptz 'epoch';
BEGIN
    UPDATE ledger_head h
    SET last_seq = p_expected_seq + cardinality(p_postings), last_time_us = p_last_time_us,
        last_lot_no = p_last_lot_no, last_batch_no = p_batch_no
    WHERE h.ledger_id = p_ledger AND h.last_seq = p_expected_seq AND h.last_batch_no = p_batch_no - 1;
    IF NOT found THEN
        RAISE EXCEPTION 'the head of ledger % is not at %', p_ledger, p_expected_seq USING errcode = 'serialization_failure';
    END IF;
    INSERT INTO batch (ledger_id, batch_no, first_seq, n, recorded_at)
    VALUES (p_ledger, p_batch_no, p_expected_seq + 1, cardinality(p_postings), v_epoch + p_last_time_us * v_us);

    IF cardinality(p_decisions) > 0 THEN
        INSERT INTO decision (ledger_id, partner_id, key, batch_no, item_no, content_hash, seq, refusal, message, metadata)
        SELECT p_ledger, d.partner_id, d.key, p_batch_no, d.item_no, d.content_hash, d.seq, d.refusal, d.message, d.metadata::jsonb
        FROM unnest(p_decisions) d;
    END IF;
    IF cardinality(p_postings) = 0 THEN
        RETURN;
    END IF;
    WITH row AS MATERIALIZED (
        SELECT * FROM unnest(p_postings)
    ), journal AS (
        INSERT INTO posting (ledger_id, seq, transaction_id, kind, member_id, partner_id, reference, points, balance_after, occurred_at, recorded_at, expires_at, content_hash)
        SELECT p_ledger, seq, transaction_id, kind, member_id, partner_id, reference, points, balance_after,
               v_epoch + occurred_us * v_us, v_epoch + recorded_us * v_us, v_epoch + expires_us * v_us, content_hash
        FROM row
    ), legs AS (
        INSERT INTO entry (ledger_id, seq, leg, account_no, amount)
        SELECT p_ledger, row.seq, leg.no, leg.account_no, leg.amount
        FROM row CROSS JOIN LATERAL (VALUES (1, debit_account, -amount), (2, credit_account, amount)) leg (no, account_no, amount)
        WHERE row.amount <> 0
    ), lots AS (
        INSERT INTO lot (ledger_id, lot_no, account_no, issuer_id, point_type, opened_seq, original, earned_at, expires_at, remaining, open)
        SELECT p_ledger, lot_no, credit_account, partner_id, 'base', seq, amount, v_epoch + occurred_us * v_us,
               CASE WHEN lot_expires_us = 0 THEN timestamptz 'infinity' ELSE v_epoch + lot_expires_us * v_us END, amount, true
        FROM row WHERE lot_no IS NOT NULL
    ), purchases AS (
        INSERT INTO purchase (ledger_id, seq, store_id, till, business_date, receipt_number, channel, entry_mode, amount_minor, lines, tenders)
        SELECT p_ledger, seq, store_id, till, business_date, receipt_number, channel, entry_mode, sale_minor, lines::jsonb, tenders::jsonb
        FROM row WHERE sale_minor IS NOT NULL
    ), keys AS (
        INSERT INTO decision (ledger_id, partner_id, key, batch_no, item_no, content_hash, seq)
        SELECT p_ledger, partner_id, key, p_batch_no, item_no, content_hash, seq FROM row WHERE key IS NOT NULL
    )
    INSERT INTO event_log (ledger_id, pos, type, partition, partition_prev, partner_id, seq, recorded_at, traceparent, payload)
    SELECT p_ledger, p_first_pos + seq - p_expected_seq - 1, event_type, partition, partition_prev, partner_id, seq,
           v_epoch + recorded_us * v_us, traceparent, payload
    FROM row;

    UPDATE event_head h SET pos = p_first_pos + cardinality(p_postings) - 1, partition_pos = p_partition_pos
    WHERE h.ledger_id = p_ledger;

    IF cardinality(p_accounts) > 0 THEN
        UPDATE balance b SET debits = b.debits + t.debit, credits = b.credits + t.credit
        FROM (
            SELECT t.debit, t.credit, f.ctid AS place
            FROM unnest(p_accounts, p_debits, p_credits) t (account_no, debit, credit)
            CROSS JOIN LATERAL (
                SELECT ctid FROM balance WHERE ledger_id = p_ledger AND balance.account_no = t.account_no LIMIT 1
            ) f
        ) t
        WHERE b.ctid = t.place;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> cardinality(p_accounts) THEN
            RAISE EXCEPTION 'an account of ledger % has no balance', p_ledger USING errcode = 'foreign_key_violation';
        END IF;
    END IF;
    IF cardinality(p_uses) > 0 THEN
        INSERT INTO lot_use (ledger_id, seq, lot_no, points)
        SELECT p_ledger, u.seq, u.lot_no, u.points FROM unnest(p_uses) u;
        -- A statement of its own, after the lots of this batch were opened: they may be used in it already.
        UPDATE lot l SET remaining = t.remaining, open = t.remaining > 0
        FROM (
            SELECT t.remaining, f.ctid AS place
            FROM unnest(p_lots, p_remaining) t (lot_no, remaining)
            CROSS JOIN LATERAL (
                SELECT ctid FROM lot WHERE ledger_id = p_ledger AND lot.lot_no = t.lot_no LIMIT 1
            ) f
        ) t
        WHERE l.ctid = t.place;
    END IF;
END
$$
