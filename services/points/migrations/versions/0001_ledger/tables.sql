CREATE TABLE ledger (
    ledger_id smallint NOT NULL,
    programme text NOT NULL,
    zone text NOT NULL,
    currency text NOT NULL,
    is_test boolean NOT NULL,
    expiry_months smallint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_pk PRIMARY KEY (ledger_id),
    CONSTRAINT ledger_programme_uq UNIQUE (programme),
    CONSTRAINT ledger_expiry_months_ck CHECK (expiry_months BETWEEN 0 AND 120)
)
--;;
COMMENT ON TABLE ledger IS 'One row a programme. expiry_months: life of a lot from the earn to that month''s end; 0: for ever.'
--;;
CREATE TABLE ledger_head (
    ledger_id smallint NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    last_time_us bigint NOT NULL DEFAULT 0,
    clock_offset_us bigint NOT NULL DEFAULT 0,
    last_lot_no bigint NOT NULL DEFAULT 0,
    last_batch_no bigint NOT NULL DEFAULT 0,
    last_account_no bigint NOT NULL DEFAULT 0,
    config_version bigint NOT NULL DEFAULT 0,
    CONSTRAINT ledger_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT ledger_head_ledger_fk FOREIGN KEY (ledger_id) REFERENCES ledger (ledger_id)
) WITH (fillfactor = 10)
--;;
COMMENT ON TABLE ledger_head IS 'The one row that every posting of a ledger locks first: it hands out seq, lots, accounts and time.'
--;;
CREATE TABLE account (
    ledger_id smallint NOT NULL,
    account_no bigint NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT account_pk PRIMARY KEY (ledger_id, account_no),
    CONSTRAINT account_owner_uq UNIQUE (ledger_id, kind, owner_id),
    CONSTRAINT account_kind_ck CHECK (kind IN ('wallet', 'issuance', 'redemption', 'expiry'))
)
--;;
COMMENT ON COLUMN account.owner_id IS 'A member, a partner, or the nil UUID for the programme''s own accounts.'
--;;
CREATE TABLE balance (
    ledger_id smallint NOT NULL,
    account_no bigint NOT NULL,
    debits bigint NOT NULL DEFAULT 0,
    credits bigint NOT NULL DEFAULT 0,
    floor bigint,
    CONSTRAINT balance_pk PRIMARY KEY (ledger_id, account_no),
    CONSTRAINT balance_floor_ck CHECK (floor IS NULL OR credits - debits >= floor),
    CONSTRAINT balance_counters_ck CHECK (debits >= 0 AND credits >= 0)
) WITH (fillfactor = 50)
--;;
COMMENT ON TABLE balance IS 'Growing counters of each account, apart from its static row. floor: credits - debits may not go below it.'
--;;
CREATE TABLE posting (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    transaction_id uuid NOT NULL,
    kind text NOT NULL,
    member_id uuid,
    partner_id uuid,
    reference text,
    points bigint NOT NULL,
    balance_after bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    expires_at timestamptz,
    content_hash bytea,
    CONSTRAINT posting_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT posting_kind_ck CHECK (kind IN ('earn', 'redeem', 'expire')),
    CONSTRAINT posting_seq_ck CHECK (seq > 0)
)
--;;
COMMENT ON TABLE posting IS 'The journal. points: effect on the wallet. content_hash: keyed hash of what the caller sent.'
--;;
CREATE UNIQUE INDEX posting_transaction_uq ON posting (ledger_id, transaction_id)
--;;
CREATE UNIQUE INDEX posting_reference_uq ON posting (ledger_id, partner_id, kind, reference) WHERE reference IS NOT NULL
--;;
CREATE INDEX posting_member_ix ON posting (ledger_id, member_id, seq)
--;;
CREATE INDEX posting_partner_ix ON posting (ledger_id, partner_id, seq)
--;;
CREATE TABLE entry (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    leg smallint NOT NULL,
    account_no bigint NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT entry_pk PRIMARY KEY (ledger_id, seq, leg),
    CONSTRAINT entry_amount_ck CHECK (amount <> 0)
)
--;;
COMMENT ON TABLE entry IS 'Legs of postings. amount: positive is a credit, negative a debit; they sum to zero per posting.'
--;;
CREATE TABLE lot (
    ledger_id smallint NOT NULL,
    lot_no bigint NOT NULL,
    account_no bigint NOT NULL,
    issuer_id uuid NOT NULL,
    point_type text NOT NULL,
    opened_seq bigint NOT NULL,
    original bigint NOT NULL,
    earned_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    remaining bigint NOT NULL,
    open boolean NOT NULL,
    CONSTRAINT lot_pk PRIMARY KEY (ledger_id, lot_no),
    CONSTRAINT lot_remaining_ck CHECK (remaining BETWEEN 0 AND original AND original > 0),
    CONSTRAINT lot_open_ck CHECK (open = (remaining > 0)),
    CONSTRAINT lot_point_type_ck CHECK (point_type IN ('base', 'bonus'))
) WITH (fillfactor = 80)
--;;
COMMENT ON TABLE lot IS 'Where points came from. remaining and open are the only columns that change; expires_at is infinity for never.'
--;;
CREATE INDEX lot_open_ix ON lot (ledger_id, account_no, expires_at, earned_at, lot_no) WHERE open
--;;
-- Lots are opened in the order of seq, so a block range index finds those of a stretch of the journal for next to nothing.
CREATE INDEX lot_opened_ix ON lot USING brin (opened_seq) WITH (pages_per_range = 16, autosummarize = on)
--;;
CREATE TABLE lot_use (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    lot_no bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT lot_use_pk PRIMARY KEY (ledger_id, seq, lot_no),
    CONSTRAINT lot_use_points_ck CHECK (points > 0)
)
--;;
CREATE TABLE purchase (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    store_id uuid,
    till text NOT NULL,
    business_date text NOT NULL,
    receipt_number text NOT NULL,
    channel text NOT NULL,
    entry_mode text NOT NULL,
    amount_minor bigint NOT NULL,
    lines jsonb NOT NULL,
    tenders jsonb NOT NULL,
    CONSTRAINT purchase_pk PRIMARY KEY (ledger_id, seq)
)
--;;
COMMENT ON TABLE purchase IS 'The sale behind a posting, as the till told it. Its public id is the transaction''s uuid with the prefix pur_.'
--;;
CREATE TABLE batch (
    ledger_id smallint NOT NULL,
    batch_no bigint NOT NULL,
    first_seq bigint NOT NULL,
    n integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT batch_pk PRIMARY KEY (ledger_id, batch_no)
)
--;;
COMMENT ON TABLE batch IS 'What was posted together: seq first_seq to first_seq + n - 1; n is 0 for refusals alone.'
--;;
CREATE TABLE decision (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    key text NOT NULL,
    batch_no bigint NOT NULL,
    item_no integer NOT NULL,
    content_hash bytea NOT NULL,
    seq bigint,
    refusal text,
    message text,
    metadata jsonb,
    CONSTRAINT decision_pk PRIMARY KEY (ledger_id, partner_id, key),
    CONSTRAINT decision_outcome_ck CHECK ((seq IS NULL) <> (refusal IS NULL))
)
--;;
COMMENT ON TABLE decision IS 'One key, one effect, one answer: accepted (seq) or refused (refusal), for ever.'
--;;
CREATE TABLE cut (
    ledger_id smallint NOT NULL,
    boundary timestamptz NOT NULL,
    last_seq bigint NOT NULL,
    CONSTRAINT cut_pk PRIMARY KEY (ledger_id, boundary)
)
--;;
CREATE TABLE earn_rate (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    valid_from timestamptz NOT NULL,
    version bigint NOT NULL,
    points bigint NOT NULL,
    per_minor bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT earn_rate_pk PRIMARY KEY (ledger_id, partner_id, valid_from, version),
    CONSTRAINT earn_rate_points_ck CHECK (points BETWEEN 0 AND 1000000),
    CONSTRAINT earn_rate_per_minor_ck CHECK (per_minor BETWEEN 1 AND 1000000000)
)
--;;
COMMENT ON TABLE earn_rate IS 'points per per_minor minor units from valid_from on; of one valid_from the highest version counts.'
--;;
CREATE TABLE closed_member (
    ledger_id smallint NOT NULL,
    member_id uuid NOT NULL,
    closed_at timestamptz NOT NULL,
    CONSTRAINT closed_member_pk PRIMARY KEY (ledger_id, member_id)
)
--;;
COMMENT ON TABLE closed_member IS 'Projection of member.closed: members that may not earn or burn any more.'
--;;
CREATE TABLE event_head (
    ledger_id smallint NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    partition_pos bigint [] NOT NULL,
    CONSTRAINT event_head_pk PRIMARY KEY (ledger_id)
) WITH (fillfactor = 10)
--;;
CREATE TABLE event_log (
    ledger_id smallint NOT NULL,
    pos bigint NOT NULL,
    type text NOT NULL,
    partition smallint NOT NULL,
    partition_prev bigint NOT NULL,
    partner_id uuid,
    seq bigint,
    recorded_at timestamptz NOT NULL,
    traceparent text NOT NULL DEFAULT '',
    payload bytea NOT NULL,
    CONSTRAINT event_log_pk PRIMARY KEY (ledger_id, pos)
)
--;;
CREATE TABLE relay_cursor (
    ledger_id smallint NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT relay_cursor_pk PRIMARY KEY (ledger_id)
)
--;;
CREATE TABLE inbox (
    subscriber text NOT NULL,
    source text NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT inbox_pk PRIMARY KEY (subscriber, source, programme)
)
