-- An earn that is parked, for the door and for those who bring it there. p_member: whose wallet it is for now, where that is
-- known; the burn that was posted with its sale, if any.
CREATE FUNCTION parked_json(k parked_earn, p_member uuid) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'seq', k.seq, 'transaction_id', p.transaction_id, 'partner_no', k.partner_no, 'partner_id', a.owner_id,
        'member_id', coalesce(p_member, w.owner_id), 'key', k.key, 'content_hash', encode(k.content_hash, 'hex'), 'reference', k.reference,
        'points', k.points, 'amount_minor', k.amount_minor, 'points_minor', k.points_minor, 'store_id', k.store_id, 'till', k.till,
        'business_date', k.business_date, 'receipt_number', k.receipt_number, 'channel', k.channel, 'entry_mode', k.entry_mode,
        'lines', k.lines::text, 'tenders', k.tenders::text, 'traceparent', k.traceparent,
        'occurred_us', (extract(epoch FROM p.occurred_at) * 1000000)::bigint,
        'recorded_us', (extract(epoch FROM p.recorded_at) * 1000000)::bigint, 'burn_seq', b.seq, 'burn_id', b.transaction_id, 'burned', b.amount,
        'burn_hash', encode(b.content_hash, 'hex'), 'burn_lots', (
            SELECT json_agg(json_build_array(l.lot_no, l.points) ORDER BY l.expires_at, l.earned_at, l.lot_no) FROM (
                SELECT u.lot_no, u.points, f.expires_at, f.earned_at
                FROM (SELECT * FROM lot_use WHERE ledger_id = k.ledger_id AND lot_use.seq = b.seq OFFSET 0) u
                CROSS JOIN LATERAL (SELECT * FROM lot WHERE ledger_id = k.ledger_id AND lot.lot_no = u.lot_no LIMIT 1) f
            ) l
        )
    )
    FROM (SELECT * FROM posting WHERE ledger_id = k.ledger_id AND seq = k.seq LIMIT 1) p
    CROSS JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = k.ledger_id AND account_no = k.partner_no LIMIT 1) a
    CROSS JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = k.ledger_id AND account_no = p.wallet_no LIMIT 1) w
    LEFT JOIN LATERAL (
        SELECT seq, transaction_id, amount, content_hash FROM posting
        WHERE ledger_id = k.ledger_id AND original_seq = k.seq AND kind IN ('redeem', 'capture') LIMIT 1
    ) b ON true
$$
--;;
-- First half of the door: lock the head, then read all that the decisions need. Each statement of a
-- VOLATILE function under READ COMMITTED takes a fresh snapshot, so what follows the lock sees every
-- posting before it. Accounts that are missing are made here, under the same lock.
--
-- The accounts that a batch may touch are those in p_accounts, whose numbers the caller knows, then those in
-- p_new_kinds and p_new_owners, whose numbers it does not; *_at are places in that list, from 1 on.
--
-- Every look-up by key is a LATERAL with a LIMIT: a plan made while the tables are young would otherwise walk
-- a whole index once a batch and look for each row among the keys (measured: two seconds for 300 items).
-- Updates go by ctid for the same reason; the head's lock keeps the rows where they are.
--
-- With p_peek nothing is locked and nothing is made: the same reads for a quote, in a read-only transaction that sees one
-- moment. Accounts that are missing get numbers below 0, under which nothing is found.
CREATE FUNCTION ledger_open(
    p_ledger smallint,
    p_accounts integer [], p_new_kinds text [], p_new_owners uuid [],
    p_partner_at integer [], p_keys text [], p_kinds text [], p_references text [],
    p_members uuid [], p_wallet_at integer [], p_burns bigint [], p_holds bigint [],
    p_originals bigint [], p_original_member integer [], p_back_member integer [], p_back_lots bigint [],
    p_floored integer [],
    p_givers integer [],
    p_patience_us bigint,
    p_grants bigint [],
    p_parked bigint [],
    p_burner_at integer [], p_taker_at integer [],
    p_peek boolean,
    OUT last_seq bigint, OUT now_us bigint, OUT last_time_us bigint, OUT last_lot_no bigint,
    OUT last_batch_no bigint, OUT config_version bigint, OUT erased bigint, OUT last_pos bigint, OUT partition_pos bigint [],
    OUT key_no integer [], OUT key_hash bytea [], OUT key_seq bigint [], OUT key_refusal text [],
    OUT key_message text [], OUT key_metadata text [],
    OUT ref_no integer [], OUT ref_seq bigint [], OUT ref_hash bytea [],
    OUT accounts integer [], OUT balances bigint [], OUT held bigint [],
    OUT closed uuid [],
    OUT barred_member uuid [], OUT barred_at uuid [],
    OUT open_holds integer [],
    OUT hold_member integer [], OUT hold_seqs bigint [], OUT hold_ids uuid [], OUT hold_partners uuid [], OUT hold_partner_nos integer [],
    OUT hold_points bigint [], OUT hold_expires_us bigint [],
    OUT part_hold bigint [], OUT part_member integer [], OUT part_lot bigint [], OUT part_points bigint [],
    OUT lot_member integer [], OUT lot_nos bigint [], OUT lot_issuers uuid [], OUT lot_types text [],
    OUT lot_remaining bigint [], OUT lot_reserved bigint [], OUT lot_earned_us bigint [], OUT lot_expires_us bigint [],
    OUT lot_earned_seq bigint [], OUT lot_matures_us bigint [], OUT lot_pending_no integer [], OUT lot_elsewhere boolean [],
    OUT linked_to bigint [], OUT linked_seq bigint [], OUT linked_hash bytea [],
    OUT wallet_expires_us bigint [],
    OUT refunded bigint [], OUT refund_no integer [], OUT refund_given bigint [], OUT refund_returned bigint [],
    OUT refund_taken bigint [], OUT refund_money bigint [], OUT refund_order text [],
    OUT debt_member integer [], OUT debt_seq bigint [], OUT debt_partner uuid [], OUT debt_original bigint [],
    OUT debt_left bigint [], OUT debt_account integer [], OUT debt_partner_no integer [],
    OUT floored integer [], OUT credit_floors bigint [], OUT credit_parks boolean [],
    OUT floor_set bigint [], OUT floor_parks boolean [], OUT floor_basis bigint [], OUT floor_seq bigint [],
    OUT merged_member integer [], OUT merged_into uuid [],
    OUT given_today bigint [],
    OUT today date, OUT burned_today bigint [],
    OUT grant_seq bigint [], OUT grant_taken bigint [],
    OUT waiting text,
    OUT parked text
) LANGUAGE plpgsql AS $$
DECLARE
    v_last_account integer;
    v_offset_us bigint;
    v_now timestamptz;
    v_found integer [];
    v_owed bigint [];
    v_waiting integer;
    v_parked integer;
    v_sales bigint [];
    v_parks bigint [];
    v_by_activity boolean;
    v_idle bigint [];
    v_lots bigint [];
    v_bars boolean;
    v_merged boolean;
    v_debts boolean;
