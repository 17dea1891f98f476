CREATE FUNCTION prefixed(field bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS 'SELECT int4send(octet_length(field)) || field'
--;;
COMMENT ON FUNCTION prefixed IS 'A field after its length in 4 bytes, as hashes are made over several.'
--;;
CREATE FUNCTION micros(moment timestamptz) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS 'SELECT int8send((extract(EPOCH FROM moment) * 1000000)::bigint)'
--;;
COMMENT ON FUNCTION micros IS 'Microseconds since 1970-01-01 UTC in 8 bytes.'
--;;
CREATE TABLE draft (
    ledger_id smallint NOT NULL,
    draft_id uuid NOT NULL,
    kind text NOT NULL,
    body bytea NOT NULL,
    sha256 bytea NOT NULL,
    made_by uuid NOT NULL,
    made_at timestamptz NOT NULL,
    why text NOT NULL,
    CONSTRAINT draft_pk PRIMARY KEY (ledger_id, draft_id),
    CONSTRAINT draft_content_uq UNIQUE (ledger_id, draft_id, made_by, sha256),
    CONSTRAINT draft_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT draft_made_by_fk FOREIGN KEY (made_by) REFERENCES staff (staff_id),
    CONSTRAINT draft_body_ck CHECK (octet_length(body) BETWEEN 2 AND 65536),
    CONSTRAINT draft_why_ck CHECK (char_length(why) BETWEEN 1 AND 500),
    CONSTRAINT draft_sha256_ck CHECK (
        sha256 = sha256(
            prefixed(int8send(ledger_id)) || prefixed(uuid_send(draft_id)) || prefixed(convert_to(kind, 'UTF8'))
            || prefixed(uuid_send(made_by)) || prefixed(micros(made_at)) || prefixed(convert_to(why, 'UTF8')) || prefixed(body)
        )
    )
)
--;;
COMMENT ON TABLE draft IS 'A change that one person wants and another decides. Never edited. made_at is wall-clock.'
--;;
CREATE TABLE draft_decision (
    ledger_id smallint NOT NULL,
    draft_id uuid NOT NULL,
    decision text NOT NULL,
    made_by uuid NOT NULL,
    sha256 bytea NOT NULL,
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    why text NOT NULL,
    CONSTRAINT draft_decision_pk PRIMARY KEY (ledger_id, draft_id),
    CONSTRAINT draft_decision_people_uq UNIQUE (ledger_id, draft_id, decision, made_by, decided_by),
    CONSTRAINT draft_decision_decision_uq UNIQUE (ledger_id, draft_id, decision),
    CONSTRAINT draft_decision_draft_fk FOREIGN KEY (ledger_id, draft_id, made_by, sha256)
    REFERENCES draft (ledger_id, draft_id, made_by, sha256),
    CONSTRAINT draft_decision_decided_by_fk FOREIGN KEY (decided_by) REFERENCES staff (staff_id),
    CONSTRAINT draft_decision_why_ck CHECK (char_length(why) <= 500),
    CONSTRAINT draft_decision_people_ck CHECK (
        CASE decision WHEN 'approved' THEN decided_by <> made_by
            WHEN 'rejected' THEN decided_by <> made_by
            WHEN 'withdrawn' THEN decided_by = made_by ELSE false END
    )
)
--;;
COMMENT ON TABLE draft_decision IS 'One a draft: approved or rejected by another person, or withdrawn by its maker; sha256 is what was decided. decided_at is wall-clock.'
--;;
CREATE TABLE credit_limit (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    limit_minor bigint,
    prefunded_minor bigint NOT NULL,
    on_limit text NOT NULL,
    warning_percent smallint NOT NULL,
    known_from timestamptz NOT NULL,
    draft_id uuid NOT NULL,
    set_by uuid NOT NULL,
    approved_by uuid NOT NULL,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT credit_limit_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT credit_limit_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT credit_limit_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT credit_limit_prior_fk FOREIGN KEY (ledger_id, partner_id, prior_version)
    REFERENCES credit_limit (ledger_id, partner_id, version),
    CONSTRAINT credit_limit_approved_fk FOREIGN KEY (ledger_id, draft_id, decision, set_by, approved_by)
    REFERENCES draft_decision (ledger_id, draft_id, decision, made_by, decided_by),
    CONSTRAINT credit_limit_version_ck CHECK (version > 0),
    CONSTRAINT credit_limit_limit_ck CHECK (limit_minor BETWEEN 0 AND 1000000000000000),
    CONSTRAINT credit_limit_prefunded_ck CHECK (prefunded_minor BETWEEN 0 AND 1000000000000000),
    CONSTRAINT credit_limit_on_limit_ck CHECK (on_limit IN ('refuse', 'park')),
    CONSTRAINT credit_limit_warning_ck CHECK (warning_percent BETWEEN 1 AND 100)
)
--;;
COMMENT ON TABLE credit_limit IS 'How far a partner may owe, in minor units; limit_minor null: without limit. The highest version counts. known_from is programme time.'
--;;
ALTER TABLE rate_version
ADD CONSTRAINT rate_version_draft_uq UNIQUE (ledger_id, draft_id),
ADD CONSTRAINT rate_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
REFERENCES draft_decision (ledger_id, draft_id, decision)
--;;
ALTER TABLE billing_version
ADD CONSTRAINT billing_version_draft_uq UNIQUE (ledger_id, draft_id),
ADD CONSTRAINT billing_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
REFERENCES draft_decision (ledger_id, draft_id, decision)
--;;
CREATE FUNCTION refuse_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM programme AS p WHERE p.ledger_id = new.ledger_id AND p.is_test) THEN
        RAISE EXCEPTION 'a row of % takes an approved draft in a live programme', tg_table_name
            USING errcode = 'restrict_violation', constraint = tg_table_name || '_two_people_ck';
    END IF;
    RETURN new;
END
$$
--;;
-- Prices and billing are one person's to set in a test programme only: there no money is real.
CREATE TRIGGER rate_version_two_people BEFORE INSERT ON rate_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER billing_version_two_people BEFORE INSERT ON billing_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['draft', 'draft_decision', 'credit_limit']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
