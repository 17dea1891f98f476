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
    FOREACH name IN ARRAY ARRAY[
        'programme', 'partner', 'store', 'staff', 'staff_role', 'rate_version', 'rated_entry', 'net', 'matrix_cell',
        'statement', 'statement_line', 'statement_acceptance', 'billing_version', 'booking', 'event_log',
        'legal_entity', 'store_entity'
    ]
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['clearing_window', 'api_key']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_kept', name);
    END LOOP;
END
$$
--;;
CREATE FUNCTION check_window_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'window % is % and cannot become %', old.number, old.state, new.state
        USING errcode = 'restrict_violation', constraint = 'clearing_window_forward_ck';
END
$$
--;;
-- A closed window never changes; only its state moves on, a step at a time.
CREATE TRIGGER clearing_window_forward BEFORE UPDATE ON clearing_window FOR EACH ROW
WHEN (
    (old.ledger_id, old.number, old.starts_at, old.ends_at, old.first_seq, old.last_seq, old.closed_at)
    IS DISTINCT FROM (new.ledger_id, new.number, new.starts_at, new.ends_at, new.first_seq, new.last_seq, new.closed_at)
    OR (old.state, new.state) NOT IN (('closed', 'aggregated'), ('aggregated', 'stated'))
)
EXECUTE FUNCTION check_window_change()
