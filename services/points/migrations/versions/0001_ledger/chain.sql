-- Tamper evidence. Each batch is chained to the one before; in it goes a leaf for each posting, over all that the posting
-- is and all that hangs on it. docs/chain.md describes the bytes; what changes here changes there, and in
-- tests/support/chain.py, which knows nothing of this file.
--
-- Integers are big-endian and as wide as their column, numbers of rows that may be missing are 0 then; a time is what
-- timestamptz_send makes of it, -infinity where there is none; text and bytes come after their length.
CREATE FUNCTION chain_bytes(p_bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(int4send(octet_length(p_bytes)) || p_bytes, '\xffffffff'::bytea)
$$
--;;
CREATE FUNCTION chain_text(p_text text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(int4send(octet_length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8'), '\xffffffff'::bytea)
$$
--;;
-- The leaves of a stretch of the journal, computed from the rows as they are; p_first_lot to p_last_lot are the lots that it
-- opened. One sort puts together what belongs together: there is no join, so that no plan of it can be a bad one.
--
-- fact is what stays, told what may be erased: hashed with the posting's salt, so that the leaf can do without it.
CREATE FUNCTION ledger_leaves(p_ledger smallint, p_first_seq bigint, p_last_seq bigint, p_first_lot bigint, p_last_lot bigint)
RETURNS TABLE (seq bigint, leaf bytea) LANGUAGE sql STABLE AS $$
    SELECT part.seq, sha256(
        '\x0001'::bytea || string_agg(part.fact, '' ORDER BY part.kind, part.no) || coalesce(
            '\xff'::bytea || coalesce(string_agg(part.erased, ''), sha256(string_agg(part.told, '' ORDER BY part.kind, part.no))), ''
        )
    )
    FROM (
        SELECT p.seq, 0 AS kind, 0::bigint AS no,
               int8send(p.seq) || uuid_send(p.transaction_id) || chain_text(p.kind)
               || timestamptz_send(p.occurred_at) || timestamptz_send(p.recorded_at) || timestamptz_send(coalesce(p.expires_at, '-infinity'))
               || int4send(p.wallet_no) || int4send(coalesce(p.partner_no, 0))
               || int4send(coalesce(p.debit_no, 0)) || int4send(coalesce(p.credit_no, 0))
               || int8send(p.amount) || int8send(p.points) || int8send(p.balance_after) || int8send(coalesce(p.original_seq, 0))
               || int2send(coalesce(p.item_no, -1::smallint)) || chain_bytes(p.content_hash) AS fact,
               p.salt || chain_text(p.key) || chain_text(p.reference) AS told, NULL::bytea AS erased
        FROM posting p WHERE p.ledger_id = p_ledger AND p.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT s.seq, 1, 0,
               '\x01'::bytea || int8send(s.amount_minor) || int8send(s.points_minor) || int4send(s.rate_points) || int4send(s.rate_per_minor)
               || chain_bytes(uuid_send(s.store_id)) || chain_text(s.channel) || chain_text(s.entry_mode),
               chain_text(s.till) || chain_text(s.business_date) || chain_text(s.receipt_number) || chain_text(s.lines::text)
               || chain_text(s.tenders::text), NULL
        FROM purchase s WHERE s.ledger_id = p_ledger AND s.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT f.seq, 2, 0,
               '\x02'::bytea || int8send(f.original_seq) || int4send(f.no) || int8send(f.whole) || int8send(f.given_before) || int8send(f.given)
               || int8send(f.returned) || int8send(f.clawed_back) || int8send(f.owed) || int8send(f.written_off) || int8send(f.money_minor)
               || chain_text(f.tender_order) || chain_bytes(uuid_send(f.store_id)) || chain_text(f.channel),
               chain_text(f.till) || chain_text(f.business_date) || chain_text(f.receipt_number) || chain_text(f.lines::text), NULL
        FROM refund f WHERE f.ledger_id = p_ledger AND f.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT l.opened_seq, 3, l.lot_no,
               '\x03'::bytea || int8send(l.lot_no) || int4send(l.account_no) || int4send(l.issuer_no) || int8send(l.original)
               || timestamptz_send(l.earned_at) || timestamptz_send(l.expires_at) || chain_text(l.point_type)
               || int8send(coalesce(l.parent_no, 0)) || int8send(coalesce(l.earned_seq, 0)), NULL, NULL
        FROM lot l WHERE l.ledger_id = p_ledger AND l.lot_no BETWEEN p_first_lot AND p_last_lot
        UNION ALL
        SELECT u.seq, 4, u.lot_no, '\x04'::bytea || int8send(u.lot_no) || int8send(u.points), NULL, NULL
        FROM lot_use u WHERE u.ledger_id = p_ledger AND u.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT r.seq, 5, r.lot_no, '\x05'::bytea || int8send(r.lot_no) || int8send(r.points), NULL, NULL
        FROM lot_return r WHERE r.ledger_id = p_ledger AND r.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT h.seq, 6, 0,
               '\x06'::bytea || int8send(h.points) || timestamptz_send(h.expires_at) || int4send(h.wallet_no) || int4send(h.partner_no), NULL, NULL
        FROM hold h WHERE h.ledger_id = p_ledger AND h.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT r.hold_seq, 7, r.lot_no, '\x07'::bytea || int8send(r.lot_no) || int8send(r.points), NULL, NULL
        FROM hold_lot r WHERE r.ledger_id = p_ledger AND r.hold_seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT e.seq, 8, 0, '\x08'::bytea || int8send(e.hold_seq) || int8send(e.held) || int8send(e.captured), NULL, NULL
        FROM hold_end e WHERE e.ledger_id = p_ledger AND e.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT d.seq, 9, 0,
               '\x09'::bytea || int8send(d.original_seq) || int8send(d.points) || int4send(d.wallet_no) || int4send(d.partner_no), NULL, NULL
        FROM debt d WHERE d.ledger_id = p_ledger AND d.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT u.seq, 10, u.debt_seq, '\x0a'::bytea || int8send(u.debt_seq) || int8send(u.points), NULL, NULL
        FROM debt_use u WHERE u.ledger_id = p_ledger AND u.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT e.seq, 11, 0, NULL, NULL, e.told_hash
        FROM erasure e WHERE e.ledger_id = p_ledger AND e.seq BETWEEN p_first_seq AND p_last_seq
    ) part
    GROUP BY part.seq
$$
--;;
-- What the first batch of a ledger is chained to: whose ledger it is.
CREATE FUNCTION chain_start(p_ledger smallint) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(
        '\x02'::bytea || int2send(l.ledger_id) || chain_text(l.programme) || chain_text(l.zone) || chain_text(l.currency) || boolsend(l.is_test)
    )
    FROM ledger l WHERE l.ledger_id = p_ledger
$$
--;;
-- Accounts from one number to another: leaves name accounts by number, so whose they are is chained as well.
CREATE FUNCTION chain_accounts(p_ledger smallint, p_after integer, p_last integer) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT string_agg(int4send(a.account_no) || chain_text(a.kind) || uuid_send(a.owner_id), '' ORDER BY a.account_no)
    FROM account a WHERE a.ledger_id = p_ledger AND a.account_no > p_after AND a.account_no <= p_last
$$
--;;
CREATE FUNCTION chain_decision(d decision) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT int4send(d.partner_no) || chain_text(d.key) || int2send(d.item_no) || chain_bytes(d.content_hash) || int8send(coalesce(d.seq, 0))
        || chain_text(d.refusal) || chain_text(d.message) || coalesce((
            SELECT string_agg(chain_text(m.key) || chain_text(m.value), '' ORDER BY m.key COLLATE "C") FROM jsonb_each_text(d.metadata) m
        ), '')
$$
--;;
CREATE FUNCTION chain_batch(
    p_previous bytea, p_batch_no bigint, p_first_seq bigint, p_n integer, p_recorded_at timestamptz, p_last_lot_no bigint, p_last_account_no integer,
    p_leaves bytea, p_accounts bytea, p_decisions bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(
        '\x01'::bytea || p_previous || int8send(p_batch_no) || int8send(p_first_seq) || int4send(p_n) || timestamptz_send(p_recorded_at)
        || int8send(p_last_lot_no) || int4send(p_last_account_no) || p_leaves
        || chain_bytes(p_accounts) || chain_bytes(p_decisions)
    )
$$
