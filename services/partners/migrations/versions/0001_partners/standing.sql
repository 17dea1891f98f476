CREATE TABLE partner_standing_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    standing text NOT NULL,
    reason text NOT NULL,
    valid_from timestamptz NOT NULL,
    run_off_until timestamptz,
    returns_until timestamptz,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT partner_standing_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT partner_standing_version_draft_uq UNIQUE (ledger_id, draft_id),
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
    CONSTRAINT partner_standing_version_ends_ck CHECK (
        CASE WHEN standing = 'exiting'
            THEN num_nulls(run_off_until, returns_until) = 0 AND valid_from <= run_off_until AND run_off_until <= returns_until
        ELSE num_nonnulls(run_off_until, returns_until) = 0 END
    )
)
--;;
COMMENT ON TABLE partner_standing_version IS 'Where a partner stands from valid_from on, in programme time; the highest version in force counts. Without one: active.'
--;;
CREATE TRIGGER partner_standing_version_two_people BEFORE INSERT ON partner_standing_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER partner_standing_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_standing_version
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
