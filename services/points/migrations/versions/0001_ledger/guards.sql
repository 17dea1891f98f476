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
    FOREACH name IN ARRAY ARRAY['posting', 'entry', 'lot_use', 'purchase', 'decision', 'batch', 'cut', 'earn_rate', 'account', 'event_log']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
--;;
CREATE FUNCTION check_legs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unbalanced bigint;
BEGIN
    SELECT seq INTO unbalanced FROM added
    GROUP BY ledger_id, seq HAVING sum(amount) <> 0 OR count(*) < 2 LIMIT 1;
    IF found THEN
        RAISE EXCEPTION 'debits and credits of posting % differ', unbalanced
            USING errcode = 'check_violation', constraint = 'entry_balanced_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
-- The legs of a posting are inserted by one statement, so the added rows are all of them.
CREATE TRIGGER entry_balanced AFTER INSERT ON entry
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_legs()
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
    (old.ledger_id, old.lot_no, old.account_no, old.issuer_id, old.point_type, old.opened_seq, old.original, old.earned_at, old.expires_at)
    IS DISTINCT FROM
    (new.ledger_id, new.lot_no, new.account_no, new.issuer_id, new.point_type, new.opened_seq, new.original, new.earned_at, new.expires_at)
)
EXECUTE FUNCTION check_lot_facts()
--;;
CREATE TRIGGER lot_kept BEFORE DELETE OR TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