BEGIN
    IF p_peek THEN
        SELECT h.last_seq, h.last_time_us, h.last_lot_no, h.last_batch_no, h.config_version, h.erased, h.last_account_no, h.clock_offset_us,
               h.waiting_refunds, h.parked_earns, h.by_activity
        INTO last_seq, last_time_us, last_lot_no, last_batch_no, config_version, erased, v_last_account, v_offset_us, v_waiting, v_parked, v_by_activity
        FROM ledger_head h WHERE h.ledger_id = p_ledger;
    ELSE
        SELECT h.last_seq, h.last_time_us, h.last_lot_no, h.last_batch_no, h.config_version, h.erased, h.last_account_no, h.clock_offset_us,
               h.waiting_refunds, h.parked_earns, h.by_activity
        INTO last_seq, last_time_us, last_lot_no, last_batch_no, config_version, erased, v_last_account, v_offset_us, v_waiting, v_parked, v_by_activity
        FROM ledger_head h WHERE h.ledger_id = p_ledger FOR NO KEY UPDATE;
    END IF;
    IF NOT found THEN
        RAISE EXCEPTION 'ledger % is not open', p_ledger USING errcode = 'no_data_found';
    END IF;
    now_us := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint + v_offset_us, last_time_us + 1);
    v_now := timestamptz 'epoch' + now_us * interval '1 microsecond';
    IF p_peek THEN
        SELECT e.pos, e.partition_pos INTO last_pos, partition_pos FROM event_head e WHERE e.ledger_id = p_ledger;
    ELSE
        SELECT e.pos, e.partition_pos INTO last_pos, partition_pos FROM event_head e WHERE e.ledger_id = p_ledger FOR NO KEY UPDATE;
    END IF;

    accounts := p_accounts;
    IF cardinality(p_new_kinds) > 0 THEN
        IF p_peek IS NOT TRUE THEN
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
                SELECT p_ledger, m.account_no, CASE WHEN m.kind IN ('wallet', 'pending', 'budget') THEN 0 END FROM made m
                RETURNING account_no
            )
            UPDATE ledger_head h SET last_account_no = v_last_account + (SELECT count(*) FROM counted)
            WHERE h.ledger_id = p_ledger AND EXISTS (SELECT 1 FROM missing);
        END IF;
        SELECT array_agg(coalesce(a.account_no, -n.no::integer) ORDER BY n.no) INTO v_found
        FROM unnest(p_new_kinds, p_new_owners) WITH ORDINALITY n (kind, owner_id, no)
        LEFT JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = p_ledger AND account.kind = n.kind AND account.owner_id = n.owner_id LIMIT 1
        ) a ON true;
        accounts := p_accounts || v_found;
    END IF;

    SELECT array_agg(coalesce(b.credits - b.debits, 0) ORDER BY t.no), array_agg(coalesce(b.reserved - b.released, 0) ORDER BY t.no),
           array_agg(t.account_no ORDER BY t.no) FILTER (WHERE b.credit_floor IS NOT NULL),
           array_agg(b.credit_floor ORDER BY t.no) FILTER (WHERE b.credit_floor IS NOT NULL),
           array_agg(b.parks ORDER BY t.no) FILTER (WHERE b.credit_floor IS NOT NULL)
    INTO balances, held, floored, credit_floors, credit_parks
    FROM unnest(accounts) WITH ORDINALITY t (account_no, no)
    LEFT JOIN LATERAL (
        SELECT * FROM balance WHERE ledger_id = p_ledger AND balance.account_no = t.account_no LIMIT 1
    ) b ON true;

    SELECT array_agg(k.no::integer - 1), array_agg(d.content_hash), array_agg(d.seq), array_agg(d.refusal),
           array_agg(d.message), array_agg(d.metadata::text)
    INTO key_no, key_hash, key_seq, key_refusal, key_message, key_metadata
    FROM unnest(p_partner_at, p_keys) WITH ORDINALITY k (place, key, no)
    CROSS JOIN LATERAL (
        SELECT content_hash, seq, NULL AS refusal, NULL AS message, NULL::jsonb AS metadata FROM posting
        WHERE ledger_id = p_ledger AND partner_no = accounts[k.place] AND posting.key = k.key
        UNION ALL
        SELECT content_hash, seq, refusal, message, metadata FROM decision
        WHERE ledger_id = p_ledger AND partner_no = accounts[k.place] AND decision.key = k.key
        LIMIT 1
    ) d;

    SELECT array_agg(r.no::integer - 1), array_agg(p.seq), array_agg(p.content_hash)
    INTO ref_no, ref_seq, ref_hash
    FROM unnest(p_partner_at, p_kinds, p_references) WITH ORDINALITY r (place, kind, reference, no)
    CROSS JOIN LATERAL (
        SELECT seq, content_hash FROM posting
        WHERE ledger_id = p_ledger AND partner_no = accounts[r.place] AND kind = r.kind AND reference = r.reference LIMIT 1
    ) p;

    v_sales := key_seq || ref_seq;
    IF v_parked > 0 THEN
        -- Earns that are parked: under a key or with a reference of this batch, and those that it is about.
        WITH found AS (
            SELECT w.seq FROM unnest(p_partner_at, p_keys) k (place, key)
            CROSS JOIN LATERAL (
                SELECT seq FROM parked_earn
                WHERE ledger_id = p_ledger AND partner_no = accounts[k.place] AND parked_earn.key = k.key AND open LIMIT 1
            ) w
            UNION
            SELECT w.seq FROM unnest(p_partner_at, p_kinds, p_references) r (place, kind, reference)
            CROSS JOIN LATERAL (
                SELECT seq FROM parked_earn
                WHERE r.kind = 'earn' AND ledger_id = p_ledger AND partner_no = accounts[r.place]
                    AND parked_earn.reference = r.reference AND open LIMIT 1
            ) w
            UNION
            SELECT w.seq FROM unnest(p_parked) s (seq)
            CROSS JOIN LATERAL (SELECT seq FROM parked_earn WHERE ledger_id = p_ledger AND parked_earn.seq = s.seq AND open LIMIT 1) w
        )
        SELECT json_agg(parked_json(k, NULL))::text, array_agg(k.seq) INTO parked, v_parks
        FROM found f
        CROSS JOIN LATERAL (SELECT * FROM parked_earn WHERE ledger_id = p_ledger AND parked_earn.seq = f.seq LIMIT 1) k;
        v_sales := v_sales || v_parks;
    END IF;

    IF v_waiting > 0 THEN
        -- Refunds that wait for their originals: under a key or with a reference of this batch, for an earn of it or one that is
        -- parked and that it may take away, and some of those that have waited too long. There are few, and none at all where tills send sales first.
        WITH found AS (
            SELECT w.partner_no, w.key FROM unnest(p_partner_at, p_keys) k (place, key)
            CROSS JOIN LATERAL (
                SELECT partner_no, waiting_refund.key FROM waiting_refund
                WHERE ledger_id = p_ledger AND partner_no = accounts[k.place] AND waiting_refund.key = k.key AND open LIMIT 1
            ) w
            UNION
            SELECT w.partner_no, w.key FROM unnest(p_partner_at, p_kinds, p_references) r (place, kind, reference)
            CROSS JOIN LATERAL (
                SELECT partner_no, key FROM waiting_refund
                WHERE r.kind = 'refund' AND ledger_id = p_ledger AND partner_no = accounts[r.place]
                    AND waiting_refund.reference = r.reference AND open OFFSET 0
            ) w
            UNION
            SELECT w.partner_no, w.key FROM unnest(p_partner_at, p_kinds, p_references) r (place, kind, reference)
            CROSS JOIN LATERAL (
                SELECT partner_no, key FROM waiting_refund
                WHERE r.kind = 'earn' AND ledger_id = p_ledger AND partner_no = accounts[r.place]
                    AND original_reference = r.reference AND open OFFSET 0
            ) w
            UNION
            SELECT w.partner_no, w.key FROM unnest(v_parks) s (seq)
            CROSS JOIN LATERAL (
                SELECT partner_no, reference FROM parked_earn WHERE ledger_id = p_ledger AND parked_earn.seq = s.seq LIMIT 1
            ) k
            CROSS JOIN LATERAL (
                SELECT partner_no, key FROM waiting_refund
                WHERE ledger_id = p_ledger AND partner_no = k.partner_no AND original_reference = k.reference AND open OFFSET 0
            ) w
            UNION
            (
                SELECT partner_no, key FROM waiting_refund
                WHERE ledger_id = p_ledger AND open AND arrived_at < v_now - p_patience_us * interval '1 microsecond'
                    -- (While its sale is parked it waits for that.)
                    AND NOT EXISTS (
                        SELECT 1 FROM parked_earn k WHERE v_parked > 0 AND k.ledger_id = p_ledger AND k.partner_no = waiting_refund.partner_no
                            AND k.reference = waiting_refund.original_reference AND k.open
                    )
                ORDER BY arrived_at LIMIT 64
            )
        )
        -- As JSON: a driver would have to ask what a type of its own is on every new connection, before its first batch.
        SELECT json_agg(json_build_object(
            'partner_no', w.partner_no, 'partner_id', a.owner_id, 'key', w.key, 'batch_no', w.batch_no, 'item_no', w.item_no,
            'content_hash', encode(w.content_hash, 'hex'), 'reference', w.reference, 'original_reference', w.original_reference,
            'arrived_us', (extract(epoch FROM w.arrived_at) * 1000000)::bigint,
            'occurred_us', (extract(epoch FROM w.occurred_at) * 1000000)::bigint, 'amount_minor', w.amount_minor,
            'store_id', w.store_id, 'till', w.till, 'business_date', w.business_date, 'receipt_number', w.receipt_number,
            'channel', w.channel, 'lines', w.lines::text, 'traceparent', w.traceparent,
            'of_parked', EXISTS (
                SELECT 1 FROM parked_earn k WHERE v_parked > 0 AND k.ledger_id = p_ledger AND k.partner_no = w.partner_no
                    AND k.reference = w.original_reference AND k.open
            )
        ))::text
        INTO waiting
        FROM found f
        CROSS JOIN LATERAL (
            SELECT * FROM waiting_refund
            WHERE ledger_id = p_ledger AND waiting_refund.partner_no = f.partner_no AND waiting_refund.key = f.key LIMIT 1
        ) w
        CROSS JOIN LATERAL (
            SELECT owner_id FROM account WHERE ledger_id = p_ledger AND account_no = w.partner_no LIMIT 1
        ) a;
    END IF;

    IF v_sales IS NOT NULL THEN
        -- What was asked before: with the burns that were posted with its sales, be it while those were parked.
        SELECT array_agg(s.seq), array_agg(b.seq), array_agg(b.content_hash) INTO linked_to, linked_seq, linked_hash
        FROM (SELECT DISTINCT seq FROM unnest(v_sales) s (seq)) s
        CROSS JOIN LATERAL (SELECT kind, original_seq FROM posting WHERE ledger_id = p_ledger AND posting.seq = s.seq LIMIT 1) o
        CROSS JOIN LATERAL (
            SELECT seq, content_hash FROM posting
            WHERE ledger_id = p_ledger AND original_seq = CASE o.kind WHEN 'earn' THEN coalesce(o.original_seq, s.seq) ELSE s.seq END
                AND kind IN ('redeem', 'capture') LIMIT 1
        ) b;
    END IF;

    SELECT array_agg(c.member_id) INTO closed
    FROM closed_member c WHERE c.ledger_id = p_ledger AND c.member_id = ANY (p_members);

    -- What most ledgers have nothing of is asked for together: a statement costs more than what it finds here.
    SELECT EXISTS (SELECT 1 FROM burn_bar b WHERE b.ledger_id = p_ledger),
           EXISTS (SELECT 1 FROM merged_wallet m WHERE m.ledger_id = p_ledger),
           EXISTS (SELECT 1 FROM debt d WHERE d.ledger_id = p_ledger AND d.open)
    INTO v_bars, v_merged, v_debts;
    -- Members who may not burn somewhere: staff there, or nobody's yet.
    IF v_bars THEN
        SELECT array_agg(b.member_id), array_agg(b.partner_id) INTO barred_member, barred_at
        FROM unnest(p_members) m (member_id)
        CROSS JOIN LATERAL (
            SELECT burn_bar.member_id, burn_bar.partner_id FROM burn_bar
            WHERE burn_bar.ledger_id = p_ledger AND burn_bar.member_id = m.member_id AND burn_bar.barred LIMIT 1000
        ) b;
    END IF;

    -- Wallets that were given up.
    IF v_merged THEN
        SELECT array_agg(w.no::integer - 1), array_agg(i.owner_id) INTO merged_member, merged_into
        FROM unnest(p_wallet_at) WITH ORDINALITY w (place, no)
        CROSS JOIN LATERAL (
            SELECT into_wallet FROM merged_wallet WHERE ledger_id = p_ledger AND from_wallet = accounts[w.place] LIMIT 1
        ) m
        CROSS JOIN LATERAL (
            SELECT owner_id FROM account WHERE ledger_id = p_ledger AND account_no = m.into_wallet LIMIT 1
        ) i;
    END IF;
    IF cardinality(p_givers) > 0 THEN
        -- What members who give points have given since the day began in the programme's zone.
        SELECT array_agg((
            SELECT coalesce(sum(p.amount), 0)::bigint FROM posting p
            WHERE p.ledger_id = p_ledger AND p.wallet_no = accounts[g.place] AND p.kind = 'transfer'
                AND p.recorded_at >= date_trunc('day', v_now, l.zone)
        ) ORDER BY g.no) INTO given_today
        FROM ledger l CROSS JOIN unnest(p_givers) WITH ORDINALITY g (place, no) WHERE l.ledger_id = p_ledger;
    END IF;

    IF cardinality(p_burner_at) > 0 THEN
        -- What members who burn at partners that bound it have burned there today, and what open holds of those set aside.
        SELECT (v_now AT TIME ZONE l.zone)::date INTO today FROM ledger l WHERE l.ledger_id = p_ledger;
        SELECT array_agg((
            SELECT coalesce(sum(w.points), 0)::bigint FROM burn_worth w
            WHERE w.ledger_id = p_ledger AND w.wallet_no = accounts[b.wallet] AND w.partner_no = accounts[b.partner] AND w.day = today AND w.burned
        ) + (
            SELECT coalesce(sum(h.points), 0)::bigint FROM hold h
            WHERE held[b.wallet] > 0 AND h.ledger_id = p_ledger AND h.wallet_no = accounts[b.wallet] AND h.open
                AND h.partner_no = accounts[b.partner]
        ) ORDER BY b.no) INTO burned_today
        FROM unnest(p_burner_at, p_taker_at) WITH ORDINALITY b (wallet, partner, no);
    END IF;

    open_holds := array_fill(0, ARRAY[cardinality(p_wallet_at)]);
    IF 0 < ANY (held) AND 0 < ANY (p_burns) THEN
        SELECT array_agg(CASE WHEN w.burn > 0 AND held[w.place] > 0 THEN (
            SELECT count(*) FROM hold WHERE ledger_id = p_ledger AND wallet_no = accounts[w.place] AND open
        ) ELSE 0 END ORDER BY w.no) INTO open_holds
        FROM unnest(p_wallet_at, p_burns) WITH ORDINALITY w (place, burn, no);
    END IF;

    IF v_by_activity THEN
        -- When each wallet expires as a whole (0: nothing was done there yet), and those in which that time has come.
        SELECT array_agg(coalesce((extract(epoch FROM b.expires_at) * 1000000)::bigint, 0) ORDER BY w.no),
               array_agg(w.no) FILTER (WHERE b.expires_at <= v_now)
        INTO wallet_expires_us, v_idle
        FROM unnest(p_wallet_at) WITH ORDINALITY w (place, no)
        CROSS JOIN LATERAL (
            SELECT expires_at FROM balance WHERE ledger_id = p_ledger AND balance.account_no = accounts[w.place] LIMIT 1
        ) b;
    END IF;

    -- Open holds whose time is over, of every wallet; and those that shall be resolved. With the lots they reserved.
    IF 0 < ANY (held) THEN
        SELECT array_agg(w.no::integer - 1), array_agg(h.seq), array_agg(p.transaction_id), array_agg(i.owner_id),
               array_agg(h.partner_no), array_agg(h.points), array_agg((extract(epoch FROM h.expires_at) * 1000000)::bigint)
        INTO hold_member, hold_seqs, hold_ids, hold_partners, hold_partner_nos, hold_points, hold_expires_us
        FROM unnest(p_wallet_at) WITH ORDINALITY w (place, no)
        CROSS JOIN LATERAL (
            SELECT * FROM hold
            WHERE held[w.place] > 0 AND ledger_id = p_ledger AND wallet_no = accounts[w.place] AND open
                AND (expires_at <= v_now OR seq = ANY (p_holds))
            OFFSET 0
        ) h
        CROSS JOIN LATERAL (
            SELECT transaction_id FROM posting WHERE ledger_id = p_ledger AND seq = h.seq LIMIT 1
        ) p
        CROSS JOIN LATERAL (
            SELECT owner_id FROM account WHERE ledger_id = p_ledger AND account_no = h.partner_no LIMIT 1
        ) i;
        IF hold_seqs IS NOT NULL THEN
            SELECT array_agg(l.hold_seq), array_agg(h.member), array_agg(l.lot_no), array_agg(l.points)
            INTO part_hold, part_member, part_lot, part_points
            FROM unnest(hold_seqs, hold_member) h (seq, member)
            CROSS JOIN LATERAL (
                SELECT * FROM hold_lot WHERE ledger_id = p_ledger AND hold_lot.hold_seq = h.seq OFFSET 0
            ) l;
        END IF;
    END IF;

    -- Debts that are open, of every wallet.
    IF v_debts THEN
        SELECT array_agg(w.no::integer - 1 ORDER BY d.seq), array_agg(d.seq ORDER BY d.seq), array_agg(i.owner_id ORDER BY d.seq),
               array_agg(d.original_seq ORDER BY d.seq), array_agg(d.remaining ORDER BY d.seq), array_agg(a.account_no ORDER BY d.seq),
               array_agg(d.partner_no ORDER BY d.seq)
        INTO debt_member, debt_seq, debt_partner, debt_original, debt_left, debt_account, debt_partner_no
        FROM unnest(p_wallet_at, p_members) WITH ORDINALITY w (place, member_id, no)
        CROSS JOIN LATERAL (
            SELECT * FROM debt WHERE ledger_id = p_ledger AND wallet_no = accounts[w.place] AND open OFFSET 0
        ) d
        CROSS JOIN LATERAL (
            SELECT owner_id FROM account WHERE ledger_id = p_ledger AND account_no = d.partner_no LIMIT 1
        ) i
        CROSS JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = p_ledger AND kind = 'debt' AND owner_id = w.member_id LIMIT 1
        ) a;
    END IF;
    v_owed := array_fill(0::bigint, ARRAY[greatest(1, cardinality(p_members))]);
    IF debt_seq IS NOT NULL THEN
        FOR i IN 1..cardinality(debt_seq) LOOP
            v_owed[debt_member[i] + 1] := v_owed[debt_member[i] + 1] + debt_left[i];
        END LOOP;
    END IF;

    IF cardinality(p_floored) > 0 THEN
        -- Of partners whose floor is to be set: the one that was set last.
        SELECT array_agg(f.floor ORDER BY p.no), array_agg(f.parks ORDER BY p.no), array_agg(f.basis_seq ORDER BY p.no),
               array_agg(f.seq ORDER BY p.no)
        INTO floor_set, floor_parks, floor_basis, floor_seq
        FROM unnest(p_floored) WITH ORDINALITY p (place, no)
        LEFT JOIN LATERAL (
            SELECT floor, parks, basis_seq, seq FROM floor_change
            WHERE ledger_id = p_ledger AND partner_no = accounts[p.place] ORDER BY seq DESC LIMIT 1
        ) f ON true;
    END IF;

    IF cardinality(p_originals) > 0 THEN
        SELECT array_agg(o.seq), array_agg(f.no), array_agg(f.given), array_agg(f.returned), array_agg(f.taken), array_agg(f.money),
               array_agg(f.tender_order)
        INTO refunded, refund_no, refund_given, refund_returned, refund_taken, refund_money, refund_order
        FROM unnest(p_originals) o (seq)
        CROSS JOIN LATERAL (
            SELECT max(no) AS no, sum(given)::bigint AS given, sum(returned)::bigint AS returned, sum(clawed_back + owed)::bigint AS taken,
                   sum(money_minor)::bigint AS money, min(tender_order) AS tender_order
            FROM refund WHERE ledger_id = p_ledger AND original_seq = o.seq
        ) f
        WHERE f.no IS NOT NULL;
    END IF;
    IF cardinality(p_grants) > 0 THEN
        -- Of sales that are refunded and that campaigns gave points for: what was taken back so far of those.
        SELECT array_agg(g.seq), array_agg(t.taken) INTO grant_seq, grant_taken
        FROM unnest(p_grants) g (seq)
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount), 0)::bigint AS taken FROM posting
            WHERE ledger_id = p_ledger AND original_seq = g.seq AND kind IN ('clawback', 'owe')
        ) t;
    END IF;

    -- Of every wallet the overdue lots, and those that are due to mature (of one that is merged all that are pending). Which lots is
    -- found by statements of their own, since most batches need the first alone; what they are is read once. One may come more than once.
    SELECT array_agg(l.member), array_agg(l.lot_no) INTO lot_member, v_lots
    FROM (
        SELECT w.no::integer - 1 AS member, o.lot_no
        FROM unnest(p_wallet_at) WITH ORDINALITY w (place, no)
        CROSS JOIN LATERAL (
            SELECT i.lot_no FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = accounts[w.place] AND i.open AND NOT i.pending
                AND i.expires_at <= v_now AND i.remaining > i.reserved
            OFFSET 0
        ) o
        UNION ALL
        SELECT w.no::integer - 1, o.lot_no
        FROM unnest(p_wallet_at, p_burns) WITH ORDINALITY w (place, burn, no)
        CROSS JOIN LATERAL (
            SELECT i.lot_no FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = accounts[w.place] AND i.open AND i.pending
                AND (i.matures_at <= v_now OR w.burn >= 1000000000000000)
            OFFSET 0
        ) o
    ) l;
    IF debt_seq IS NOT NULL OR 0 < ANY (p_burns) THEN
        -- Of those that burn or owe as many live ones, in order, as that needs.
        SELECT lot_member || array_agg(w.no::integer - 1), v_lots || array_agg(o.lot_no) INTO lot_member, v_lots
        FROM unnest(p_wallet_at, p_burns) WITH ORDINALITY w (place, burn, no)
        CROSS JOIN LATERAL (
            SELECT i.lot_no, i.remaining - i.reserved AS free,
                sum(i.remaining - i.reserved) OVER (ORDER BY i.expires_at, i.earned_at, i.lot_no) AS reached
            FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = accounts[w.place] AND i.open AND NOT i.pending AND i.expires_at > v_now
        ) o
        WHERE w.burn + v_owed[w.no] > 0 AND o.free > 0 AND o.reached - o.free < w.burn + v_owed[w.no];
    END IF;
    -- Those that the holds above reserved, and those that burns which are refunded took from.
    lot_member := lot_member || part_member || p_back_member;
    v_lots := v_lots || part_lot || p_back_lots;
    IF cardinality(p_originals) > 0 THEN
        -- Those of earns that are refunded.
        SELECT lot_member || array_agg(r.member), v_lots || array_agg(o.lot_no) INTO lot_member, v_lots
        FROM unnest(p_originals, p_original_member) r (seq, member)
        CROSS JOIN LATERAL (
            SELECT i.lot_no FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = accounts[p_wallet_at[r.member + 1]] AND i.open
                AND NOT i.pending AND coalesce(i.earned_seq, i.opened_seq) = r.seq
            UNION ALL
            SELECT i.lot_no FROM lot i WHERE i.ledger_id = p_ledger AND i.account_no = accounts[p_wallet_at[r.member + 1]] AND i.open
                AND i.pending AND i.opened_seq = r.seq
            OFFSET 0
        ) o;
    END IF;
    IF v_idle IS NOT NULL THEN
        -- And of wallets that are over as a whole those without a date.
        SELECT lot_member || array_agg(w.no::integer - 1), v_lots || array_agg(o.lot_no) INTO lot_member, v_lots
        FROM unnest(v_idle) w (no)
        CROSS JOIN LATERAL (
            SELECT l.lot_no FROM lot l WHERE l.ledger_id = p_ledger AND l.account_no = accounts[p_wallet_at[w.no]] AND l.open AND NOT l.pending
                AND l.expires_at = 'infinity' AND l.remaining > l.reserved
            OFFSET 0
        ) o;
    END IF;
    IF cardinality(v_lots) > 0 THEN
        SELECT array_agg(n.member), array_agg(l.lot_no), array_agg(i.owner_id), array_agg(l.point_type),
               array_agg(l.remaining), array_agg(l.reserved), array_agg((extract(epoch FROM l.earned_at) * 1000000)::bigint),
               array_agg(CASE WHEN isfinite(l.expires_at) THEN (extract(epoch FROM l.expires_at) * 1000000)::bigint ELSE 0 END),
               array_agg(coalesce(l.earned_seq, l.opened_seq)),
               array_agg(CASE WHEN l.pending THEN (extract(epoch FROM l.matures_at) * 1000000)::bigint ELSE 0 END),
               array_agg(coalesce(l.pending_no, 0)), array_agg(l.account_no <> accounts[p_wallet_at[n.member + 1]])
        INTO lot_member, lot_nos, lot_issuers, lot_types, lot_remaining, lot_reserved, lot_earned_us, lot_expires_us, lot_earned_seq,
             lot_matures_us, lot_pending_no, lot_elsewhere
        FROM unnest(lot_member, v_lots) n (member, lot_no)
        CROSS JOIN LATERAL (SELECT * FROM lot WHERE ledger_id = p_ledger AND lot.lot_no = n.lot_no LIMIT 1) l
        CROSS JOIN LATERAL (SELECT owner_id FROM account WHERE ledger_id = p_ledger AND account_no = l.issuer_no LIMIT 1) i;
    END IF;
