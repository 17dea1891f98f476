CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', tg_table_name USING errcode = 'restrict_violation';
END
$$
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lot_use', 'lot_matured', 'lot_return', 'debt_use', 'expiry_notice', 'expiry_policy', 'hold_lot', 'hold_end', 'decision', 'batch', 'erased_reference', 'cut', 'earn_rate', 'refund_rule', 'account', 'event_log', 'floor_change',
    'transfer_limit', 'adjustment_limit', 'proposal', 'proposal_decision', 'adjustment', 'merged_wallet', 'campaign_version', 'campaign_grant', 'budget_load', 'burn_rule', 'burn_worth', 'partner_standing']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
    -- What may be erased of these is told in erase.sql.
    FOREACH name IN ARRAY ARRAY['posting', 'purchase', 'refund']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
--;;
-- A key has one answer, and answers stand in two tables: what posted in one, what did not in the other. (It sees what
-- is committed: that nobody else answers at the same time is the head's lock.)
CREATE FUNCTION check_key_answers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answered text;
BEGIN
    IF tg_table_name = 'posting' THEN
        SELECT d.key INTO answered FROM added JOIN decision d USING (ledger_id, partner_no, key) LIMIT 1;
    ELSE
        SELECT p.key INTO answered FROM added JOIN posting p USING (ledger_id, partner_no, key) LIMIT 1;
    END IF;
    IF found THEN
        RAISE EXCEPTION 'key % has been answered', answered
            USING errcode = 'unique_violation', constraint = 'key_answered_once_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
CREATE TRIGGER posting_key_answered AFTER INSERT ON posting
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_key_answers()
--;;
CREATE TRIGGER decision_key_answered AFTER INSERT ON decision
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_key_answers()
--;;
-- What a burn is worth is what its rule makes of it, and no more than the rule takes.
CREATE FUNCTION check_burn_worth() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT w.seq INTO wrong FROM added w JOIN burn_rule r ON r.ledger_id = w.ledger_id AND r.version = w.rule_version
    WHERE w.worth_minor <> w.points * r.worth_minor / r.points OR w.points < r.minimum_points OR w.points % r.step_points <> 0
        OR w.worth_minor > div(w.basket_minor::numeric * r.share_percent, 100)
        OR w.basket_minor IS NULL AND NOT w.burned
            AND (r.share_percent < 100 OR cardinality(r.excluded_categories) + cardinality(r.excluded_tenders) > 0)
    LIMIT 1;
    IF found THEN
        RAISE EXCEPTION 'burn % is not what its rule makes of it', wrong
            USING errcode = 'check_violation', constraint = 'burn_worth_rule_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
CREATE TRIGGER burn_worth_rule AFTER INSERT ON burn_worth
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_burn_worth()
--;;
CREATE FUNCTION check_lot_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'of lot % only what remains may change', old.lot_no
        USING errcode = 'restrict_violation', constraint = 'lot_facts_ck';
END
$$
--;;
CREATE TRIGGER lot_facts BEFORE UPDATE ON lot FOR EACH ROW
WHEN (
    (old.ledger_id, old.lot_no, old.account_no, old.issuer_no, old.point_type, old.opened_seq, old.original, old.earned_at, old.expires_at,
     old.parent_no, old.earned_seq, old.pending_no, old.matures_at)
    IS DISTINCT FROM
    (new.ledger_id, new.lot_no, new.account_no, new.issuer_no, new.point_type, new.opened_seq, new.original, new.earned_at, new.expires_at,
     new.parent_no, new.earned_seq, new.pending_no, new.matures_at)
    OR (new.pending AND NOT old.pending)
)
EXECUTE FUNCTION check_lot_facts()
--;;
-- A floor may be set above what is left; but then nothing more is taken.
CREATE FUNCTION check_credit_floor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % would fall below its credit floor of %', new.account_no, new.credit_floor
        USING errcode = 'check_violation', constraint = 'balance_credit_floor_ck';
END
$$
--;;
CREATE TRIGGER balance_credit_floor BEFORE UPDATE ON balance FOR EACH ROW
WHEN (new.debits > old.debits AND new.credits - new.debits < new.credit_floor)
EXECUTE FUNCTION check_credit_floor()
--;;
CREATE FUNCTION check_hold_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'hold % can only be resolved', old.seq
        USING errcode = 'restrict_violation', constraint = 'hold_facts_ck';
END
$$
--;;
CREATE TRIGGER hold_facts BEFORE UPDATE ON hold FOR EACH ROW
WHEN (
    (old.ledger_id, old.seq, old.points, old.expires_at, old.wallet_no, old.partner_no)
    IS DISTINCT FROM (new.ledger_id, new.seq, new.points, new.expires_at, new.wallet_no, new.partner_no)
    OR (new.open AND NOT old.open)
)
EXECUTE FUNCTION check_hold_facts()
--;;
CREATE FUNCTION check_debt_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'debt % can only be paid', old.seq
        USING errcode = 'restrict_violation', constraint = 'debt_facts_ck';
END
$$
--;;
CREATE TRIGGER debt_facts BEFORE UPDATE ON debt FOR EACH ROW
WHEN (
    (old.ledger_id, old.seq, old.original_seq, old.points, old.wallet_no, old.partner_no)
    IS DISTINCT FROM (new.ledger_id, new.seq, new.original_seq, new.points, new.wallet_no, new.partner_no)
    OR new.remaining > old.remaining
)
EXECUTE FUNCTION check_debt_facts()
--;;
CREATE TRIGGER debt_kept BEFORE DELETE OR TRUNCATE ON debt FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER hold_kept BEFORE DELETE OR TRUNCATE ON hold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER lot_kept BEFORE DELETE OR TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
-- Its words may go once it waits no more: nothing is decided by them any longer.
CREATE FUNCTION check_waiting_refund_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(new) = to_jsonb(old) || '{"reference": "", "original_reference": "", "till": "", "business_date": "", "receipt_number": "",
            "lines": [], "salt": null}'::jsonb AND NOT old.open THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'the refund that waits under % can only be decided', old.key
        USING errcode = 'restrict_violation', constraint = 'waiting_refund_facts_ck';
