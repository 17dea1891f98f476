CREATE TABLE quota_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    interactive_per_second integer NOT NULL,
    bulk_per_second integer NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT quota_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT quota_version_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT quota_version_prior_fk FOREIGN KEY (ledger_id, partner_id, prior_version)
    REFERENCES quota_version (ledger_id, partner_id, version),
    CONSTRAINT quota_version_version_ck CHECK (version > 0),
    CONSTRAINT quota_version_interactive_ck CHECK (interactive_per_second BETWEEN 0 AND 1000000),
    CONSTRAINT quota_version_bulk_ck CHECK (bulk_per_second BETWEEN 0 AND 1000000)
)
--;;
COMMENT ON TABLE quota_version IS 'How much each API key of a partner may ask of the gateway, a second: requests, and lines of batches and files. 0: what its settings say. The highest version counts, from when it was set on, by the wall clock.'
--;;
CREATE TRIGGER quota_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quota_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