END
$$
--;;
-- What a posting writes, in one row: journal, lot, purchase, event. One array of such rows goes over the wire
-- four times faster than an array per column.
CREATE TYPE door_posting AS (
    transaction_id uuid, kind text, wallet_no integer, partner_no integer, reference text, key text, item_no smallint,
    content_hash bytea, points bigint, balance_after bigint, occurred_us bigint, expires_us bigint,
    debit_no integer, credit_no integer, amount bigint, original_seq bigint, lot_no bigint, matures_us bigint, issuer_no integer,
    store_id uuid, till text, business_date text, receipt_number text, channel text, entry_mode text,
    sale_minor bigint, lines text, tenders text, points_minor bigint, rate_points integer, rate_per_minor integer, rate_pending_days smallint,
    event_type text, event_partner_id uuid, partition smallint, partition_prev bigint, traceparent text, payload bytea
)
--;;
-- What is remembered of an item that posted nothing: a refusal, or another key for an earlier posting.
CREATE TYPE door_decision AS (
    partner_no integer, key text, item_no smallint, content_hash bytea, seq bigint, refusal text, message text, metadata text
)
--;;
-- Points of a lot: taken or given back by the posting seq, or reserved by the hold seq; or points of a debt that it paid.
CREATE TYPE door_use AS (seq bigint, lot_no bigint, points bigint)
--;;
CREATE TYPE door_hold AS (seq bigint, points bigint, expires_us bigint, wallet_no integer, partner_no integer)
--;;
CREATE TYPE door_hold_end AS (hold_seq bigint, seq bigint, held bigint, captured bigint)
--;;
-- Points of a lot that go on in a new one, a child of the old: in another wallet, or since the old one has expired. expires_us
-- NULL: never. origin_no: where its issuer and type are found, since the old one may be as new as the child itself.
CREATE TYPE door_child AS (
    lot_no bigint, seq bigint, points bigint, earned_us bigint, expires_us bigint, wallet_no integer, parent_no bigint, earned_seq bigint,
    origin_no bigint
)
--;;
CREATE TYPE door_refund AS (
    seq bigint, original_seq bigint, no integer, whole bigint, given_before bigint, given bigint, returned bigint, clawed_back bigint,
    owed bigint, written_off bigint, money_minor bigint, tender_order text, store_id uuid, till text, business_date text,
    receipt_number text, channel text, lines text
)
--;;
CREATE TYPE door_debt AS (seq bigint, original_seq bigint, points bigint, wallet_no integer, partner_no integer)
--;;
CREATE TYPE door_floor AS (seq bigint, partner_no integer, floor bigint, parks boolean, basis_seq bigint, set_by text)
--;;
CREATE TYPE door_adjustment AS (
    seq bigint, points bigint, limit_points bigint, reason text, made_by text, note_id uuid, note text, proposal_id uuid, content_hash bytea
)
--;;
CREATE TYPE door_merge AS (from_wallet integer, into_wallet integer, seq bigint)
--;;
CREATE TYPE door_grant AS (seq bigint, earn_seq bigint, campaign_id uuid, version integer)
--;;
CREATE TYPE door_load AS (seq bigint, campaign_id uuid, points bigint, loaded_by text)
--;;
CREATE TYPE door_waiting AS (
    partner_no integer, key text, item_no smallint, content_hash bytea, reference text, original_reference text, occurred_us bigint,
    amount_minor bigint, store_id uuid, till text, business_date text, receipt_number text, channel text, lines text, traceparent text
)
--;;
CREATE TYPE door_parked AS (
    seq bigint, partner_no integer, key text, content_hash bytea, reference text, points bigint, amount_minor bigint, points_minor bigint,
    store_id uuid, till text, business_date text, receipt_number text, channel text, entry_mode text, lines text, tenders text,
    traceparent text
)
--;;
CREATE TYPE door_key AS (partner_no integer, key text)
--;;
-- What points are worth that the posting seq burned, or set aside.
CREATE TYPE door_worth AS (
    seq bigint, points bigint, worth_minor bigint, basket_minor bigint, rule_version bigint, wallet_no integer, partner_no integer, day date,
    burned boolean
)
--;;
-- Second half of the door: write what was decided. Refuses unless the head is where the decisions started.
-- The first posting gets the seq after it, the time p_first_time_us and the position p_first_pos, each that
-- follows one more of all three. p_expires is empty unless the ledger is by activity. p_words: for each posting 48 bytes, the
-- salt and the hash of what was asked in words, zeros for the ledger's own acts; then as many for each refund that waits, and for
-- each earn that is parked.
CREATE FUNCTION ledger_write(
    p_ledger smallint, p_expected_seq bigint, p_first_time_us bigint, p_last_lot_no bigint, p_batch_no bigint,
    p_first_pos bigint, p_partition_pos bigint [],
    p_postings door_posting [], p_decisions door_decision [], p_uses door_use [],
    p_accounts integer [], p_debits bigint [], p_credits bigint [], p_reserved bigint [], p_released bigint [], p_expires bigint [],
    p_lots bigint [], p_lot_remaining bigint [], p_lot_reserved bigint [], p_lot_pending boolean [], p_matured door_use [],
    p_holds door_hold [], p_hold_lots door_use [], p_hold_ends door_hold_end [],
    p_refunds door_refund [], p_returns door_use [], p_children door_child [],
    p_debts door_debt [], p_paid door_use [], p_debt_seqs bigint [], p_debt_left bigint [],
    p_floors door_floor [], p_adjustments door_adjustment [], p_merges door_merge [], p_waiting door_waiting [], p_waited door_key [],
    p_grants door_grant [], p_loads door_load [],
    p_parked door_parked [], p_unparked bigint [],
    p_worths door_worth [],
    p_words bytea
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint := cardinality(p_postings);
    v_postings CONSTANT integer := cardinality(p_postings);
    v_waits_no CONSTANT integer := cardinality(p_waiting);
    v_last_account integer;
    v_beside bytea;
    v_waits bytea;
    v_chain bytea;
    v_us CONSTANT interval := interval '1 microsecond';
    v_epoch CONSTANT timestamptz := timestamptz 'epoch';
    v_last_us CONSTANT bigint := p_first_time_us + greatest(0, v_count - 1);
    v_before CONSTANT timestamptz := timestamptz 'epoch' + (p_first_time_us - 1) * interval '1 microsecond';
BEGIN
    SELECT last_account_no INTO v_last_account FROM ledger_head h
    WHERE h.ledger_id = p_ledger AND h.last_seq = p_expected_seq AND h.last_batch_no = p_batch_no - 1 FOR NO KEY UPDATE;
    IF NOT found THEN
        RAISE EXCEPTION 'the head of ledger % is not at %', p_ledger, p_expected_seq USING errcode = 'serialization_failure';
    END IF;

    IF v_count > 0 THEN
        WITH row AS MATERIALIZED (
            SELECT *, p_expected_seq + no AS seq, v_before + no * v_us AS recorded_at, v_epoch + occurred_us * v_us AS occurred_at,
                   v_epoch + expires_us * v_us AS expires_at
            FROM unnest(p_postings) WITH ORDINALITY p (
                transaction_id, kind, wallet_no, partner_no, reference, key, item_no, content_hash, points, balance_after, occurred_us,
                expires_us, debit_no, credit_no, amount, original_seq, lot_no, matures_us, issuer_no, store_id, till, business_date, receipt_number,
                channel, entry_mode, sale_minor, lines, tenders, points_minor, rate_points, rate_per_minor, rate_pending_days, event_type,
                event_partner_id, partition,
                partition_prev, traceparent, payload, no
            )
        ), journal AS (
            INSERT INTO posting (
                seq, points, balance_after, amount, occurred_at, recorded_at, expires_at, debit_no, credit_no, wallet_no, partner_no,
                ledger_id, item_no, original_seq, transaction_id, kind, reference, key, content_hash, salt,
                words_hash
            )
            SELECT seq, points, balance_after, amount, occurred_at, recorded_at, expires_at, debit_no, credit_no, wallet_no, partner_no,
                   p_ledger, item_no, original_seq, transaction_id, kind, reference, key, content_hash,
                   CASE WHEN key IS NOT NULL THEN substring(p_words, (48 * no - 47)::integer, 16) END,
                   CASE WHEN key IS NOT NULL THEN substring(p_words, (48 * no - 31)::integer, 32) END
            FROM row
        ), lots AS (
            INSERT INTO lot (
                lot_no, opened_seq, original, remaining, earned_at, expires_at, account_no, issuer_no, ledger_id, open, point_type, pending,
                pending_no, matures_at
            )
            SELECT lot_no, seq, amount, amount, occurred_at, coalesce(expires_at, 'infinity'), wallet_no, coalesce(issuer_no, partner_no), p_ledger,
                   true, CASE kind WHEN 'grant' THEN 'bonus' ELSE 'base' END, matures_us IS NOT NULL, CASE WHEN matures_us IS NOT NULL THEN credit_no END, v_epoch + matures_us * v_us
            FROM row WHERE lot_no IS NOT NULL
        ), purchases AS (
            INSERT INTO purchase (
                seq, amount_minor, points_minor, rate_points, rate_per_minor, rate_pending_days, store_id, ledger_id, till, business_date, receipt_number, channel,
                entry_mode, lines, tenders
            )
            SELECT seq, sale_minor, points_minor, rate_points, rate_per_minor, rate_pending_days, store_id, p_ledger, till, business_date, receipt_number, channel,
                   entry_mode, lines::json, tenders::json
            FROM row WHERE sale_minor IS NOT NULL
        )
        INSERT INTO event_log (ledger_id, pos, type, partition, partition_prev, partner_id, seq, recorded_at, traceparent, payload)
        SELECT p_ledger, p_first_pos + no - 1, event_type, partition, partition_prev, event_partner_id, seq, recorded_at, traceparent, payload
        FROM row;

        UPDATE event_head h SET pos = p_first_pos + v_count - 1, partition_pos = p_partition_pos WHERE h.ledger_id = p_ledger;
    END IF;
    IF cardinality(p_decisions) > 0 THEN
        WITH added AS (
            INSERT INTO decision (ledger_id, partner_no, key, batch_no, item_no, content_hash, seq, refusal, message, metadata)
            SELECT p_ledger, d.partner_no, d.key, p_batch_no, d.item_no, d.content_hash, d.seq, d.refusal, d.message, d.metadata::jsonb
            FROM unnest(p_decisions) d
            RETURNING *
        )
        SELECT string_agg(chain_decision(added), '' ORDER BY partner_no, key COLLATE "C") INTO v_beside FROM added;
    END IF;
    IF cardinality(p_floors) > 0 THEN
        INSERT INTO floor_change (ledger_id, seq, partner_no, floor, parks, basis_seq, set_by)
        SELECT p_ledger, f.seq, f.partner_no, f.floor, f.parks, f.basis_seq, f.set_by FROM unnest(p_floors) f;
        -- While the counters move, the lowest of the floors that were in force within the batch holds; then the last.
        UPDATE balance b SET credit_floor = CASE WHEN NOT f.unbound THEN least(b.credit_floor, f.lowest) END
        FROM (SELECT partner_no, min(floor) AS lowest, bool_or(floor IS NULL) AS unbound FROM unnest(p_floors) GROUP BY partner_no) f
        WHERE b.ledger_id = p_ledger AND b.account_no = f.partner_no AND b.credit_floor IS NOT NULL;
    END IF;
    IF cardinality(p_waiting) > 0 THEN
        WITH added AS (
            INSERT INTO waiting_refund (
                ledger_id, partner_no, key, batch_no, item_no, content_hash, reference, original_reference, arrived_at, occurred_at,
                amount_minor, store_id, till, business_date, receipt_number, channel, lines, traceparent, open, salt, words_hash
            )
            SELECT p_ledger, w.partner_no, w.key, p_batch_no, w.item_no, w.content_hash, w.reference, w.original_reference,
                   v_epoch + p_first_time_us * v_us, v_epoch + w.occurred_us * v_us, w.amount_minor, w.store_id, w.till, w.business_date,
                   w.receipt_number, w.channel, w.lines::json, w.traceparent, true,
                   substring(p_words, (48 * (v_postings + w.no) - 47)::integer, 16),
                   substring(p_words, (48 * (v_postings + w.no) - 31)::integer, 32)
            FROM unnest(p_waiting) WITH ORDINALITY w (
                partner_no, key, item_no, content_hash, reference, original_reference, occurred_us, amount_minor, store_id, till,
                business_date, receipt_number, channel, lines, traceparent, no
            )
            RETURNING *
        )
        SELECT string_agg(chain_wait(added), '' ORDER BY partner_no, key COLLATE "C") INTO v_waits FROM added;
        v_beside := coalesce(v_beside, '') || v_waits;
    END IF;
    IF cardinality(p_waited) > 0 THEN
        UPDATE waiting_refund w SET open = false FROM unnest(p_waited) e
        WHERE w.ledger_id = p_ledger AND w.partner_no = e.partner_no AND w.key = e.key AND w.open;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> cardinality(p_waited) THEN
            RAISE EXCEPTION 'a refund of ledger % that ends waits no more', p_ledger USING errcode = 'foreign_key_violation';
        END IF;
    END IF;
    IF cardinality(p_parked) > 0 THEN
        INSERT INTO parked_earn (
            ledger_id, seq, partner_no, key, content_hash, reference, points, amount_minor, points_minor, store_id, till, business_date,
            receipt_number, channel, entry_mode, lines, tenders, traceparent, open, salt, words_hash
        )
        SELECT p_ledger, k.seq, k.partner_no, k.key, k.content_hash, k.reference, k.points, k.amount_minor, k.points_minor, k.store_id,
               k.till, k.business_date, k.receipt_number, k.channel, k.entry_mode, k.lines::json, k.tenders::json, k.traceparent, true,
               substring(p_words, (48 * (v_postings + v_waits_no + k.no) - 47)::integer, 16),
               substring(p_words, (48 * (v_postings + v_waits_no + k.no) - 31)::integer, 32)
        FROM unnest(p_parked) WITH ORDINALITY k (
            seq, partner_no, key, content_hash, reference, points, amount_minor, points_minor, store_id, till, business_date,
            receipt_number, channel, entry_mode, lines, tenders, traceparent, no
        );
    END IF;
    IF cardinality(p_unparked) > 0 THEN
        UPDATE parked_earn k SET open = false FROM unnest(p_unparked) e (seq)
        WHERE k.ledger_id = p_ledger AND k.seq = e.seq AND k.open;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> cardinality(p_unparked) THEN
            RAISE EXCEPTION 'an earn of ledger % that ends is parked no more', p_ledger USING errcode = 'foreign_key_violation';
        END IF;
    END IF;
    IF cardinality(p_accounts) > 0 THEN
        UPDATE balance b SET debits = b.debits + t.debit, credits = b.credits + t.credit,
            reserved = b.reserved + t.reserve, released = b.released + t.release,
            expires_at = coalesce(v_epoch + t.expires * v_us, b.expires_at)
        FROM (
            SELECT t.debit, t.credit, t.reserve, t.release, t.expires, f.ctid AS place
            FROM unnest(p_accounts, p_debits, p_credits, p_reserved, p_released, p_expires) t (account_no, debit, credit, reserve, release, expires)
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
    IF cardinality(p_floors) > 0 THEN
        UPDATE balance b SET credit_floor = f.floor, parks = f.parks
        FROM (SELECT DISTINCT ON (partner_no) partner_no, floor, parks FROM unnest(p_floors) ORDER BY partner_no, seq DESC) f
        WHERE b.ledger_id = p_ledger AND b.account_no = f.partner_no;
    END IF;
    IF cardinality(p_uses) > 0 THEN
        INSERT INTO lot_use (ledger_id, seq, lot_no, points)
        SELECT p_ledger, u.seq, u.lot_no, u.points FROM unnest(p_uses) u;
    END IF;
    IF cardinality(p_children) > 0 THEN
        INSERT INTO lot (
            lot_no, opened_seq, original, remaining, earned_at, expires_at, account_no, issuer_no, ledger_id, open, point_type, parent_no, earned_seq
        )
        SELECT c.lot_no, c.seq, c.points, c.points, v_epoch + c.earned_us * v_us,
               coalesce(v_epoch + c.expires_us * v_us, 'infinity'), c.wallet_no, l.issuer_no,
               p_ledger, true, l.point_type, c.parent_no, c.earned_seq
        FROM unnest(p_children) c
        CROSS JOIN LATERAL (
            SELECT issuer_no, point_type FROM lot WHERE ledger_id = p_ledger AND lot.lot_no = c.origin_no LIMIT 1
        ) l;
        GET DIAGNOSTICS v_count = ROW_COUNT;
        IF v_count <> cardinality(p_children) THEN
            RAISE EXCEPTION 'a lot of ledger % comes of none', p_ledger USING errcode = 'foreign_key_violation';
        END IF;
    END IF;
    IF cardinality(p_returns) > 0 THEN
        INSERT INTO lot_return (ledger_id, seq, lot_no, points)
        SELECT p_ledger, r.seq, r.lot_no, r.points FROM unnest(p_returns) r;
    END IF;
    IF cardinality(p_lots) > 0 THEN
        -- A statement of its own, after the lots of this batch were opened: they may be used in it already.
        UPDATE lot l SET remaining = t.remaining, reserved = t.reserved, open = t.remaining > 0, pending = t.pending
        FROM (
            SELECT t.remaining, t.reserved, t.pending, f.ctid AS place
            FROM unnest(p_lots, p_lot_remaining, p_lot_reserved, p_lot_pending) t (lot_no, remaining, reserved, pending)
            CROSS JOIN LATERAL (
                SELECT ctid FROM lot WHERE ledger_id = p_ledger AND lot.lot_no = t.lot_no LIMIT 1
            ) f
        ) t
        WHERE l.ctid = t.place;
    END IF;
    IF cardinality(p_matured) > 0 THEN
        INSERT INTO lot_matured (ledger_id, seq, lot_no, points)
        SELECT p_ledger, m.seq, m.lot_no, m.points FROM unnest(p_matured) m;
    END IF;
    IF cardinality(p_holds) > 0 THEN
        INSERT INTO hold (ledger_id, seq, points, expires_at, wallet_no, partner_no, open)
        SELECT p_ledger, h.seq, h.points, v_epoch + h.expires_us * v_us, h.wallet_no, h.partner_no, true FROM unnest(p_holds) h;
        INSERT INTO hold_lot (ledger_id, hold_seq, lot_no, points)
        SELECT p_ledger, r.seq, r.lot_no, r.points FROM unnest(p_hold_lots) r;
    END IF;
    IF cardinality(p_hold_ends) > 0 THEN
        INSERT INTO hold_end (ledger_id, hold_seq, seq, held, captured)
        SELECT p_ledger, e.hold_seq, e.seq, e.held, e.captured FROM unnest(p_hold_ends) e;
        UPDATE hold h SET open = false FROM unnest(p_hold_ends) e WHERE h.ledger_id = p_ledger AND h.seq = e.hold_seq;
    END IF;
    IF cardinality(p_refunds) > 0 THEN
        INSERT INTO refund (
            ledger_id, seq, original_seq, no, whole, given_before, given, returned, clawed_back, owed, written_off, money_minor, tender_order,
            store_id, till, business_date, receipt_number, channel, lines
        )
        SELECT p_ledger, f.seq, f.original_seq, f.no, f.whole, f.given_before, f.given, f.returned, f.clawed_back, f.owed, f.written_off,
               f.money_minor, f.tender_order, f.store_id, f.till, f.business_date, f.receipt_number, f.channel, f.lines::json
        FROM unnest(p_refunds) f;
    END IF;
    IF cardinality(p_debts) > 0 THEN
        INSERT INTO debt (ledger_id, seq, original_seq, points, remaining, wallet_no, partner_no, open)
        SELECT p_ledger, d.seq, d.original_seq, d.points, d.points, d.wallet_no, d.partner_no, true FROM unnest(p_debts) d;
    END IF;
    IF cardinality(p_debt_seqs) > 0 THEN
        INSERT INTO debt_use (ledger_id, seq, debt_seq, points)
        SELECT p_ledger, u.seq, u.lot_no, u.points FROM unnest(p_paid) u;
        -- After the debts of this batch were made: they may be paid in it already.
        UPDATE debt d SET remaining = t.remaining, open = t.remaining > 0
        FROM unnest(p_debt_seqs, p_debt_left) t (seq, remaining)
        WHERE d.ledger_id = p_ledger AND d.seq = t.seq;
    END IF;
    IF cardinality(p_adjustments) > 0 THEN
        INSERT INTO adjustment (ledger_id, seq, points, limit_points, reason, made_by, note_id, proposal_id, content_hash)
        SELECT p_ledger, a.seq, a.points, a.limit_points, a.reason, a.made_by, a.note_id, a.proposal_id, a.content_hash
        FROM unnest(p_adjustments) a;
        -- (That of a proposal was written with it.)
        INSERT INTO adjustment_note (ledger_id, note_id, note)
        SELECT p_ledger, a.note_id, a.note FROM unnest(p_adjustments) a WHERE a.note <> '' AND a.proposal_id IS NULL;
    END IF;
    IF cardinality(p_merges) > 0 THEN
        INSERT INTO merged_wallet (ledger_id, from_wallet, into_wallet, seq)
        SELECT p_ledger, m.from_wallet, m.into_wallet, m.seq FROM unnest(p_merges) m;
    END IF;
    IF cardinality(p_grants) > 0 THEN
        INSERT INTO campaign_grant (ledger_id, seq, earn_seq, campaign_id, version)
        SELECT p_ledger, g.seq, g.earn_seq, g.campaign_id, g.version FROM unnest(p_grants) g;
    END IF;
    IF cardinality(p_loads) > 0 THEN
        INSERT INTO budget_load (ledger_id, seq, campaign_id, points, loaded_by)
        SELECT p_ledger, b.seq, b.campaign_id, b.points, b.loaded_by FROM unnest(p_loads) b;
    END IF;
    IF cardinality(p_worths) > 0 THEN
        INSERT INTO burn_worth (ledger_id, seq, points, worth_minor, basket_minor, rule_version, wallet_no, partner_no, day, burned)
        SELECT p_ledger, w.seq, w.points, w.worth_minor, w.basket_minor, w.rule_version, w.wallet_no, w.partner_no, w.day, w.burned
        FROM unnest(p_worths) w;
    END IF;

    -- Last, when all that hangs on its postings is there.
    v_chain := ledger_chain(
        p_ledger, p_batch_no, p_expected_seq + 1, v_postings, v_epoch + v_last_us * v_us, p_last_lot_no, v_last_account, v_beside,
        0 = cardinality(p_refunds) + cardinality(p_returns) + cardinality(p_holds) + cardinality(p_hold_ends) + cardinality(p_debts)
        + cardinality(p_paid) + cardinality(p_matured) + cardinality(p_floors) + cardinality(p_adjustments) + cardinality(p_merges)
        + cardinality(p_grants) + cardinality(p_loads) + cardinality(p_parked) + cardinality(p_worths)
    );
    UPDATE ledger_head h SET last_seq = p_expected_seq + v_postings, last_time_us = v_last_us, last_lot_no = p_last_lot_no,
        last_batch_no = p_batch_no, chain_hash = v_chain,
        waiting_refunds = h.waiting_refunds + cardinality(p_waiting) - cardinality(p_waited),
        parked_earns = h.parked_earns + cardinality(p_parked) - cardinality(p_unparked)
    WHERE h.ledger_id = p_ledger;
END
$$
