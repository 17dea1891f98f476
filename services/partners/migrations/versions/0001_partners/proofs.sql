CREATE TABLE checkpoint (
    ledger_id smallint NOT NULL,
    window_number integer NOT NULL,
    batch_no bigint NOT NULL,
    record text NOT NULL,
    leaf_hash bytea NOT NULL,
    note text NOT NULL,
    prior_number integer GENERATED ALWAYS AS (CASE WHEN window_number > 1 THEN window_number - 1 END) STORED,
    CONSTRAINT checkpoint_pk PRIMARY KEY (ledger_id, window_number),
    CONSTRAINT checkpoint_window_fk FOREIGN KEY (ledger_id, window_number)
    REFERENCES clearing_window (ledger_id, number),
    CONSTRAINT checkpoint_prior_fk FOREIGN KEY (ledger_id, prior_number)
    REFERENCES checkpoint (ledger_id, window_number),
    CONSTRAINT checkpoint_batch_ck CHECK (batch_no >= 0),
    CONSTRAINT checkpoint_leaf_ck CHECK (leaf_hash = sha256('\x00'::bytea || convert_to(record, 'UTF8'))),
    CONSTRAINT checkpoint_note_ck CHECK (note LIKE E'%\n\n— %\n')
)
--;;
COMMENT ON TABLE checkpoint IS 'The log of stated windows: what each came to, and the signed root of the log up to it. docs/statements.md has both formats.'
--;;
COMMENT ON CONSTRAINT checkpoint_prior_fk ON checkpoint IS 'The log has a record of every window up to its last.'
--;;
CREATE TABLE partner_tree (
    ledger_id smallint NOT NULL,
    window_number integer NOT NULL,
    partner_id uuid NOT NULL,
    place integer NOT NULL,
    leaf_hash bytea NOT NULL,
    root_hash bytea NOT NULL,
    entries numeric NOT NULL,
    points_issued numeric NOT NULL,
    points_burned numeric NOT NULL,
    debit_micros numeric NOT NULL,
    credit_micros numeric NOT NULL,
    statement_digest bytea NOT NULL,
    CONSTRAINT partner_tree_pk PRIMARY KEY (ledger_id, window_number, partner_id),
    CONSTRAINT partner_tree_place_uq UNIQUE (ledger_id, window_number, place),
    CONSTRAINT partner_tree_checkpoint_fk FOREIGN KEY (ledger_id, window_number)
    REFERENCES checkpoint (ledger_id, window_number),
    CONSTRAINT partner_tree_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT partner_tree_place_ck CHECK (place >= 0),
    CONSTRAINT partner_tree_hashes_ck CHECK (
        octet_length(leaf_hash) = 32 AND octet_length(root_hash) = 32 AND octet_length(statement_digest) = 32
    ),
    CONSTRAINT partner_tree_sums_ck CHECK (
        least(entries, points_issued, points_burned, debit_micros, credit_micros) >= 0
    )
)
--;;
COMMENT ON TABLE partner_tree IS 'Per stated window and partner: the root of the sum tree over its entries, and its leaf in the tree of partners.'
--;;
COMMENT ON COLUMN partner_tree.statement_digest IS 'Hash of the statement that ends with this window; zeros where none does.'
--;;
-- What a window came to is written once, between its nets and its statements.
CREATE FUNCTION check_window_open_to_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM clearing_window AS w
        WHERE w.ledger_id = new.ledger_id AND w.number = new.window_number AND w.state = 'aggregated'
    ) THEN
        RAISE EXCEPTION 'window % is not between its nets and its statements', new.window_number
            USING errcode = 'restrict_violation', constraint = 'checkpoint_aggregated_ck';
    END IF;
    RETURN new;
END
$$
--;;
CREATE FUNCTION check_window_proved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM checkpoint AS c WHERE c.ledger_id = new.ledger_id AND c.window_number = new.number
    ) THEN
        RAISE EXCEPTION 'window % has no checkpoint and cannot be stated', new.number
            USING errcode = 'restrict_violation', constraint = 'clearing_window_proved_ck';
    END IF;
    RETURN new;
END
$$
--;;
CREATE TRIGGER clearing_window_proved BEFORE UPDATE ON clearing_window FOR EACH ROW
WHEN (new.state = 'stated') EXECUTE FUNCTION check_window_proved()
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['checkpoint', 'partner_tree']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION check_window_open_to_proof()', name || '_aggregated', name);
    END LOOP;
END
$$
