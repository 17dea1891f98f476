CREATE TABLE tax_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    entity smallint NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    legal_name text NOT NULL,
    street text NOT NULL,
    city text NOT NULL,
    postcode text NOT NULL,
    country text NOT NULL,
    vat_id text NOT NULL,
    tax_number text NOT NULL,
    registration_id text NOT NULL,
    email text NOT NULL,
    legal_note text NOT NULL,
    agreement text,
    agreed_on date,
    objection_days smallint,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT tax_version_pk PRIMARY KEY (ledger_id, partner_id, entity, version),
    CONSTRAINT tax_version_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT tax_version_entity_fk FOREIGN KEY (ledger_id, partner_id, entity)
    REFERENCES legal_entity (ledger_id, partner_id, number),
    CONSTRAINT tax_version_prior_fk FOREIGN KEY (ledger_id, partner_id, entity, prior_version)
    REFERENCES tax_version (ledger_id, partner_id, entity, version),
    CONSTRAINT tax_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT tax_version_version_ck CHECK (version BETWEEN 1 AND 1000),
    CONSTRAINT tax_version_name_ck CHECK (char_length(legal_name) BETWEEN 1 AND 200),
    CONSTRAINT tax_version_address_ck CHECK (
        char_length(street) BETWEEN 1 AND 200 AND char_length(city) BETWEEN 1 AND 100 AND char_length(postcode) <= 20
    ),
    CONSTRAINT tax_version_country_ck CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT tax_version_numbers_ck CHECK (
        char_length(vat_id) <= 20 AND char_length(tax_number) <= 40 AND char_length(registration_id) <= 60
    ),
    CONSTRAINT tax_version_texts_ck CHECK (char_length(email) <= 254 AND char_length(legal_note) <= 500),
    CONSTRAINT tax_version_agreement_ck CHECK (
        num_nulls(agreement, agreed_on, objection_days) IN (0, 3)
        AND char_length(agreement) BETWEEN 1 AND 60 AND objection_days BETWEEN 1 AND 366
    )
)
--;;
COMMENT ON TABLE tax_version IS 'Who a company of a partner is on documents, from valid_from on in programme time; the highest version that is valid counts. agreement null: it takes no self-billed invoices.'
--;;
CREATE TABLE tax_rule (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    entity smallint NOT NULL,
    version integer NOT NULL,
    supply text NOT NULL,
    category text NOT NULL,
    rate_basis_points integer NOT NULL,
    exemption_text text NOT NULL,
    exemption_code text NOT NULL,
    CONSTRAINT tax_rule_pk PRIMARY KEY (ledger_id, partner_id, entity, version, supply),
    CONSTRAINT tax_rule_version_fk FOREIGN KEY (ledger_id, partner_id, entity, version)
    REFERENCES tax_version (ledger_id, partner_id, entity, version),
    CONSTRAINT tax_rule_prefunding_ck CHECK (supply <> 'prefunding' OR category = 'O'),
    CONSTRAINT tax_rule_supply_ck CHECK (supply IN ('points', 'fees', 'reimbursement', 'prefunding')),
    CONSTRAINT tax_rule_category_ck CHECK (category IN ('S', 'Z', 'E', 'AE', 'G', 'O')),
    CONSTRAINT tax_rule_rate_ck CHECK (
        CASE category WHEN 'S' THEN rate_basis_points BETWEEN 1 AND 10000 ELSE rate_basis_points = 0 END
    ),
    CONSTRAINT tax_rule_exemption_ck CHECK (
        (category IN ('S', 'Z')) = (exemption_text = '' AND exemption_code = '')
        AND char_length(exemption_text) <= 300 AND char_length(exemption_code) <= 40
    )
)
--;;
COMMENT ON TABLE tax_rule IS 'Which category of EN 16931 each supply to or from a company is of. A supply without a row cannot be invoiced.'
--;;
CREATE TABLE operator_version (
    ledger_id smallint NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    legal_name text NOT NULL,
    street text NOT NULL,
    city text NOT NULL,
    postcode text NOT NULL,
    country text NOT NULL,
    vat_id text NOT NULL,
    tax_number text NOT NULL,
    registration_id text NOT NULL,
    email text NOT NULL,
    legal_note text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT operator_version_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT operator_version_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT operator_version_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT operator_version_prior_fk FOREIGN KEY (ledger_id, prior_version)
    REFERENCES operator_version (ledger_id, version),
    CONSTRAINT operator_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT operator_version_version_ck CHECK (version BETWEEN 1 AND 1000),
    CONSTRAINT operator_version_name_ck CHECK (char_length(legal_name) BETWEEN 1 AND 200),
    CONSTRAINT operator_version_address_ck CHECK (
        char_length(street) BETWEEN 1 AND 200 AND char_length(city) BETWEEN 1 AND 100 AND char_length(postcode) <= 20
    ),
    CONSTRAINT operator_version_country_ck CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT operator_version_numbers_ck CHECK (
        char_length(vat_id) <= 20 AND char_length(tax_number) <= 40 AND char_length(registration_id) <= 60
    ),
    CONSTRAINT operator_version_texts_ck CHECK (char_length(email) <= 254 AND char_length(legal_note) <= 500)
)
--;;
COMMENT ON TABLE operator_version IS 'Who the operator of a programme is on documents, from valid_from on in programme time; the highest version that is valid counts.'
--;;
-- As prices: one person sets them in a test programme only.
CREATE TRIGGER tax_version_two_people BEFORE INSERT ON tax_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER operator_version_two_people BEFORE INSERT ON operator_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER tax_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_version
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER tax_rule_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tax_rule
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER operator_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_version
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
