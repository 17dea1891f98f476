-- What a partner said of a posting in words can be erased: its reference, and what the till told of the receipt. The leaf of
-- a posting holds only a salted hash of it, which stays. Nothing else of a posting ever changes.
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
-- Erases the words of postings; answers of how many. p_macs: of each that has a reference a keyed hash of it, under which it
-- stays taken. Under the head's lock: no batch decides on a reference that is on its way out.
CREATE FUNCTION ledger_erase(p_ledger smallint, p_seqs bigint [], p_macs bytea []) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_references bigint;
    v_postings bigint;
BEGIN
    PERFORM 1 FROM ledger_head h WHERE h.ledger_id = p_ledger FOR NO KEY UPDATE;
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
    UPDATE ledger_head h SET erased = h.erased + v_references WHERE h.ledger_id = p_ledger;
    RETURN v_postings;
END
$$
--;;
REVOKE ALL ON FUNCTION ledger_erase(smallint, bigint [], bytea []) FROM PUBLIC
