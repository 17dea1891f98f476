CREATE TABLE settlement_head (
    ledger_id smallint NOT NULL,
    last_run integer NOT NULL DEFAULT 0,
    last_journal bigint NOT NULL DEFAULT 0,
    CONSTRAINT settlement_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT settlement_head_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id)
)
--;;
COMMENT ON TABLE settlement_head IS 'The row that every step with money locks first: runs and journals are numbered by it without a gap.'
--;;
CREATE TABLE settlement_run (
    ledger_id smallint NOT NULL,
    number integer NOT NULL,
    until_window integer NOT NULL,
    draft_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    drafted_at timestamptz NOT NULL,
    drafted_by text NOT NULL,
    prior_number integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    CONSTRAINT settlement_run_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT settlement_run_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT settlement_run_prior_fk FOREIGN KEY (ledger_id, prior_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT settlement_run_draft_fk FOREIGN KEY (ledger_id, draft_id) REFERENCES draft (ledger_id, draft_id),
    CONSTRAINT settlement_run_window_fk FOREIGN KEY (ledger_id, until_window) REFERENCES clearing_window (ledger_id, number),
    CONSTRAINT settlement_run_number_ck CHECK (number > 0),
    CONSTRAINT settlement_run_sha256_ck CHECK (octet_length(sha256) = 32)
)
--;;
COMMENT ON TABLE settlement_run IS 'What is to be settled at once: statements of windows up to until_window. sha256 is over all positions and their documents. drafted_at is programme time.'
--;;
CREATE TABLE run_position (
    ledger_id smallint NOT NULL,
    run_number integer NOT NULL,
    partner_id uuid NOT NULL,
    first_window integer,
    last_window integer,
    statements_minor bigint NOT NULL,
    documents_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    brought_forward_minor bigint NOT NULL,
    prefunding_minor bigint NOT NULL,
    set_off_minor bigint NOT NULL,
    outcome text NOT NULL,
    why text NOT NULL,
    due_minor bigint GENERATED ALWAYS AS (
        documents_minor + tax_minor + brought_forward_minor + prefunding_minor - set_off_minor
    ) STORED,
    CONSTRAINT run_position_pk PRIMARY KEY (ledger_id, run_number, partner_id),
    CONSTRAINT run_position_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT run_position_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT run_position_windows_ck CHECK (first_window <= last_window),
    CONSTRAINT run_position_set_off_ck CHECK (set_off_minor >= 0),
    CONSTRAINT run_position_outcome_ck CHECK (
        CASE outcome
            WHEN 'collect' THEN documents_minor + tax_minor + brought_forward_minor + prefunding_minor - set_off_minor > 0
            WHEN 'invoice' THEN documents_minor + tax_minor + brought_forward_minor + prefunding_minor - set_off_minor > 0
            WHEN 'pay' THEN documents_minor + tax_minor + brought_forward_minor + prefunding_minor - set_off_minor < 0
            WHEN 'nothing' THEN documents_minor + tax_minor + brought_forward_minor + prefunding_minor - set_off_minor = 0
            WHEN 'below_least' THEN documents_minor + tax_minor + brought_forward_minor + prefunding_minor - set_off_minor < 0
            WHEN 'left_out' THEN why <> '' AND documents_minor = 0 AND tax_minor = 0 AND prefunding_minor = 0 AND set_off_minor = 0
            ELSE false
        END
    )
)
--;;
COMMENT ON TABLE run_position IS 'A partner in a run, in minor units: above zero it pays. set_off_minor: what is paid of it by prefunding. left_out: its statements wait for a later run, why says what for.'
--;;
CREATE TABLE run_step (
    ledger_id smallint NOT NULL,
    run_number integer NOT NULL,
    step integer NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    why text NOT NULL,
    prior_state text,
    prior_step integer GENERATED ALWAYS AS (nullif(step - 1, 0)) STORED,
    CONSTRAINT run_step_pk PRIMARY KEY (ledger_id, run_number, step),
    CONSTRAINT run_step_state_uq UNIQUE (ledger_id, run_number, step, state),
    CONSTRAINT run_step_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT run_step_prior_fk FOREIGN KEY (ledger_id, run_number, prior_step, prior_state)
    REFERENCES run_step (ledger_id, run_number, step, state),
    CONSTRAINT run_step_first_ck CHECK ((step = 1) = (prior_state IS NULL) AND step > 0),
    CONSTRAINT run_step_forward_ck CHECK (
        CASE coalesce(prior_state, '')
            WHEN '' THEN state = 'draft'
            WHEN 'draft' THEN state IN ('approved', 'aborted')
            WHEN 'approved' THEN state IN ('instructed', 'aborted')
            WHEN 'instructed' THEN state IN ('collected', 'partial')
            WHEN 'collected' THEN state IN ('paid', 'partial')
            WHEN 'paid' THEN state IN ('settled', 'partial')
            WHEN 'partial' THEN state IN ('instructed', 'collected', 'paid', 'settled')
            WHEN 'settled' THEN state = 'partial'
            ELSE false
        END
    )
)
--;;
COMMENT ON TABLE run_step IS 'The states that a run went through; the last one counts. aborted is the end, and never after instructed. Programme time.'
--;;
CREATE TABLE run_statement (
    ledger_id smallint NOT NULL,
    statement_id uuid NOT NULL,
    run_number integer NOT NULL,
    CONSTRAINT run_statement_pk PRIMARY KEY (ledger_id, statement_id),
    CONSTRAINT run_statement_statement_fk FOREIGN KEY (ledger_id, statement_id) REFERENCES statement (ledger_id, statement_id),
    CONSTRAINT run_statement_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number)
)
--;;
COMMENT ON TABLE run_statement IS 'Which run settled a statement: one, from when it was instructed.'
--;;
CREATE INDEX run_statement_run_ix ON run_statement (ledger_id, run_number)
--;;
CREATE TABLE document_series (
    ledger_id smallint NOT NULL,
    year smallint NOT NULL,
    type smallint NOT NULL,
    last_sequence integer NOT NULL,
    CONSTRAINT document_series_pk PRIMARY KEY (ledger_id, year, type),
    CONSTRAINT document_series_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id)
)
--;;
COMMENT ON TABLE document_series IS 'The last number that was given to a document, by type and year. Taken in the transaction that writes the document.'
--;;
CREATE TABLE document (
    ledger_id smallint NOT NULL,
    document_id uuid NOT NULL,
    type smallint NOT NULL,
    year smallint NOT NULL,
    sequence integer NOT NULL,
    number text NOT NULL,
    run_number integer,
    partner_id uuid NOT NULL,
    entity smallint NOT NULL,
    issued_on date NOT NULL,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    due_minor bigint NOT NULL,
    body bytea NOT NULL,
    sha256 bytea NOT NULL,
    prior_sequence integer GENERATED ALWAYS AS (nullif(sequence - 1, 0)) STORED,
    CONSTRAINT document_pk PRIMARY KEY (ledger_id, document_id),
    CONSTRAINT document_number_uq UNIQUE (ledger_id, number),
    CONSTRAINT document_sequence_uq UNIQUE (ledger_id, year, type, sequence),
    CONSTRAINT document_gapless_fk FOREIGN KEY (ledger_id, year, type, prior_sequence)
    REFERENCES document (ledger_id, year, type, sequence),
    CONSTRAINT document_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT document_entity_fk FOREIGN KEY (ledger_id, partner_id, entity)
    REFERENCES legal_entity (ledger_id, partner_id, number),
    CONSTRAINT document_type_ck CHECK (type IN (380, 381, 389, 261, 386)),
    CONSTRAINT document_year_ck CHECK (extract(YEAR FROM issued_on) = year),
    CONSTRAINT document_sequence_ck CHECK (sequence > 0),
    CONSTRAINT document_amounts_ck CHECK (
        net_minor >= 0 AND tax_minor >= 0
        AND due_minor = CASE WHEN type IN (380, 261, 386) THEN net_minor + tax_minor ELSE -net_minor - tax_minor END
    ),
    CONSTRAINT document_sha256_ck CHECK (sha256 = sha256(body))
)
--;;
COMMENT ON TABLE document IS 'An invoice or credit note, as it was issued: body is its canonical JSON, of which every other form is made. due_minor above zero: the partner owes it.'
--;;
CREATE INDEX document_run_ix ON document (ledger_id, run_number, partner_id)
--;;
CREATE INDEX document_partner_ix ON document (ledger_id, partner_id, document_id)
--;;
CREATE TABLE money_journal (
    ledger_id smallint NOT NULL,
    journal bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    run_number integer,
    document_id uuid,
    payment_id uuid,
    break_number bigint,
    dispute_id uuid,
    by text NOT NULL,
    why text NOT NULL,
    prior_journal bigint GENERATED ALWAYS AS (nullif(journal - 1, 0)) STORED,
    CONSTRAINT money_journal_pk PRIMARY KEY (ledger_id, journal),
    CONSTRAINT money_journal_prior_fk FOREIGN KEY (ledger_id, prior_journal) REFERENCES money_journal (ledger_id, journal),
    CONSTRAINT money_journal_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT money_journal_document_fk FOREIGN KEY (ledger_id, document_id) REFERENCES document (ledger_id, document_id),
    CONSTRAINT money_journal_document_uq UNIQUE (ledger_id, document_id),
    CONSTRAINT money_journal_journal_ck CHECK (journal > 0),
    CONSTRAINT money_journal_kind_ck CHECK (
        kind IN (
            'document', 'collected', 'paid_out', 'returned', 'received', 'allocated', 'refunded', 'withheld', 'let_go',
            'charged', 'written_off', 'bank_charged', 'set_off'
        )
    )
)
--;;
COMMENT ON TABLE money_journal IS 'A movement between the accounts of the clearing house. Its entries sum to zero. at is programme time.'
--;;
CREATE TABLE money_entry (
    ledger_id smallint NOT NULL,
    journal bigint NOT NULL,
    line smallint NOT NULL,
    account text NOT NULL,
    partner_id uuid,
    amount_minor bigint NOT NULL,
    CONSTRAINT money_entry_pk PRIMARY KEY (ledger_id, journal, line),
    CONSTRAINT money_entry_journal_fk FOREIGN KEY (ledger_id, journal) REFERENCES money_journal (ledger_id, journal),
    CONSTRAINT money_entry_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT money_entry_amount_ck CHECK (amount_minor <> 0),
    CONSTRAINT money_entry_account_ck CHECK (
        CASE
            WHEN account IN ('partner', 'disputed', 'prepaid') THEN partner_id IS NOT NULL
            WHEN account IN (
                'bank', 'suspense', 'points', 'fees', 'reimbursement', 'tax_charged', 'tax_paid', 'charges', 'bank_charges',
                'written_off'
            ) THEN partner_id IS NULL
            ELSE false
        END
    )
)
--;;
COMMENT ON TABLE money_entry IS 'A line of a movement: debit above zero, credit below, in minor units.'
--;;
CREATE INDEX money_entry_account_ix ON money_entry (ledger_id, account, partner_id, journal) INCLUDE (amount_minor)
--;;
CREATE FUNCTION check_journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) < 2 OR sum(e.amount_minor) <> 0
        FROM money_entry AS e WHERE e.ledger_id = new.ledger_id AND e.journal = new.journal) THEN
        RAISE EXCEPTION 'the entries of journal % do not sum to zero', new.journal
            USING errcode = 'restrict_violation', constraint = 'money_journal_balances_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
