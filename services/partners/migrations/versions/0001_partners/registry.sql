CREATE TABLE programme (
    ledger_id smallint NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    zone text NOT NULL,
    currency text NOT NULL,
    is_test boolean NOT NULL,
    starts_at timestamptz NOT NULL,
    expiry_rule text NOT NULL,
    expiry_months smallint NOT NULL,
    expiry_month smallint,
    expiry_day smallint,
    expiry_notice_days smallint NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    registered_by text NOT NULL,
    CONSTRAINT programme_pk PRIMARY KEY (ledger_id),
    CONSTRAINT programme_slug_uq UNIQUE (slug),
    CONSTRAINT programme_ledger_id_ck CHECK (ledger_id > 0),
    CONSTRAINT programme_currency_ck CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT programme_expiry_rule_ck CHECK (expiry_rule IN ('months_after_earn', 'fixed_date', 'activity')),
    CONSTRAINT programme_expiry_months_ck CHECK (expiry_months BETWEEN CASE expiry_rule WHEN 'activity' THEN 1 ELSE 0 END AND 120),
    CONSTRAINT programme_expiry_date_ck CHECK (
        CASE WHEN expiry_rule = 'fixed_date' THEN num_nulls(expiry_month, expiry_day) = 0 AND expiry_month BETWEEN 1 AND 12
            AND expiry_day BETWEEN 1 AND 31
        ELSE num_nonnulls(expiry_month, expiry_day) = 0 END
    ),
    CONSTRAINT programme_expiry_notice_days_ck CHECK (expiry_notice_days BETWEEN 0 AND 365)
)
--;;
COMMENT ON TABLE programme IS 'One points currency, one ledger. starts_at: programme time at which its first window starts. expiry_*: the policy that its ledger is opened with.'
--;;
CREATE TABLE partner (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    onboarded_at timestamptz NOT NULL DEFAULT now(),
    onboarded_by text NOT NULL,
    first_window integer NOT NULL,
    CONSTRAINT partner_pk PRIMARY KEY (ledger_id, partner_id),
    CONSTRAINT partner_slug_uq UNIQUE (ledger_id, slug),
    CONSTRAINT partner_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT partner_status_ck CHECK (status IN ('active')),
    CONSTRAINT partner_first_window_ck CHECK (first_window > 0),
    CONSTRAINT partner_slug_ck CHECK (slug <> 'operator'),
    CONSTRAINT partner_id_ck CHECK (partner_id <> '00000000-0000-0000-0000-000000000000')
)
--;;
COMMENT ON COLUMN partner.first_window IS 'The window that was open when it joined: it is netted from that one on.'
--;;
CREATE TABLE store (
    ledger_id smallint NOT NULL,
    store_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT store_pk PRIMARY KEY (ledger_id, store_id),
    CONSTRAINT store_code_uq UNIQUE (ledger_id, partner_id, code),
    CONSTRAINT store_owner_uq UNIQUE (ledger_id, partner_id, store_id),
    CONSTRAINT store_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id)
)
--;;
CREATE TABLE legal_entity (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    number smallint NOT NULL,
    name text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by text NOT NULL,
    CONSTRAINT legal_entity_pk PRIMARY KEY (ledger_id, partner_id, number),
    CONSTRAINT legal_entity_name_uq UNIQUE (ledger_id, partner_id, name),
    CONSTRAINT legal_entity_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT legal_entity_number_ck CHECK (number BETWEEN 1 AND 1000)
)
--;;
COMMENT ON TABLE legal_entity IS 'The companies of a partner. The first is there from the start, under the name of the partner.'
--;;
CREATE TABLE store_entity (
    ledger_id smallint NOT NULL,
    store_id uuid NOT NULL,
    version integer NOT NULL,
    partner_id uuid NOT NULL,
    entity smallint NOT NULL,
    valid_from timestamptz NOT NULL,
    known_from_seq bigint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    CONSTRAINT store_entity_pk PRIMARY KEY (ledger_id, store_id, version),
    CONSTRAINT store_entity_store_fk FOREIGN KEY (ledger_id, partner_id, store_id) REFERENCES store (ledger_id, partner_id, store_id),
    CONSTRAINT store_entity_entity_fk FOREIGN KEY (ledger_id, partner_id, entity) REFERENCES legal_entity (ledger_id, partner_id, number),
    CONSTRAINT store_entity_version_ck CHECK (version > 0),
    CONSTRAINT store_entity_known_ck CHECK (known_from_seq > 0)
)
--;;
COMMENT ON TABLE store_entity IS 'Which company the sales at a store are of: those with valid_from <= effective time and known_from_seq <= seq; the highest version wins, and without one the first company.'
--;;
CREATE TABLE api_key (
    ledger_id smallint NOT NULL,
    key_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    label text NOT NULL,
    hint text NOT NULL,
    scopes text [] NOT NULL,
    secret_sha256 bytea NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now(),
    issued_by text NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT api_key_pk PRIMARY KEY (ledger_id, key_id),
    CONSTRAINT api_key_secret_uq UNIQUE (secret_sha256),
    CONSTRAINT api_key_owner_uq UNIQUE (ledger_id, partner_id, key_id),
    CONSTRAINT api_key_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT api_key_secret_ck CHECK (octet_length(secret_sha256) = 32),
    CONSTRAINT api_key_revoked_ck CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
)
--;;
COMMENT ON TABLE api_key IS 'API keys by the SHA-256 of their secret; the secret itself is nowhere. Times are wall-clock.'
--;;
CREATE INDEX api_key_partner_ix ON api_key (ledger_id, partner_id)
--;;
CREATE TABLE staff (
    staff_id uuid NOT NULL,
    name text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by text NOT NULL,
    CONSTRAINT staff_pk PRIMARY KEY (staff_id),
    CONSTRAINT staff_name_uq UNIQUE (name)
)
--;;
COMMENT ON TABLE staff IS 'The operator''s people. They serve all programmes, so there is no ledger here.'
--;;
CREATE TABLE staff_role (
    staff_id uuid NOT NULL,
    role text NOT NULL,
    version integer NOT NULL,
    assigned boolean NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL,
    CONSTRAINT staff_role_pk PRIMARY KEY (staff_id, role, version),
    CONSTRAINT staff_role_staff_fk FOREIGN KEY (staff_id) REFERENCES staff (staff_id),
    CONSTRAINT staff_role_role_ck CHECK (
        role IN ('admin', 'pricing', 'maker', 'checker', 'service_desk', 'auditor')
    ),
    CONSTRAINT staff_role_version_ck CHECK (version > 0)
)
--;;
COMMENT ON TABLE staff_role IS 'Every change of a role, dated: of each role the highest version says whether it is assigned.'
--;;
CREATE TABLE partner_role_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    roles text [] NOT NULL,
    valid_from timestamptz NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    CONSTRAINT partner_role_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT partner_role_version_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT partner_role_version_version_ck CHECK (version > 0),
    CONSTRAINT partner_role_version_roles_ck CHECK (roles <@ ARRAY['earn', 'burn', 'fund'])
)
--;;
COMMENT ON TABLE partner_role_version IS 'What a partner may do from valid_from on, in programme time; the highest version in force counts. Without one: everything.'
--;;
CREATE TABLE rate_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    issue_micros bigint NOT NULL,
    reimbursement_micros bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    known_from_seq bigint NOT NULL,
    issue_share_percent smallint NOT NULL,
    transaction_fee_micros bigint NOT NULL,
    bonus_issue_micros bigint,
    bonus_reimbursement_micros bigint,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    CONSTRAINT rate_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT rate_version_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT rate_version_version_ck CHECK (version > 0),
    CONSTRAINT rate_version_issue_ck CHECK (issue_micros BETWEEN 0 AND 1000000000),
    CONSTRAINT rate_version_reimbursement_ck CHECK (reimbursement_micros BETWEEN 0 AND 1000000000),
    CONSTRAINT rate_version_share_ck CHECK (issue_share_percent BETWEEN 0 AND 100),
    CONSTRAINT rate_version_fee_ck CHECK (transaction_fee_micros BETWEEN 0 AND 1000000000),
    CONSTRAINT rate_version_bonus_ck CHECK (
        (bonus_issue_micros IS NULL) = (bonus_reimbursement_micros IS NULL)
        AND bonus_issue_micros BETWEEN 0 AND 1000000000 AND bonus_reimbursement_micros BETWEEN 0 AND 1000000000
    ),
    CONSTRAINT rate_version_valid_ck CHECK (valid_to > valid_from),
    CONSTRAINT rate_version_known_ck CHECK (known_from_seq > 0)
)
--;;
COMMENT ON TABLE rate_version IS 'Rates a posting iff valid_from <= effective time < valid_to and known_from_seq <= seq; the highest version wins.'
