CREATE TABLE reconciliation_upload (
    ledger_id smallint NOT NULL,
    upload_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    differences integer NOT NULL,
    answer text NOT NULL,
    CONSTRAINT reconciliation_upload_pk PRIMARY KEY (ledger_id, upload_id),
    CONSTRAINT reconciliation_upload_key_uq UNIQUE (ledger_id, partner_id, key),
    CONSTRAINT reconciliation_upload_key_ck CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT reconciliation_upload_request_hash_ck CHECK (octet_length(request_hash) = 32),
    CONSTRAINT reconciliation_upload_differences_ck CHECK (differences >= 0)
)
--;;
COMMENT ON TABLE reconciliation_upload IS 'A file of a partner that was compared with its books, once for each key. answer: what it was answered, JSON; differences: how many of them are kept.'
--;;
CREATE INDEX reconciliation_upload_partner_ix ON reconciliation_upload (ledger_id, partner_id, upload_id)
--;;
CREATE INDEX reconciliation_upload_age_ix ON reconciliation_upload (created_at)
--;;
CREATE TABLE reconciliation_difference (
    ledger_id smallint NOT NULL,
    upload_id uuid NOT NULL,
    number integer NOT NULL,
    type text NOT NULL,
    answer text NOT NULL,
    CONSTRAINT reconciliation_difference_pk PRIMARY KEY (ledger_id, upload_id, number),
    CONSTRAINT reconciliation_difference_upload_fk FOREIGN KEY (ledger_id, upload_id)
    REFERENCES reconciliation_upload (ledger_id, upload_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT reconciliation_difference_number_ck CHECK (number > 0),
    CONSTRAINT reconciliation_difference_type_ck CHECK (
        type IN ('missing_there', 'missing_here', 'different', 'twice', 'another_day', 'unreadable')
    )
)
--;;
COMMENT ON TABLE reconciliation_difference IS 'What differed, one row each, numbered from 1. answer: as it is told, JSON.'
--;;
CREATE UNLOGGED TABLE reconciliation_row (
    work_id uuid NOT NULL,
    kind text NOT NULL,
    reference text COLLATE "C" NOT NULL,
    side smallint NOT NULL,
    line integer NOT NULL,
    points bigint NOT NULL,
    amount_minor bigint NOT NULL,
    day date NOT NULL,
    transaction_id uuid,
    staged_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reconciliation_row_pk PRIMARY KEY (work_id, kind, reference, side, line),
    CONSTRAINT reconciliation_row_side_ck CHECK (side BETWEEN 0 AND 2)
)
--;;
COMMENT ON TABLE reconciliation_row IS 'Both sides of a comparison that is going on, to be read in the order of its key; empty otherwise. A crash may empty it, or leave rows that a job removes. side: 0 ours, 1 ours of another day, 2 theirs.'
