-- What was said of a posting in words can be erased: its reference, what the till told of the receipt, also while it waited
-- for its original, and what staff noted. The leaf of a posting, and the batch in which a refund began to wait, hold only a
-- salted hash of it, which stays. Nothing else of a posting ever changes.
CREATE FUNCTION refuse_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_before CONSTANT jsonb := to_jsonb(old);
    v_after CONSTANT jsonb := to_jsonb(new);
    v_allowed boolean := v_after = v_before || tg_argv[0]::jsonb;
BEGIN
    IF v_allowed AND tg_table_name = 'posting' THEN
        v_allowed := old.salt IS NOT NULL AND (old.reference IS NULL OR EXISTS (
            SELECT 1 FROM erased_reference e WHERE e.ledger_id = old.ledger_id AND e.seq = old.seq
        ));
    ELSIF v_allowed THEN
        v_allowed := EXISTS (SELECT 1 FROM posting p WHERE p.ledger_id = old.ledger_id AND p.seq = old.seq AND p.salt IS NULL);
    END IF;
    IF NOT v_allowed THEN
        RAISE EXCEPTION 'rows of % are never changed or deleted, but that their words may be erased', tg_table_name
            USING errcode = 'restrict_violation';
    END IF;
    RETURN new;
END
$$
--;;
CREATE TRIGGER posting_erasure BEFORE UPDATE ON posting FOR EACH ROW
EXECUTE FUNCTION refuse_but_erasure('{"reference": null, "salt": null}')
--;;
CREATE TRIGGER purchase_erasure BEFORE UPDATE ON purchase FOR EACH ROW
EXECUTE FUNCTION refuse_but_erasure('{"till": "", "business_date": "", "receipt_number": "", "lines": [], "tenders": []}')
--;;
CREATE TRIGGER refund_erasure BEFORE UPDATE ON refund FOR EACH ROW
EXECUTE FUNCTION refuse_but_erasure('{"till": "", "business_date": "", "receipt_number": "", "lines": []}')
--;;
-- A note goes with the words of its adjustment; that of a proposal that was rejected, and so is of no posting, at any time.
CREATE FUNCTION refuse_but_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM proposal_decision d WHERE d.ledger_id = old.ledger_id AND d.proposal_id = old.note_id AND NOT d.approved
    ) AND NOT EXISTS (
        SELECT 1 FROM adjustment a JOIN posting p ON p.ledger_id = a.ledger_id AND p.seq = a.seq
        WHERE a.ledger_id = old.ledger_id AND a.note_id = old.note_id AND p.salt IS NULL
    ) THEN
        RAISE EXCEPTION 'rows of % are never changed or deleted, but that their words may be erased', tg_table_name
            USING errcode = 'restrict_violation';
    END IF;
    RETURN old;
END
$$
--;;
CREATE TRIGGER adjustment_note_erasure BEFORE DELETE ON adjustment_note FOR EACH ROW EXECUTE FUNCTION refuse_but_noted()
--;;
CREATE TRIGGER adjustment_note_append_only BEFORE UPDATE OR TRUNCATE ON adjustment_note FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
-- Metadata goes with the words of its posting, with those of a sale that was parked and is no more, and with those of a refund
-- that waited and was refused.
CREATE FUNCTION refuse_but_metadata() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM posting p WHERE p.ledger_id = old.ledger_id AND p.partner_no = old.partner_no AND p.key = old.key AND p.salt IS NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM parked_earn k
        WHERE k.ledger_id = old.ledger_id AND k.partner_no = old.partner_no AND k.key = old.key AND k.salt IS NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM waiting_refund w
        WHERE w.ledger_id = old.ledger_id AND w.partner_no = old.partner_no AND w.key = old.key AND w.salt IS NULL
    ) THEN
        RAISE EXCEPTION 'rows of % are never changed or deleted, but that their words may be erased', tg_table_name
            USING errcode = 'restrict_violation';
    END IF;
    RETURN old;
END
$$
--;;
CREATE TRIGGER movement_metadata_erasure BEFORE DELETE ON movement_metadata FOR EACH ROW EXECUTE FUNCTION refuse_but_metadata()
--;;
CREATE TRIGGER movement_metadata_append_only BEFORE UPDATE OR TRUNCATE ON movement_metadata
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
-- Erases the words of postings; answers of how many. p_macs: of each that has a reference a keyed hash of it, under which it
-- stays taken. Under the head's lock: no batch decides on a reference that is on its way out.
CREATE FUNCTION ledger_erase(p_ledger smallint, p_seqs bigint [], p_macs bytea []) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_references bigint;
    v_postings bigint;
    v_waits tid [];
    v_partners integer [];
    v_keys text [];
