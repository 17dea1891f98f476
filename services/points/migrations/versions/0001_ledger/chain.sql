-- Tamper evidence: each batch is chained to the one before, over a leaf for each of its postings. docs/chain.md describes the
-- bytes. What changes here changes there, and in tests/support/chain.py, which reads the same rows and shares no code.
--
-- A value that may be missing comes after a letter of its own, or not at all: so a column that is added later leaves the
-- leaves before it as they were.
CREATE FUNCTION chain_field(p_letter bytea, p_value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(p_letter || p_value, '')
$$
--;;
CREATE FUNCTION chain_text(p_text text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT int4send(octet_length(p_text)) || convert_to(p_text, 'UTF8')
$$
--;;
CREATE FUNCTION chain_texts(p_texts text []) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT int4send(cardinality(p_texts)) || coalesce(string_agg(chain_text(t.value), '' ORDER BY t.no), '')
    FROM unnest(p_texts) WITH ORDINALITY t (value, no)
$$
--;;
-- The parts of a leaf that nearly every posting has, each of one row.
CREATE FUNCTION chain_posting(p posting) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT int8send(p.seq) || uuid_send(p.transaction_id) || chain_text(p.kind)
        || timestamptz_send(p.occurred_at) || timestamptz_send(p.recorded_at)
        || int8send(p.points) || int8send(p.balance_after) || int8send(p.amount)
        || chain_field('a', int4send(p.wallet_no)) || chain_field('d', int4send(p.debit_no)) || chain_field('c', int4send(p.credit_no))
        || chain_field('p', int4send(p.partner_no)) || chain_field('o', int8send(p.original_seq))
        || chain_field('e', timestamptz_send(p.expires_at)) || chain_field('i', int2send(p.item_no))
        || chain_field('h', int4send(octet_length(p.content_hash)) || p.content_hash) || chain_field('w', p.words_hash)
$$
--;;
CREATE FUNCTION chain_purchase(s purchase) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT 'B' || int8send(s.amount_minor) || int8send(s.points_minor) || int4send(s.rate_points) || int4send(s.rate_per_minor)
        || int2send(s.rate_pending_days)
        || chain_text(s.channel) || chain_text(s.entry_mode) || chain_field('s', uuid_send(s.store_id))
$$
--;;
CREATE FUNCTION chain_lot(l lot) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT 'D' || int8send(l.lot_no) || int4send(l.account_no) || int4send(l.issuer_no) || chain_text(l.point_type)
        || int8send(l.original) || timestamptz_send(l.earned_at) || timestamptz_send(l.expires_at)
        || chain_field('l', int8send(l.parent_no)) || chain_field('o', int8send(l.earned_seq))
        || chain_field('p', int4send(l.pending_no)) || chain_field('m', timestamptz_send(l.matures_at))
$$
--;;
CREATE FUNCTION chain_lot_use(u lot_use) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT 'E' || int8send(u.lot_no) || int8send(u.points)
$$
--;;
-- The leaves of a stretch of the journal, from the rows as they are; p_first_lot to p_last_lot are the lots that it opened.
-- One sort brings together what belongs together: there is no join that could be planned badly for young tables. (The order
-- of postings, of refunds and of what is parked is there for the same reason: of several indexes that look alike it settles which is taken.)
CREATE FUNCTION ledger_leaves(p_ledger smallint, p_first_seq bigint, p_last_seq bigint, p_first_lot bigint, p_last_lot bigint)
RETURNS TABLE (seq bigint, leaf bytea) LANGUAGE sql STABLE AS $$
    SELECT part.seq, sha256('\x0001'::bytea || string_agg(part.bytes, '' ORDER BY part.place, part.no))
    FROM (
        (SELECT p.seq, 0 AS place, 0::bigint AS no, chain_posting(p) AS bytes
        FROM posting p WHERE p.ledger_id = p_ledger AND p.seq BETWEEN p_first_seq AND p_last_seq ORDER BY p.seq)
        UNION ALL
        SELECT s.seq, 1, 0, chain_purchase(s)
        FROM purchase s WHERE s.ledger_id = p_ledger AND s.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        (SELECT f.seq, 2, 0,
               'C' || int8send(f.original_seq) || int4send(f.no) || int8send(f.whole) || int8send(f.given_before) || int8send(f.given)
               || int8send(f.returned) || int8send(f.clawed_back) || int8send(f.owed) || int8send(f.written_off) || int8send(f.money_minor)
               || chain_text(f.tender_order) || chain_text(f.channel) || chain_field('s', uuid_send(f.store_id))
        FROM refund f WHERE f.ledger_id = p_ledger AND f.seq BETWEEN p_first_seq AND p_last_seq ORDER BY f.seq)
        UNION ALL
        SELECT l.opened_seq, 3, l.lot_no, chain_lot(l)
        FROM lot l WHERE l.ledger_id = p_ledger AND l.lot_no BETWEEN p_first_lot AND p_last_lot
        UNION ALL
        SELECT u.seq, 4, u.lot_no, chain_lot_use(u)
        FROM lot_use u WHERE u.ledger_id = p_ledger AND u.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT r.seq, 5, r.lot_no, 'F' || int8send(r.lot_no) || int8send(r.points)
        FROM lot_return r WHERE r.ledger_id = p_ledger AND r.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT h.seq, 6, 0,
               'G' || int4send(h.wallet_no) || int4send(h.partner_no) || int8send(h.points) || timestamptz_send(h.expires_at)
        FROM hold h WHERE h.ledger_id = p_ledger AND h.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT r.hold_seq, 7, r.lot_no, 'H' || int8send(r.lot_no) || int8send(r.points)
        FROM hold_lot r WHERE r.ledger_id = p_ledger AND r.hold_seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT e.seq, 8, e.hold_seq, 'I' || int8send(e.hold_seq) || int8send(e.held) || int8send(e.captured)
        FROM hold_end e WHERE e.ledger_id = p_ledger AND e.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT d.seq, 9, 0, 'J' || int4send(d.wallet_no) || int4send(d.partner_no) || int8send(d.points) || int8send(d.original_seq)
        FROM debt d WHERE d.ledger_id = p_ledger AND d.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT u.seq, 10, u.debt_seq, 'K' || int8send(u.debt_seq) || int8send(u.points)
        FROM debt_use u WHERE u.ledger_id = p_ledger AND u.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT m.seq, 11, m.lot_no, 'L' || int8send(m.lot_no) || int8send(m.points)
        FROM lot_matured m WHERE m.ledger_id = p_ledger AND m.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT f.seq, 12, 0, 'M' || int4send(f.partner_no) || int8send(f.basis_seq) || chain_text(f.set_by) || chain_field('f', int8send(f.floor))
               || CASE WHEN f.parks THEN 'p'::bytea ELSE '' END
        FROM floor_change f WHERE f.ledger_id = p_ledger AND f.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        -- Who approved it stands with the proposal, and is as much of what happened as who made it. (Joined, all decisions of a
        -- young ledger would be read for each adjustment.)
        SELECT a.seq, 13, 0,
               'N' || int8send(a.points) || int8send(a.limit_points) || chain_text(a.reason) || chain_text(a.made_by) || uuid_send(a.note_id)
               || int4send(octet_length(a.content_hash)) || a.content_hash
               || chain_field('p', uuid_send(a.proposal_id) || (
                   SELECT chain_text(d.decided_by) || timestamptz_send(d.decided_at) FROM proposal_decision d
                   WHERE d.ledger_id = p_ledger AND d.proposal_id = a.proposal_id
               ))
        FROM adjustment a
        WHERE a.ledger_id = p_ledger AND a.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT m.seq, 14, 0, 'O' || int4send(m.from_wallet) || int4send(m.into_wallet)
        FROM merged_wallet m WHERE m.ledger_id = p_ledger AND m.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        -- With the terms that it was granted by: what it is, and who pays for it.
        SELECT g.seq, 15, 0, 'P' || int8send(g.earn_seq) || uuid_send(g.campaign_id) || int4send(g.version) || (
            SELECT int4send(v.multiplier_percent) || int8send(v.fixed_points) || int8send(v.min_amount_minor)
                || int4send(cardinality(v.funders)) || (
                    SELECT string_agg(uuid_send(f.funder) || int2send(f.percent), '' ORDER BY f.no)
                    FROM unnest(v.funders, v.percents) WITH ORDINALITY f (funder, percent, no)
                )
            FROM campaign_version v WHERE v.ledger_id = p_ledger AND v.campaign_id = g.campaign_id AND v.version = g.version
        )
        FROM campaign_grant g WHERE g.ledger_id = p_ledger AND g.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT b.seq, 16, 0, 'Q' || uuid_send(b.campaign_id) || int8send(b.points) || chain_text(b.loaded_by)
        FROM budget_load b WHERE b.ledger_id = p_ledger AND b.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        -- That it is parked no more is told by the posting that names this one as its original.
        (SELECT k.seq, 17, 0,
               'R' || int4send(k.partner_no) || chain_text(k.key) || int4send(octet_length(k.content_hash)) || k.content_hash
               || int8send(k.points) || int8send(k.amount_minor) || int8send(k.points_minor)
               || chain_text(k.channel) || chain_text(k.entry_mode) || chain_field('s', uuid_send(k.store_id)) || chain_field('w', k.words_hash)
        FROM parked_earn k WHERE k.ledger_id = p_ledger AND k.seq BETWEEN p_first_seq AND p_last_seq ORDER BY k.seq)
        UNION ALL
        -- With the rule that decided: what the points were worth, and what bounded them.
        SELECT w.seq, 18, 0,
               'S' || int4send(w.wallet_no) || int4send(w.partner_no) || int8send(w.points) || int8send(w.worth_minor) || date_send(w.day)
               || boolsend(w.burned) || int8send(w.rule_version) || (
                   SELECT int8send(r.points) || int8send(r.worth_minor) || int8send(r.minimum_points) || int8send(r.step_points)
                       || int2send(r.share_percent) || int8send(r.daily_points) || chain_text(r.treatment)
                       || chain_texts(r.excluded_categories) || chain_texts(r.excluded_tenders)
                   FROM burn_rule r WHERE r.ledger_id = p_ledger AND r.version = w.rule_version
               ) || chain_field('b', int8send(w.basket_minor))
        FROM burn_worth w WHERE w.ledger_id = p_ledger AND w.seq BETWEEN p_first_seq AND p_last_seq
    ) part
    GROUP BY part.seq
$$
--;;
-- The same of a stretch that has no rows but these. Most batches have not, and to set up all the rest costs more than what a batch of
-- a few earns writes.
CREATE FUNCTION ledger_plain_leaves(p_ledger smallint, p_first_seq bigint, p_last_seq bigint, p_first_lot bigint, p_last_lot bigint)
RETURNS TABLE (seq bigint, leaf bytea) LANGUAGE sql STABLE AS $$
    SELECT part.seq, sha256('\x0001'::bytea || string_agg(part.bytes, '' ORDER BY part.place, part.no))
    FROM (
        (SELECT p.seq, 0 AS place, 0::bigint AS no, chain_posting(p) AS bytes
        FROM posting p WHERE p.ledger_id = p_ledger AND p.seq BETWEEN p_first_seq AND p_last_seq ORDER BY p.seq)
        UNION ALL
        SELECT s.seq, 1, 0, chain_purchase(s)
        FROM purchase s WHERE s.ledger_id = p_ledger AND s.seq BETWEEN p_first_seq AND p_last_seq
        UNION ALL
        SELECT l.opened_seq, 3, l.lot_no, chain_lot(l)
        FROM lot l WHERE l.ledger_id = p_ledger AND l.lot_no BETWEEN p_first_lot AND p_last_lot
        UNION ALL
        SELECT u.seq, 4, u.lot_no, chain_lot_use(u)
        FROM lot_use u WHERE u.ledger_id = p_ledger AND u.seq BETWEEN p_first_seq AND p_last_seq
    ) part
    GROUP BY part.seq
$$
--;;
-- What a posting was asked for in words, which its words_hash is of, after the salt: how many texts there are, then their
-- lengths, then the texts. The run-time role hashes them as it posts; this is for whoever checks. Of a refund that waits its
-- two references come in the place of key and reference.
CREATE FUNCTION chain_words(
    p_key text, p_reference text, p_till text, p_business_date text, p_receipt_number text, p_lines text, p_tenders text,
    p_note text DEFAULT NULL
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_note IS NOT NULL THEN '\x03'::bytea WHEN p_till IS NULL THEN '\x02'::bytea WHEN p_tenders IS NULL THEN '\x06'::bytea ELSE '\x07'::bytea END
        || int4send(octet_length(convert_to(p_key, 'UTF8'))) || int4send(coalesce(octet_length(convert_to(p_reference, 'UTF8')), -1))
        || coalesce(
            int4send(octet_length(convert_to(p_till, 'UTF8'))) || int4send(octet_length(convert_to(p_business_date, 'UTF8')))
            || int4send(octet_length(convert_to(p_receipt_number, 'UTF8'))) || int4send(octet_length(convert_to(p_lines, 'UTF8'))), ''
        ) || coalesce(int4send(octet_length(convert_to(p_tenders, 'UTF8'))), '') || coalesce(int4send(octet_length(convert_to(p_note, 'UTF8'))), '')
        || convert_to(
            p_key || coalesce(p_reference, '') || coalesce(p_till || p_business_date || p_receipt_number || p_lines, '') || coalesce(p_tenders, '') || coalesce(p_note, ''),
            'UTF8'
        )
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
CREATE FUNCTION chain_account(a account) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT 'a' || int4send(a.account_no) || chain_text(a.kind) || uuid_send(a.owner_id)
$$
--;;
CREATE FUNCTION chain_decision(d decision) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT 'k' || int4send(d.partner_no) || chain_text(d.key) || int2send(d.item_no)
        || int4send(octet_length(d.content_hash)) || d.content_hash || chain_field('s', int8send(d.seq))
        || chain_field('r', chain_text(d.refusal) || chain_text(d.message) || (
            SELECT int4send(count(*)::integer) || coalesce(string_agg(chain_text(m.key) || chain_text(m.value), '' ORDER BY m.key COLLATE "C"), '')
            FROM jsonb_each_text(d.metadata) m
        ))
$$
--;;
-- A refund that arrived before its original, as it arrived. That it waits no more is told by what then stands under its key.
CREATE FUNCTION chain_wait(w waiting_refund) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT 'w' || int4send(w.partner_no) || chain_text(w.key) || int2send(w.item_no)
        || int4send(octet_length(w.content_hash)) || w.content_hash || timestamptz_send(w.arrived_at) || timestamptz_send(w.occurred_at)
        || int8send(w.amount_minor) || chain_text(w.channel) || chain_field('s', uuid_send(w.store_id)) || chain_field('w', w.words_hash)
$$
--;;
-- Leaves name accounts by number, so whose these are is chained with the batch that follows their making; and so is p_beside, what
-- was decided in it and posted nothing, then what waits since.
CREATE FUNCTION chain_batch(
    p_previous bytea, p_batch_no bigint, p_first_seq bigint, p_n integer, p_recorded_at timestamptz, p_last_lot_no bigint, p_last_account_no integer,
    p_leaves bytea, p_accounts bytea, p_beside bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(
        '\x01'::bytea || p_previous || int8send(p_batch_no) || int8send(p_first_seq) || int4send(p_n) || timestamptz_send(p_recorded_at)
        || int8send(p_last_lot_no) || int4send(p_last_account_no) || p_leaves || coalesce(p_accounts, '') || coalesce(p_beside, '')
    )
$$
--;;
-- Chains a batch to the one before, once all is written that belongs to its postings; answers its hash. p_plain: they have nothing
-- but sales, lots and what was used of lots.
CREATE FUNCTION ledger_chain(
    p_ledger smallint, p_batch_no bigint, p_first_seq bigint, p_n integer, p_recorded_at timestamptz, p_last_lot_no bigint,
    p_last_account_no integer, p_beside bytea, p_plain boolean DEFAULT false
) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    v_previous bytea;
    v_lot_no bigint;
    v_account_no integer;
    v_leaves bytea := '';
    v_accounts bytea;
    v_hash bytea;
BEGIN
    SELECT b.hash, b.last_lot_no, b.last_account_no INTO v_previous, v_lot_no, v_account_no
    FROM batch b WHERE b.ledger_id = p_ledger AND b.batch_no = p_batch_no - 1;
    IF NOT found THEN
        v_previous := chain_start(p_ledger);
        v_lot_no := 0;
        v_account_no := 0;
    END IF;
    IF p_n > 0 AND p_plain THEN
        SELECT string_agg(c.leaf, '' ORDER BY c.seq) INTO v_leaves
        FROM ledger_plain_leaves(p_ledger, p_first_seq, p_first_seq + p_n - 1, v_lot_no + 1, p_last_lot_no) c;
    ELSIF p_n > 0 THEN
        SELECT string_agg(c.leaf, '' ORDER BY c.seq) INTO v_leaves
        FROM ledger_leaves(p_ledger, p_first_seq, p_first_seq + p_n - 1, v_lot_no + 1, p_last_lot_no) c;
    END IF;
    IF p_last_account_no > v_account_no THEN
        SELECT string_agg(chain_account(a), '' ORDER BY a.account_no) INTO v_accounts
        FROM account a WHERE a.ledger_id = p_ledger AND a.account_no > v_account_no AND a.account_no <= p_last_account_no;
    END IF;
    v_hash := chain_batch(
        v_previous, p_batch_no, p_first_seq, p_n, p_recorded_at, p_last_lot_no, p_last_account_no, v_leaves, v_accounts, p_beside
    );
    INSERT INTO batch (ledger_id, batch_no, first_seq, n, recorded_at, last_lot_no, last_account_no, hash, leaves)
    VALUES (p_ledger, p_batch_no, p_first_seq, p_n, p_recorded_at, p_last_lot_no, p_last_account_no, v_hash, v_leaves);
    RETURN v_hash;
END
$$
