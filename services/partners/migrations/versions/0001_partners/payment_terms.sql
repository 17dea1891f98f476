CREATE TABLE payment_terms_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from date NOT NULL,
    method text NOT NULL,
    holder text NOT NULL,
    iban text NOT NULL,
    bic text NOT NULL,
    street text NOT NULL,
    town text NOT NULL,
    postcode text NOT NULL,
    country text NOT NULL,
    mandate_id text,
    mandate_signed_on date,
    mandate_scheme text,
    prenotification_days smallint NOT NULL,
    due_days smallint NOT NULL,
    least_payout_minor bigint NOT NULL,
    reminder_days smallint NOT NULL,
    reminders_max smallint NOT NULL,
    late_interest_bp smallint NOT NULL,
    returned_fee_minor bigint NOT NULL,
    suspend_after_days smallint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT payment_terms_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT payment_terms_version_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT payment_terms_version_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT payment_terms_version_prior_fk FOREIGN KEY (ledger_id, partner_id, prior_version)
    REFERENCES payment_terms_version (ledger_id, partner_id, version),
    CONSTRAINT payment_terms_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT payment_terms_version_version_ck CHECK (version > 0),
    CONSTRAINT payment_terms_version_iban_ck CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    CONSTRAINT payment_terms_version_mandate_ck CHECK (
        CASE method
            WHEN 'direct_debit' THEN mandate_id IS NOT NULL AND coalesce(mandate_signed_on <= valid_from AND mandate_scheme IN ('CORE', 'B2B'), false)
            WHEN 'invoice' THEN mandate_id IS NULL AND mandate_signed_on IS NULL AND mandate_scheme IS NULL
            ELSE false
        END
    ),
    CONSTRAINT payment_terms_version_days_ck CHECK (
        prenotification_days BETWEEN 1 AND 366 AND due_days BETWEEN 0 AND 366 AND reminder_days BETWEEN 1 AND 366
        AND reminders_max BETWEEN 0 AND 10 AND suspend_after_days BETWEEN 0 AND 366
    ),
    CONSTRAINT payment_terms_version_amounts_ck CHECK (
        least_payout_minor BETWEEN 0 AND 1000000000000 AND returned_fee_minor BETWEEN 0 AND 1000000000000
        AND late_interest_bp BETWEEN 0 AND 10000
    )
)
--;;
COMMENT ON TABLE payment_terms_version IS 'How a partner pays and is paid, from a business date on; the highest version that is valid by then counts.'
--;;
CREATE TABLE operator_account_version (
    ledger_id smallint NOT NULL,
    version integer NOT NULL,
    valid_from date NOT NULL,
    holder text NOT NULL,
    iban text NOT NULL,
    bic text NOT NULL,
    street text NOT NULL,
    town text NOT NULL,
    postcode text NOT NULL,
    country text NOT NULL,
    creditor_id text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT operator_account_version_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT operator_account_version_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT operator_account_version_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT operator_account_version_prior_fk FOREIGN KEY (ledger_id, prior_version)
    REFERENCES operator_account_version (ledger_id, version),
    CONSTRAINT operator_account_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT operator_account_version_version_ck CHECK (version > 0),
    CONSTRAINT operator_account_version_iban_ck CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$')
)
--;;
COMMENT ON TABLE operator_account_version IS 'The account of the operator that a programme is paid from and to, from a business date on. creditor_id: empty where nothing is collected.'
--;;
-- As prices: one person sets them in a test programme only.
CREATE TRIGGER payment_terms_version_two_people BEFORE INSERT ON payment_terms_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER operator_account_version_two_people BEFORE INSERT ON operator_account_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['payment_terms_version', 'operator_account_version']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