END
$$
--;;
CREATE TRIGGER waiting_refund_facts BEFORE UPDATE ON waiting_refund FOR EACH ROW
WHEN (
    (old.ledger_id, old.partner_no, old.key, old.batch_no, old.item_no, old.content_hash, old.reference,
     old.original_reference, old.arrived_at, old.occurred_at, old.amount_minor, old.store_id, old.till,
     old.business_date, old.receipt_number, old.channel, old.lines::text, old.traceparent, old.salt, old.words_hash)
    IS DISTINCT FROM
    (new.ledger_id, new.partner_no, new.key, new.batch_no, new.item_no, new.content_hash, new.reference,
     new.original_reference, new.arrived_at, new.occurred_at, new.amount_minor, new.store_id, new.till,
     new.business_date, new.receipt_number, new.channel, new.lines::text, new.traceparent, new.salt, new.words_hash)
    OR (new.open AND NOT old.open)
)
EXECUTE FUNCTION check_waiting_refund_facts()
--;;
CREATE TRIGGER waiting_refund_kept BEFORE DELETE OR TRUNCATE ON waiting_refund FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
-- The same of a sale whose earn is parked.
CREATE FUNCTION check_parked_earn_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(new) = to_jsonb(old) || '{"reference": "", "till": "", "business_date": "", "receipt_number": "", "lines": [],
            "tenders": [], "salt": null}'::jsonb AND NOT old.open THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'the earn that posting % parked can only be posted or taken away', old.seq
        USING errcode = 'restrict_violation', constraint = 'parked_earn_facts_ck';
END
$$
--;;
CREATE TRIGGER parked_earn_facts BEFORE UPDATE ON parked_earn FOR EACH ROW
WHEN (
    (old.ledger_id, old.seq, old.points, old.amount_minor, old.points_minor, old.partner_no, old.key, old.content_hash,
     old.reference, old.store_id, old.till, old.business_date, old.receipt_number, old.channel, old.entry_mode,
     old.lines::text, old.tenders::text, old.traceparent, old.salt, old.words_hash)
    IS DISTINCT FROM
    (new.ledger_id, new.seq, new.points, new.amount_minor, new.points_minor, new.partner_no, new.key, new.content_hash,
     new.reference, new.store_id, new.till, new.business_date, new.receipt_number, new.channel, new.entry_mode,
     new.lines::text, new.tenders::text, new.traceparent, new.salt, new.words_hash)
    OR (new.open AND NOT old.open)
)
EXECUTE FUNCTION check_parked_earn_facts()
--;;
CREATE TRIGGER parked_earn_kept BEFORE DELETE OR TRUNCATE ON parked_earn FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
