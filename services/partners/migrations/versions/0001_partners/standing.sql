CREATE TABLE partner_standing_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    standing text NOT NULL,
    reason text NOT NULL,
    valid_from timestamptz NOT NULL,
    run_off_until timestamptz,
    returns_until timestamptz,
    buy_out_bp smallint,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    payment_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT partner_standing_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT partner_standing_version_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT partner_standing_version_payment_uq UNIQUE (ledger_id, payment_id),
    CONSTRAINT partner_standing_version_payment_ck CHECK (payment_id IS NULL OR (standing = 'suspended' AND draft_id IS NULL)),
    CONSTRAINT partner_standing_version_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT partner_standing_version_prior_fk FOREIGN KEY (ledger_id, partner_id, prior_version)
    REFERENCES partner_standing_version (ledger_id, partner_id, version),
    CONSTRAINT partner_standing_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT partner_standing_version_version_ck CHECK (version > 0),
    CONSTRAINT partner_standing_version_standing_ck CHECK (standing IN ('active', 'suspended', 'exiting', 'exited')),
    CONSTRAINT partner_standing_version_reason_ck CHECK (
        char_length(reason) <= 500 AND (standing <> 'suspended' OR reason <> '')
    ),
    CONSTRAINT partner_standing_version_buy_out_ck CHECK (buy_out_bp IS NULL OR (buy_out_bp BETWEEN 0 AND 10000 AND standing = 'exited')),
    CONSTRAINT partner_standing_version_bought_uq UNIQUE (ledger_id, partner_id, version, buy_out_bp),
    CONSTRAINT partner_standing_version_ends_ck CHECK (
        CASE WHEN standing = 'exiting'
            THEN num_nulls(run_off_until, returns_until) = 0 AND valid_from <= run_off_until AND run_off_until <= returns_until
        ELSE num_nonnulls(run_off_until, returns_until) = 0 END
    )
)
--;;
COMMENT ON TABLE partner_standing_version IS 'Where a partner stands from valid_from on, in programme time; the highest version in force counts. Without one: active. payment_id: suspended by contract, for what it has not paid.'
--;;
CREATE TRIGGER partner_standing_version_two_people BEFORE INSERT ON partner_standing_version FOR EACH ROW
WHEN (new.draft_id IS NULL AND new.payment_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER partner_standing_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_standing_version
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TABLE buy_out (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    redemption_bp smallint NOT NULL,
    outstanding_micros bigint NOT NULL,
    amount_micros bigint NOT NULL,
    known_from_seq bigint NOT NULL,
    window_number integer NOT NULL,
    CONSTRAINT buy_out_pk PRIMARY KEY (ledger_id, partner_id),
    CONSTRAINT buy_out_standing_fk FOREIGN KEY (ledger_id, partner_id, version, redemption_bp)
    REFERENCES partner_standing_version (ledger_id, partner_id, version, buy_out_bp),
    CONSTRAINT buy_out_amount_ck CHECK (outstanding_micros >= 0 AND amount_micros BETWEEN 0 AND outstanding_micros),
    CONSTRAINT buy_out_known_ck CHECK (known_from_seq > 0),
    CONSTRAINT buy_out_window_ck CHECK (window_number > 0)
)
--;;
COMMENT ON TABLE buy_out IS 'What a partner that has left pays for all of its points that were not used by then: outstanding_micros at redemption_bp, booked in window_number. From known_from_seq on they are the operator''s: entries of what it issued or funded are rated at 0.'
--;;
CREATE TRIGGER buy_out_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON buy_out FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
