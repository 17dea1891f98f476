CREATE TABLE audit_row (
    ledger_id smallint NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id text NOT NULL,
    by_name text NOT NULL,
    what text NOT NULL,
    subject text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    why text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    prior_number bigint GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    CONSTRAINT audit_row_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT audit_row_hash_uq UNIQUE (ledger_id, number, hash),
    CONSTRAINT audit_row_chain_fk FOREIGN KEY (ledger_id, prior_number, previous_hash)
    REFERENCES audit_row (ledger_id, number, hash),
    CONSTRAINT audit_row_number_ck CHECK (number > 0),
    CONSTRAINT audit_row_first_ck CHECK (number > 1 OR previous_hash = decode(repeat('00', 32), 'hex')),
    CONSTRAINT audit_row_by_kind_ck CHECK (by_kind IN ('staff', 'service', 'partner')),
    CONSTRAINT audit_row_json_ck CHECK ((before = '' OR before IS JSON OBJECT) AND (after = '' OR after IS JSON OBJECT)),
    CONSTRAINT audit_row_hash_ck CHECK (
        hash = sha256(
            prefixed(int8send(ledger_id)) || prefixed(int8send(number)) || prefixed(micros(at))
            || prefixed(convert_to(by_kind, 'UTF8')) || prefixed(convert_to(by_id, 'UTF8'))
            || prefixed(convert_to(by_name, 'UTF8')) || prefixed(convert_to(what, 'UTF8'))
            || prefixed(convert_to(subject, 'UTF8')) || prefixed(convert_to(before, 'UTF8'))
            || prefixed(convert_to(after, 'UTF8')) || prefixed(convert_to(why, 'UTF8')) || prefixed(previous_hash)
        )
    )
)
--;;
COMMENT ON TABLE audit_row IS 'Who changed what, chained by hashes; ledger 0 is what concerns the whole host. at is wall-clock.'
--;;
CREATE TABLE audit_head (
    ledger_id smallint NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    last_number bigint GENERATED ALWAYS AS (nullif(number, 0)) STORED,
    CONSTRAINT audit_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT audit_head_row_fk FOREIGN KEY (ledger_id, last_number, hash) REFERENCES audit_row (ledger_id, number, hash),
    CONSTRAINT audit_head_number_ck CHECK (number >= 0)
)
--;;
COMMENT ON TABLE audit_head IS 'Where each chain ends: locked by whoever adds a row.'
--;;
INSERT INTO audit_head (ledger_id, number, hash) VALUES (0, 0, decode(repeat('00', 32), 'hex'))
--;;
CREATE FUNCTION check_audit_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the head of chain % goes from row % to the next one, not to %', old.ledger_id, old.number, new.number
        USING errcode = 'restrict_violation';
END
$$
--;;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW
WHEN ((new.ledger_id, new.number) IS DISTINCT FROM (old.ledger_id, old.number + 1))
EXECUTE FUNCTION check_audit_head()
--;;
CREATE TRIGGER audit_head_kept BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER audit_row_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_row FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
