CREATE TABLE api_key_roll (
    ledger_id smallint NOT NULL,
    key_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    next_key_id uuid NOT NULL,
    ends_at timestamptz NOT NULL,
    rolled_at timestamptz NOT NULL,
    rolled_by text NOT NULL,
    CONSTRAINT api_key_roll_pk PRIMARY KEY (ledger_id, key_id),
    CONSTRAINT api_key_roll_next_uq UNIQUE (ledger_id, next_key_id),
    CONSTRAINT api_key_roll_key_fk FOREIGN KEY (ledger_id, partner_id, key_id) REFERENCES api_key (ledger_id, partner_id, key_id),
    CONSTRAINT api_key_roll_next_fk FOREIGN KEY (ledger_id, partner_id, next_key_id)
    REFERENCES api_key (ledger_id, partner_id, key_id),
    CONSTRAINT api_key_roll_next_ck CHECK (next_key_id <> key_id),
    CONSTRAINT api_key_roll_ends_ck CHECK (ends_at BETWEEN rolled_at AND rolled_at + interval '720 hours')
)
--;;
COMMENT ON TABLE api_key_roll IS 'Which key followed a key, and until when the old one works beside it, by the wall clock. A key is rolled once; the next roll is of the key that followed.'
--;;
CREATE TABLE api_key_addresses (
    ledger_id smallint NOT NULL,
    key_id uuid NOT NULL,
    version integer NOT NULL,
    networks text [] NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT api_key_addresses_pk PRIMARY KEY (ledger_id, key_id, version),
    CONSTRAINT api_key_addresses_key_fk FOREIGN KEY (ledger_id, key_id) REFERENCES api_key (ledger_id, key_id),
    CONSTRAINT api_key_addresses_prior_fk FOREIGN KEY (ledger_id, key_id, prior_version)
    REFERENCES api_key_addresses (ledger_id, key_id, version),
    CONSTRAINT api_key_addresses_version_ck CHECK (version > 0),
    CONSTRAINT api_key_addresses_networks_ck CHECK (cardinality(networks) <= 32 AND networks::cidr [] IS NOT NULL)
)
--;;
COMMENT ON TABLE api_key_addresses IS 'From where a key is taken, as IPv4 and IPv6 networks; none: from everywhere. The highest version counts; without one: from everywhere.'
--;;
CREATE TABLE api_version_pin (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    number integer NOT NULL,
    api_version text NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    prior_number integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    CONSTRAINT api_version_pin_pk PRIMARY KEY (ledger_id, partner_id, number),
    CONSTRAINT api_version_pin_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT api_version_pin_prior_fk FOREIGN KEY (ledger_id, partner_id, prior_number)
    REFERENCES api_version_pin (ledger_id, partner_id, number),
    CONSTRAINT api_version_pin_number_ck CHECK (number > 0),
    CONSTRAINT api_version_pin_version_ck CHECK (api_version ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$')
)
--;;
COMMENT ON TABLE api_version_pin IS 'Which version of the public API a partner gets where a request names none. The highest number counts; onboarding writes the first.'
--;;
CREATE TRIGGER api_key_roll_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON api_key_roll FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER api_key_addresses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON api_key_addresses FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER api_version_pin_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON api_version_pin FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