-- Both ways in: a journal without entries, and an entry that comes to a journal of before.
CREATE CONSTRAINT TRIGGER money_journal_balances AFTER INSERT ON money_journal DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_journal_balances()
--;;
CREATE CONSTRAINT TRIGGER money_entry_balances AFTER INSERT ON money_entry DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_journal_balances()
--;;
CREATE TABLE payment (
    ledger_id smallint NOT NULL,
    payment_id uuid NOT NULL,
    run_number integer,
    partner_id uuid NOT NULL,
    attempt smallint NOT NULL,
    direction text NOT NULL,
    method text NOT NULL,
    amount_minor bigint NOT NULL,
    end_to_end_id text NOT NULL,
    reference text NOT NULL,
    due_on date NOT NULL,
    terms_version integer NOT NULL,
    file_number integer,
    made_at timestamptz NOT NULL,
    CONSTRAINT payment_pk PRIMARY KEY (ledger_id, payment_id),
    CONSTRAINT payment_end_to_end_uq UNIQUE (ledger_id, end_to_end_id),
    CONSTRAINT payment_reference_uq UNIQUE (ledger_id, reference),
    CONSTRAINT payment_attempt_uq UNIQUE (ledger_id, run_number, partner_id, attempt),
    CONSTRAINT payment_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT payment_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT payment_attempt_ck CHECK (attempt > 0),
    CONSTRAINT payment_amount_ck CHECK (amount_minor > 0),
    CONSTRAINT payment_method_ck CHECK (
        (direction, method) IN (('collect', 'direct_debit'), ('collect', 'invoice'), ('payout', 'credit_transfer'))
    ),
    CONSTRAINT payment_file_ck CHECK ((method = 'invoice') = (file_number IS NULL))
)
--;;
COMMENT ON TABLE payment IS 'Money that is to come from, or to go to, a partner. terms_version: whose account, and which mandate. made_at is programme time.'
--;;
CREATE TABLE payment_event (
    ledger_id smallint NOT NULL,
    payment_id uuid NOT NULL,
    event smallint NOT NULL,
    kind text NOT NULL,
    amount_minor bigint NOT NULL,
    on_date date NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT payment_event_pk PRIMARY KEY (ledger_id, payment_id, event),
    CONSTRAINT payment_event_payment_fk FOREIGN KEY (ledger_id, payment_id) REFERENCES payment (ledger_id, payment_id),
    CONSTRAINT payment_event_kind_ck CHECK (
        CASE kind
            WHEN 'accepted' THEN amount_minor = 0
            WHEN 'rejected' THEN amount_minor = 0
            WHEN 'cancelled' THEN amount_minor = 0
            WHEN 'carried' THEN amount_minor = 0
            WHEN 'booked' THEN amount_minor > 0
            WHEN 'transferred' THEN amount_minor > 0
            WHEN 'returned' THEN amount_minor > 0
            ELSE false
        END
    )
)
--;;
COMMENT ON TABLE payment_event IS 'What became of a payment: paid is what was booked or transferred less what was returned. on_date: the bank''s; at is programme time.'
--;;
CREATE TABLE payment_reminder (
    ledger_id smallint NOT NULL,
    payment_id uuid NOT NULL,
    reminder smallint NOT NULL,
    left_minor bigint NOT NULL,
    on_date date NOT NULL,
    prior_reminder smallint GENERATED ALWAYS AS (nullif(reminder - 1, 0)) STORED,
    CONSTRAINT payment_reminder_pk PRIMARY KEY (ledger_id, payment_id, reminder),
    CONSTRAINT payment_reminder_payment_fk FOREIGN KEY (ledger_id, payment_id) REFERENCES payment (ledger_id, payment_id),
    CONSTRAINT payment_reminder_prior_fk FOREIGN KEY (ledger_id, payment_id, prior_reminder)
    REFERENCES payment_reminder (ledger_id, payment_id, reminder),
    CONSTRAINT payment_reminder_ck CHECK (reminder > 0 AND left_minor > 0)
)
--;;
COMMENT ON TABLE payment_reminder IS 'When a partner was reminded of what it has not paid, once each; on_date is of programme time.'
--;;
CREATE TABLE bank_file (
    ledger_id smallint NOT NULL,
    number integer NOT NULL,
    run_number integer,
    kind text NOT NULL,
    message_id text NOT NULL,
    payments integer NOT NULL,
    total_minor bigint NOT NULL,
    body bytea NOT NULL,
    sha256 bytea NOT NULL,
    made_at timestamptz NOT NULL,
    prior_number integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    CONSTRAINT bank_file_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT bank_file_prior_fk FOREIGN KEY (ledger_id, prior_number) REFERENCES bank_file (ledger_id, number),
    CONSTRAINT bank_file_message_uq UNIQUE (ledger_id, message_id),
    CONSTRAINT bank_file_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number),
    CONSTRAINT bank_file_kind_ck CHECK (kind IN ('pain.001', 'pain.008')),
    CONSTRAINT bank_file_payments_ck CHECK (payments > 0 AND total_minor > 0),
    CONSTRAINT bank_file_sha256_ck CHECK (sha256 = sha256(body))
)
--;;
COMMENT ON TABLE bank_file IS 'A file for the bank: made once with the payments in it, handed over as often as it takes.'
--;;
ALTER TABLE payment
ADD CONSTRAINT payment_file_fk FOREIGN KEY (ledger_id, file_number) REFERENCES bank_file (ledger_id, number)
--;;
ALTER TABLE money_journal
ADD CONSTRAINT money_journal_payment_fk FOREIGN KEY (ledger_id, payment_id) REFERENCES payment (ledger_id, payment_id)
--;;
ALTER TABLE partner_standing_version
ADD CONSTRAINT partner_standing_version_payment_fk FOREIGN KEY (ledger_id, payment_id) REFERENCES payment (ledger_id, payment_id)
--;;
CREATE INDEX payment_partner_ix ON payment (ledger_id, partner_id)
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'settlement_run', 'run_position', 'run_step', 'run_statement', 'document', 'money_journal', 'money_entry', 'payment',
        'payment_event', 'payment_reminder', 'bank_file'
    ]
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
--;;
CREATE TABLE bank_message (
    ledger_id smallint NOT NULL,
    number integer NOT NULL,
    sha256 bytea NOT NULL,
    kind text NOT NULL,
    message_id text NOT NULL,
    items integer NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    CONSTRAINT bank_message_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT bank_message_sha256_uq UNIQUE (ledger_id, sha256),
    CONSTRAINT bank_message_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT bank_message_kind_ck CHECK (kind IN ('pain.002', 'camt.053')),
    CONSTRAINT bank_message_sha256_ck CHECK (sha256 = sha256(body))
)
--;;
COMMENT ON TABLE bank_message IS 'A file that the bank sent, as it came. The same bytes again are no new message.'
--;;
CREATE TABLE bank_statement (
    ledger_id smallint NOT NULL,
    message_number integer NOT NULL,
    place smallint NOT NULL,
    account text NOT NULL,
    statement_id text NOT NULL,
    sequence bigint NOT NULL,
    closed_on date NOT NULL,
    opening_minor bigint,
    closing_minor bigint,
    repeated boolean NOT NULL,
    CONSTRAINT bank_statement_pk PRIMARY KEY (ledger_id, message_number, place),
    CONSTRAINT bank_statement_message_fk FOREIGN KEY (ledger_id, message_number) REFERENCES bank_message (ledger_id, number),
    CONSTRAINT bank_statement_place_ck CHECK (place > 0)
)
--;;
COMMENT ON TABLE bank_statement IS 'A statement of an account, in a message at a place. sequence: as the bank counts them, 0 where it does not. repeated: told before.'
--;;
CREATE INDEX bank_statement_order_ix ON bank_statement (ledger_id, account, closed_on, sequence, message_number, place)
--;;
CREATE TABLE bank_item (
    ledger_id smallint NOT NULL,
    message_number integer NOT NULL,
    item integer NOT NULL,
    entry_reference text NOT NULL,
    end_to_end_id text NOT NULL,
    amount_minor bigint NOT NULL,
    booked_on date,
    outcome text NOT NULL,
    payment_id uuid,
    applied_minor bigint NOT NULL,
    charge_minor bigint NOT NULL,
    said text NOT NULL,
    statement smallint,
    CONSTRAINT bank_item_pk PRIMARY KEY (ledger_id, message_number, item),
    CONSTRAINT bank_item_message_fk FOREIGN KEY (ledger_id, message_number) REFERENCES bank_message (ledger_id, number),
    CONSTRAINT bank_item_statement_fk FOREIGN KEY (ledger_id, message_number, statement)
    REFERENCES bank_statement (ledger_id, message_number, place),
    CONSTRAINT bank_item_payment_fk FOREIGN KEY (ledger_id, payment_id) REFERENCES payment (ledger_id, payment_id)
)
--;;
COMMENT ON TABLE bank_item IS 'What a bank said, item by item, and what became of it. Above zero: money that came in; charge_minor: what of it the bank says to be its charge. said: who and what for, in its words.'
--;;
CREATE INDEX bank_item_entry_ix ON bank_item (ledger_id, entry_reference)
--;;
CREATE TABLE bank_break (
    ledger_id smallint NOT NULL,
    number bigint NOT NULL,
    message_number integer NOT NULL,
    item integer NOT NULL,
    type text NOT NULL,
    amount_minor bigint NOT NULL,
    payment_id uuid,
    opened_at timestamptz NOT NULL,
    CONSTRAINT bank_break_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT bank_break_item_uq UNIQUE (ledger_id, message_number, item),
    CONSTRAINT bank_break_item_fk FOREIGN KEY (ledger_id, message_number, item)
    REFERENCES bank_item (ledger_id, message_number, item),
    CONSTRAINT bank_break_payment_fk FOREIGN KEY (ledger_id, payment_id) REFERENCES payment (ledger_id, payment_id)
)
--;;
COMMENT ON TABLE bank_break IS 'What the bank said and nothing of ours explains; amount_minor waits in suspense. opened_at is programme time.'
--;;
CREATE TABLE statement_gap (
    ledger_id smallint NOT NULL,
    break_number bigint NOT NULL,
    message_number integer NOT NULL,
    place smallint NOT NULL,
    CONSTRAINT statement_gap_pk PRIMARY KEY (ledger_id, break_number),
    CONSTRAINT statement_gap_break_fk FOREIGN KEY (ledger_id, break_number) REFERENCES bank_break (ledger_id, number),
    CONSTRAINT statement_gap_statement_fk FOREIGN KEY (ledger_id, message_number, place)
    REFERENCES bank_statement (ledger_id, message_number, place)
)
--;;
COMMENT ON TABLE statement_gap IS 'Which statement a break is before: it opens with another balance than the one before it closed with. A statement has several, one after the other ended.'
--;;
CREATE INDEX statement_gap_statement_ix ON statement_gap (ledger_id, message_number, place)
--;;
CREATE TABLE break_event (
    ledger_id smallint NOT NULL,
    break_number bigint NOT NULL,
    event smallint NOT NULL,
    kind text NOT NULL,
    owner text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    why text NOT NULL,
    CONSTRAINT break_event_pk PRIMARY KEY (ledger_id, break_number, event),
    CONSTRAINT break_event_break_fk FOREIGN KEY (ledger_id, break_number) REFERENCES bank_break (ledger_id, number),
    CONSTRAINT break_event_kind_ck CHECK (kind IN ('assigned', 'allocated', 'refunded', 'explained', 'written_off', 'bank_charge'))
)
--;;
COMMENT ON TABLE break_event IS 'Who looks after a break, and how it ended: every kind but assigned ends it.'
--;;
CREATE UNIQUE INDEX break_event_end_uq ON break_event (ledger_id, break_number) WHERE kind <> 'assigned'
--;;
ALTER TABLE money_journal
ADD CONSTRAINT money_journal_break_fk FOREIGN KEY (ledger_id, break_number) REFERENCES bank_break (ledger_id, number)
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bank_message', 'bank_statement', 'bank_item', 'bank_break', 'statement_gap', 'break_event']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