BEGIN
    PERFORM 1 FROM ledger_head h WHERE h.ledger_id = p_ledger FOR NO KEY UPDATE;
    -- While the references are there that they are found by: what waited to become one of these refunds, and what waited for one
    -- of these sales, whatever came of it.
    SELECT array_agg(w.place), array_agg(w.partner_no), array_agg(w.key) INTO v_waits, v_partners, v_keys
    FROM unnest(p_seqs) e (seq)
    CROSS JOIN LATERAL (
        SELECT * FROM posting
        WHERE ledger_id = p_ledger AND posting.seq = e.seq AND kind IN ('refund', 'earn') AND reference IS NOT NULL LIMIT 1
    ) p
    CROSS JOIN LATERAL (
        (
            SELECT ctid AS place, waiting_refund.partner_no, waiting_refund.key FROM waiting_refund
            WHERE p.kind = 'refund' AND ledger_id = p_ledger AND partner_no = p.partner_no AND waiting_refund.reference = p.reference
                AND NOT open OFFSET 0
        )
        UNION
        (
            SELECT ctid, waiting_refund.partner_no, waiting_refund.key FROM waiting_refund
            WHERE p.kind = 'earn' AND ledger_id = p_ledger AND partner_no = p.partner_no AND original_reference = p.reference
                AND NOT open OFFSET 0
        )
    ) w;
    -- And what waited in vain for one that was parked, until that was taken away: its reference may be another sale's since, so
    -- nothing that came to be posted.
    SELECT v_waits || array_agg(w.ctid), v_partners || array_agg(w.partner_no), v_keys || array_agg(w.key)
    INTO v_waits, v_partners, v_keys
    FROM unnest(p_seqs) e (seq)
    JOIN parked_earn k ON k.ledger_id = p_ledger AND k.seq = e.seq AND NOT k.open AND k.salt IS NOT NULL AND k.reference <> ''
    JOIN waiting_refund w ON w.ledger_id = p_ledger AND w.partner_no = k.partner_no AND w.original_reference = k.reference AND NOT w.open
    WHERE NOT EXISTS (SELECT 1 FROM posting f WHERE f.ledger_id = p_ledger AND f.partner_no = w.partner_no AND f.key = w.key);
    INSERT INTO erased_reference (ledger_id, partner_no, kind, mac, seq)
    SELECT p_ledger, p.partner_no, p.kind, e.mac, p.seq
    FROM unnest(p_seqs, p_macs) e (seq, mac)
    CROSS JOIN LATERAL (SELECT * FROM posting WHERE ledger_id = p_ledger AND posting.seq = e.seq LIMIT 1) p
    WHERE p.reference IS NOT NULL AND p.salt IS NOT NULL;
    GET DIAGNOSTICS v_references = ROW_COUNT;
    UPDATE posting p SET reference = NULL, salt = NULL
    FROM unnest(p_seqs) e (seq) WHERE p.ledger_id = p_ledger AND p.seq = e.seq AND p.salt IS NOT NULL;
    GET DIAGNOSTICS v_postings = ROW_COUNT;
    UPDATE purchase s SET till = '', business_date = '', receipt_number = '', lines = '[]', tenders = '[]'
    FROM unnest(p_seqs) e (seq) WHERE s.ledger_id = p_ledger AND s.seq = e.seq;
    UPDATE refund f SET till = '', business_date = '', receipt_number = '', lines = '[]'
    FROM unnest(p_seqs) e (seq) WHERE f.ledger_id = p_ledger AND f.seq = e.seq;
    UPDATE waiting_refund SET reference = '', original_reference = '', till = '', business_date = '', receipt_number = '', lines = '[]', salt = NULL
    WHERE ctid = ANY (v_waits);
    -- What parked one of these sales; and what was parked and taken away, so that no sale came of it.
    UPDATE parked_earn k SET reference = '', till = '', business_date = '', receipt_number = '', lines = '[]', tenders = '[]', salt = NULL
    FROM unnest(p_seqs) e (seq)
    CROSS JOIN LATERAL (
        SELECT coalesce(original_seq, seq) AS seq FROM posting
        WHERE ledger_id = p_ledger AND posting.seq = e.seq AND kind IN ('park', 'earn') LIMIT 1
    ) p
    WHERE k.ledger_id = p_ledger AND k.seq = p.seq AND NOT k.open AND k.salt IS NOT NULL;
    -- (That of a sale that was parked is kept under the same key.)
    DELETE FROM movement_metadata m USING unnest(p_seqs) e (seq), posting p
    WHERE p.ledger_id = p_ledger AND p.seq = e.seq AND m.ledger_id = p_ledger AND m.partner_no = p.partner_no
        AND m.key = coalesce(p.key, (SELECT k.key FROM parked_earn k WHERE k.ledger_id = p_ledger AND k.seq = e.seq AND NOT k.open));
    -- (What waited and was refused has no posting.)
    DELETE FROM movement_metadata m USING unnest(v_partners, v_keys) w (partner_no, key)
    WHERE m.ledger_id = p_ledger AND m.partner_no = w.partner_no AND m.key = w.key;
    DELETE FROM adjustment_note n USING unnest(p_seqs) e (seq), adjustment a
    WHERE a.ledger_id = p_ledger AND a.seq = e.seq AND n.ledger_id = p_ledger AND n.note_id = a.note_id;
    UPDATE ledger_head h SET erased = h.erased + v_references WHERE h.ledger_id = p_ledger;
    RETURN v_postings;
END
$$
--;;
REVOKE ALL ON FUNCTION ledger_erase(smallint, bigint [], bytea []) FROM PUBLIC
--;;
-- Erases what was noted to proposals of a member that were rejected. (What may still be posted is left: it is hashed then.)
CREATE FUNCTION ledger_erase_rejected(p_ledger smallint, p_member uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM adjustment_note n USING proposal p, proposal_decision d
    WHERE n.ledger_id = p_ledger AND p.ledger_id = p_ledger AND d.ledger_id = p_ledger AND p.member_id = p_member
        AND n.note_id = p.proposal_id AND d.proposal_id = p.proposal_id AND NOT d.approved
$$
--;;
REVOKE ALL ON FUNCTION ledger_erase_rejected(smallint, uuid) FROM PUBLIC
