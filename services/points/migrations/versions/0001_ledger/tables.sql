CREATE TABLE ledger (
    ledger_id smallint NOT NULL,
    programme text NOT NULL,
    zone text NOT NULL,
    currency text NOT NULL,
    is_test boolean NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_pk PRIMARY KEY (ledger_id),
    CONSTRAINT ledger_programme_uq UNIQUE (programme)
)
--;;
COMMENT ON TABLE ledger IS 'One row a programme.'
--;;
CREATE TABLE ledger_head (
    ledger_id smallint NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    last_time_us bigint NOT NULL DEFAULT 0,
    clock_offset_us bigint NOT NULL DEFAULT 0,
    last_lot_no bigint NOT NULL DEFAULT 0,
    last_batch_no bigint NOT NULL DEFAULT 0,
    last_account_no integer NOT NULL DEFAULT 0,
    config_version bigint NOT NULL DEFAULT 0,
    chain_hash bytea,
    erased bigint NOT NULL DEFAULT 0,
    waiting_refunds integer NOT NULL DEFAULT 0,
    parked_earns integer NOT NULL DEFAULT 0,
    by_activity boolean NOT NULL DEFAULT false,
    CONSTRAINT ledger_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT ledger_head_waiting_refunds_ck CHECK (waiting_refunds >= 0),
    CONSTRAINT ledger_head_parked_earns_ck CHECK (parked_earns >= 0),
    CONSTRAINT ledger_head_ledger_fk FOREIGN KEY (ledger_id) REFERENCES ledger (ledger_id)
) WITH (fillfactor = 10)
--;;
COMMENT ON TABLE ledger_head IS 'The one row that every posting of a ledger locks first: it hands out seq, lots, accounts and time. chain_hash: that of the last batch. erased: how many references were erased. waiting_refunds: how many of them are open; while there are none, nobody looks for any. parked_earns: the same of earns that are parked. by_activity: whether its points expire together, so long after a member''s last activity.'
--;;
CREATE TABLE account (
    ledger_id smallint NOT NULL,
    account_no integer NOT NULL,
    kind text NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT account_pk PRIMARY KEY (ledger_id, account_no),
    CONSTRAINT account_owner_uq UNIQUE (ledger_id, kind, owner_id),
    CONSTRAINT account_kind_ck CHECK (kind IN (
        'wallet', 'issuance', 'redemption', 'expiry', 'debt',
        'pending',
        'transit', 'adjustment', 'opening',
        'budget', 'funding'
    ))
)
--;;
COMMENT ON TABLE account IS 'Who owns what. Elsewhere in the ledger a member is the number of the wallet, a partner that of its issuance account.'
--;;
COMMENT ON COLUMN account.owner_id IS 'A member, a partner, a campaign (of its budget), or the nil UUID for the programme''s own accounts. Its issuance account moves nothing: it stands for the operator as one who asks and issues.'
--;;
CREATE TABLE balance (
    ledger_id smallint NOT NULL,
    account_no integer NOT NULL,
    debits bigint NOT NULL DEFAULT 0,
    credits bigint NOT NULL DEFAULT 0,
    reserved bigint NOT NULL DEFAULT 0,
    released bigint NOT NULL DEFAULT 0,
    floor bigint,
    credit_floor bigint,
    parks boolean NOT NULL DEFAULT false,
    expires_at timestamptz,
    CONSTRAINT balance_pk PRIMARY KEY (ledger_id, account_no),
    CONSTRAINT balance_floor_ck CHECK (floor IS NULL OR credits - debits - (reserved - released) >= floor),
    CONSTRAINT balance_counters_ck CHECK (debits >= 0 AND credits >= 0 AND released BETWEEN 0 AND reserved)
) WITH (fillfactor = 50)
--;;
COMMENT ON TABLE balance IS 'Growing counters of each account, apart from its static row. reserved - released: what open holds set aside. floor: what is left, less that, may not go below it. credit_floor: of an issuance account, what no earn may bring it below; it may be set above what is left. parks: such an earn is parked, not refused. expires_at: of a wallet in a ledger by activity, when all lots without a date of their own expire unless the member does something before.'
--;;
CREATE TABLE posting (
    seq bigint NOT NULL,
    points bigint NOT NULL,
    balance_after bigint NOT NULL,
    amount bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    expires_at timestamptz,
    debit_no integer,
    credit_no integer,
    wallet_no integer,
    partner_no integer,
    ledger_id smallint NOT NULL,
    item_no smallint,
    original_seq bigint,
    transaction_id uuid NOT NULL,
    kind text NOT NULL,
    reference text,
    key text,
    content_hash bytea,
    salt bytea,
    words_hash bytea,
    CONSTRAINT posting_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT posting_kind_ck CHECK (kind IN (
        'earn', 'redeem', 'expire', 'hold', 'capture', 'void', 'lapse', 'refund', 'return', 'clawback', 'owe', 'repay',
        'mature', 'floor', 'grant', 'load', 'park', 'unpark',
        'transfer', 'receive', 'merge', 'assume', 'adjust', 'import'
    )),
    CONSTRAINT posting_wallet_ck CHECK ((wallet_no IS NULL) = (kind IN ('floor', 'load'))),
    CONSTRAINT posting_original_ck CHECK (
        CASE WHEN kind IN ('refund', 'return', 'clawback', 'owe', 'receive', 'assume', 'grant', 'unpark') THEN original_seq IS NOT NULL
        ELSE original_seq IS NULL OR kind IN ('redeem', 'capture', 'earn') END AND original_seq < seq
    ),
    CONSTRAINT posting_receive_ck CHECK (kind <> 'receive' OR original_seq = seq - 1),
    CONSTRAINT posting_seq_ck CHECK (seq > 0),
    CONSTRAINT posting_amount_ck CHECK (amount >= 0),
    CONSTRAINT posting_legs_ck CHECK (
        CASE WHEN amount = 0 THEN debit_no IS NULL AND credit_no IS NULL
        ELSE debit_no IS NOT NULL AND credit_no IS NOT NULL AND debit_no <> credit_no END
    ),
    CONSTRAINT posting_key_ck CHECK (num_nulls(key, item_no, content_hash) IN (0, 3)),
    CONSTRAINT posting_asked_ck CHECK (key IS NULL AND reference IS NULL OR partner_no IS NOT NULL),
    CONSTRAINT posting_words_ck CHECK (octet_length(words_hash) = 32 AND (salt IS NULL OR octet_length(salt) = 16 AND words_hash IS NOT NULL))
)
--;;
COMMENT ON TABLE posting IS 'The journal. amount moves from debit_no to credit_no: both legs or none, so they cannot differ. points: effect on the wallet. key, reference, content_hash (keyed hash of what the caller sent): of what a partner asked for; NULL for the ledger''s own acts. words_hash: of salt, key, reference and what the till told or staff noted; salt and reference are NULL once they were erased. original_seq: what a refund and its parts correct; the earn with whose sale a burn is linked; the transfer or merge that points were received by; the refunded earn of a debt that was assumed; the earn that a grant was given for, and of what takes back a grant that grant; of an earn that was parked, and of what takes such a one away, the posting that parked it.'
--;;
CREATE UNIQUE INDEX posting_transaction_uq ON posting (ledger_id, transaction_id)
--;;
CREATE UNIQUE INDEX posting_key_uq ON posting (ledger_id, partner_no, key) WHERE key IS NOT NULL
--;;
CREATE UNIQUE INDEX posting_reference_uq ON posting (ledger_id, partner_no, kind, reference) WHERE reference IS NOT NULL
--;;
CREATE INDEX posting_wallet_ix ON posting (ledger_id, wallet_no, seq)
--;;
-- For lists alone, which say the words that hold for every row. Without them no look-up by key or reference can be planned over
-- it: in a young ledger, whose statistics know nothing yet, the planner takes it for as good as the index that has the key.
CREATE INDEX posting_partner_ix ON posting (ledger_id, partner_no, seq) WHERE amount >= 0
--;;
-- What a member has given away in a day: no row but those of transfers is in it.
CREATE INDEX posting_transfer_ix ON posting (ledger_id, wallet_no, recorded_at) WHERE kind = 'transfer'
--;;
CREATE INDEX posting_original_ix ON posting (ledger_id, original_seq) WHERE original_seq IS NOT NULL
--;;
-- What is parked is posted once or taken away once, and never both.
CREATE UNIQUE INDEX posting_parked_uq ON posting (ledger_id, original_seq) WHERE original_seq IS NOT NULL AND kind IN ('earn', 'unpark')
--;;
CREATE VIEW entry AS
SELECT ledger_id, seq, 1 AS leg, debit_no AS account_no, -amount AS amount FROM posting WHERE amount <> 0
UNION ALL
SELECT ledger_id, seq, 2 AS leg, credit_no AS account_no, amount FROM posting WHERE amount <> 0
--;;
COMMENT ON VIEW entry IS 'Legs of postings. amount: positive is a credit, negative a debit; they sum to zero per posting.'
--;;
CREATE TABLE lot (
    lot_no bigint NOT NULL,
    opened_seq bigint NOT NULL,
    original bigint NOT NULL,
    remaining bigint NOT NULL,
    reserved bigint NOT NULL DEFAULT 0,
    earned_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    account_no integer NOT NULL,
    issuer_no integer NOT NULL,
    ledger_id smallint NOT NULL,
    open boolean NOT NULL,
    point_type text NOT NULL,
    pending boolean NOT NULL DEFAULT false,
    parent_no bigint,
    earned_seq bigint,
    pending_no integer,
    matures_at timestamptz,
    CONSTRAINT lot_pending_ck CHECK (num_nulls(pending_no, matures_at) IN (0, 2) AND (matures_at IS NOT NULL OR NOT pending)),
    CONSTRAINT lot_parent_ck CHECK (num_nulls(parent_no, earned_seq) IN (0, 2) AND parent_no < lot_no AND earned_seq < opened_seq),
    CONSTRAINT lot_pk PRIMARY KEY (ledger_id, lot_no),
    CONSTRAINT lot_remaining_ck CHECK (remaining BETWEEN 0 AND original AND original > 0),
    CONSTRAINT lot_reserved_ck CHECK (reserved BETWEEN 0 AND remaining),
    CONSTRAINT lot_open_ck CHECK (open = (remaining > 0)),
    CONSTRAINT lot_point_type_ck CHECK (point_type IN ('base', 'bonus'))
) WITH (fillfactor = 90)
--;;
COMMENT ON TABLE lot IS 'Where points came from. remaining, reserved (of that, for open holds), open and pending (once, to false) are the only columns that change; expires_at is infinity for never. pending_no: the account that its points are in until they mature, where they do not come into the wallet at once. parent_no: the lot that the points were in before, in another wallet or until it expired; earned_seq: the posting that they stem from, where it is not opened_seq.'
--;;
CREATE INDEX lot_open_ix ON lot (ledger_id, account_no, expires_at) WHERE open AND NOT pending
--;;
CREATE INDEX lot_pending_ix ON lot (ledger_id, account_no, matures_at) WHERE open AND pending
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
CREATE TABLE lot_matured (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    lot_no bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT lot_matured_pk PRIMARY KEY (ledger_id, lot_no),
    CONSTRAINT lot_matured_points_ck CHECK (points > 0)
)
--;;
COMMENT ON TABLE lot_matured IS 'Points of a lot that the posting seq brought into the wallet: all that was left of it, once.'
--;;
CREATE INDEX lot_matured_seq_ix ON lot_matured (ledger_id, seq)
--;;
CREATE TABLE lot_return (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    lot_no bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT lot_return_pk PRIMARY KEY (ledger_id, seq, lot_no),
    CONSTRAINT lot_return_points_ck CHECK (points > 0)
)
--;;
COMMENT ON TABLE lot_return IS 'Points that the posting seq gave back to a lot: they had been taken from it by a burn that was refunded.'
--;;
CREATE TABLE refund (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    original_seq bigint NOT NULL,
    no integer NOT NULL,
    whole bigint NOT NULL,
    given_before bigint NOT NULL,
    given bigint NOT NULL,
    returned bigint NOT NULL,
    clawed_back bigint NOT NULL,
    owed bigint NOT NULL,
    written_off bigint NOT NULL,
    money_minor bigint NOT NULL,
    tender_order text NOT NULL,
    store_id uuid,
    till text NOT NULL,
    business_date text NOT NULL,
    receipt_number text NOT NULL,
    channel text NOT NULL,
    lines json NOT NULL,
    CONSTRAINT refund_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT refund_no_uq UNIQUE (ledger_id, original_seq, no),
    CONSTRAINT refund_before_uq UNIQUE (ledger_id, original_seq, given_before),
    CONSTRAINT refund_given_ck CHECK (given > 0 AND given_before >= 0 AND given_before + given <= whole),
    CONSTRAINT refund_no_ck CHECK (no > 0 AND (no = 1) = (given_before = 0)),
    CONSTRAINT refund_parts_ck CHECK (least(returned, clawed_back, owed, written_off, money_minor) >= 0),
    CONSTRAINT refund_tender_order_ck CHECK (tender_order IN ('pro_rata', 'points_first', 'money_first'))
)
--;;
COMMENT ON TABLE refund IS 'What the posting seq gave back of its original, the refunds of one original in a chain by no. whole, given: minor units of a sale, points of a burn without one. money_minor: the most to pay out. lines: as in purchase.'
--;;
CREATE TABLE debt (
    seq bigint NOT NULL,
    original_seq bigint NOT NULL,
    points bigint NOT NULL,
    remaining bigint NOT NULL,
    wallet_no integer NOT NULL,
    partner_no integer NOT NULL,
    ledger_id smallint NOT NULL,
    open boolean NOT NULL,
    CONSTRAINT debt_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT debt_remaining_ck CHECK (remaining BETWEEN 0 AND points AND points > 0),
    CONSTRAINT debt_open_ck CHECK (open = (remaining > 0))
) WITH (fillfactor = 90)
--;;
COMMENT ON TABLE debt IS 'Points that a member owes since the posting seq took back more of the earn original_seq than the wallet had. remaining and open are the only columns that change.'
--;;
CREATE INDEX debt_open_ix ON debt (ledger_id, wallet_no) WHERE open
--;;
CREATE TABLE debt_use (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    debt_seq bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT debt_use_pk PRIMARY KEY (ledger_id, seq, debt_seq),
    CONSTRAINT debt_use_points_ck CHECK (points > 0)
)
--;;
COMMENT ON TABLE debt_use IS 'Points of a debt that the posting seq paid.'
--;;
CREATE TABLE floor_change (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    partner_no integer NOT NULL,
    floor bigint,
    parks boolean NOT NULL,
    basis_seq bigint NOT NULL,
    set_by text NOT NULL,
    CONSTRAINT floor_change_parks_ck CHECK (floor IS NOT NULL OR NOT parks),
    CONSTRAINT floor_change_pk PRIMARY KEY (ledger_id, partner_no, seq),
    CONSTRAINT floor_change_seq_uq UNIQUE (ledger_id, seq),
    CONSTRAINT floor_change_basis_ck CHECK (basis_seq BETWEEN 0 AND seq - 1)
)
--;;
COMMENT ON TABLE floor_change IS 'Credit floors: from the posting seq on, no earn of the partner may bring its issuance balance below floor (NULL: no limit). parks: one that would is parked, not refused. basis_seq: how much of the journal whoever set it had seen.'
--;;
CREATE TABLE waiting_refund (
    ledger_id smallint NOT NULL,
    partner_no integer NOT NULL,
    key text NOT NULL,
    batch_no bigint NOT NULL,
    item_no smallint NOT NULL,
    content_hash bytea NOT NULL,
    reference text NOT NULL,
    original_reference text NOT NULL,
    arrived_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    amount_minor bigint NOT NULL,
    store_id uuid,
    till text NOT NULL,
    business_date text NOT NULL,
    receipt_number text NOT NULL,
    channel text NOT NULL,
    lines json NOT NULL,
    traceparent text NOT NULL,
    open boolean NOT NULL,
    salt bytea,
    words_hash bytea NOT NULL,
    CONSTRAINT waiting_refund_pk PRIMARY KEY (ledger_id, partner_no, key),
    CONSTRAINT waiting_refund_item_uq UNIQUE (ledger_id, batch_no, item_no),
    CONSTRAINT waiting_refund_amount_ck CHECK (amount_minor >= 0),
    CONSTRAINT waiting_refund_words_ck CHECK (octet_length(words_hash) = 32 AND octet_length(salt) = 16)
)
--;;
COMMENT ON TABLE waiting_refund IS 'Refunds that arrived before their originals, in the order of batch_no and item_no. open is the only column that changes, once: as soon as what was decided stands under the key, in posting or decision. words_hash: of salt, reference, original_reference and what the till told, which can be erased once it waits no more.'
--;;
-- (Both of those too that wait no more: their words are erased with those of the refund, or of the sale.)
CREATE INDEX waiting_refund_original_ix ON waiting_refund (ledger_id, partner_no, original_reference)
--;;
CREATE INDEX waiting_refund_reference_ix ON waiting_refund (ledger_id, partner_no, reference)
--;;
CREATE UNIQUE INDEX waiting_refund_reference_uq ON waiting_refund (ledger_id, partner_no, reference) WHERE open
--;;
CREATE INDEX waiting_refund_arrived_ix ON waiting_refund (ledger_id, arrived_at) WHERE open
--;;
CREATE TABLE parked_earn (
    seq bigint NOT NULL,
    points bigint NOT NULL,
    amount_minor bigint NOT NULL,
    points_minor bigint NOT NULL,
    partner_no integer NOT NULL,
    ledger_id smallint NOT NULL,
    key text NOT NULL,
    content_hash bytea NOT NULL,
    reference text NOT NULL,
    store_id uuid,
    till text NOT NULL,
    business_date text NOT NULL,
    receipt_number text NOT NULL,
    channel text NOT NULL,
    entry_mode text NOT NULL,
    lines json NOT NULL,
    tenders json NOT NULL,
    traceparent text NOT NULL,
    open boolean NOT NULL,
    salt bytea,
    words_hash bytea NOT NULL,
    CONSTRAINT parked_earn_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT parked_earn_key_uq UNIQUE (ledger_id, partner_no, key),
    CONSTRAINT parked_earn_points_ck CHECK (points > 0 AND points_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT parked_earn_words_ck CHECK (octet_length(words_hash) = 32 AND octet_length(salt) = 16)
)
--;;
COMMENT ON TABLE parked_earn IS 'Sales whose earns were parked by the posting seq, as the till told them: beyond the credit floor of then by what they would have issued, points. open is the only column that changes, once: as soon as what became of it stands under the key, in posting or decision. words_hash: of salt, key, reference and what the till told, which can be erased once it is parked no more.'
--;;
CREATE UNIQUE INDEX parked_earn_reference_uq ON parked_earn (ledger_id, partner_no, reference) WHERE open
--;;
CREATE INDEX parked_earn_open_ix ON parked_earn (ledger_id, partner_no, seq) WHERE open
--;;
CREATE TABLE expiry_notice (
    ledger_id smallint NOT NULL,
    wallet_no integer NOT NULL,
    expires_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    CONSTRAINT expiry_notice_pk PRIMARY KEY (ledger_id, wallet_no, expires_at)
)
--;;
COMMENT ON TABLE expiry_notice IS 'Members who were told that points of theirs expire at a time: once for each.'
--;;
CREATE TABLE expiry_policy (
    ledger_id smallint NOT NULL,
    version bigint NOT NULL,
    from_seq bigint NOT NULL,
    rule text NOT NULL,
    months smallint NOT NULL,
    month smallint,
    day smallint,
    notice_days smallint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT expiry_policy_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT expiry_policy_from_seq_ck CHECK (from_seq > 0),
    CONSTRAINT expiry_policy_rule_ck CHECK (rule IN ('months_after_earn', 'fixed_date', 'activity')),
    CONSTRAINT expiry_policy_months_ck CHECK (months BETWEEN CASE rule WHEN 'activity' THEN 1 ELSE 0 END AND 120),
    CONSTRAINT expiry_policy_date_ck CHECK (
        CASE WHEN rule = 'fixed_date' THEN num_nulls(month, day) = 0 AND month BETWEEN 1 AND 12 AND day BETWEEN 1 AND 31
        ELSE num_nonnulls(month, day) = 0 END
    ),
    CONSTRAINT expiry_policy_notice_days_ck CHECK (notice_days BETWEEN 0 AND 365)
)
--;;
COMMENT ON TABLE expiry_policy IS 'When the points expire that are posted from from_seq on; the highest version with from_seq <= seq counts. months: after the earn''s month (0: never), full ones from the earn to the first fixed date that counts, or after the month of a member''s last activity.'
--;;
CREATE TABLE hold (
    seq bigint NOT NULL,
    points bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    wallet_no integer NOT NULL,
    partner_no integer NOT NULL,
    ledger_id smallint NOT NULL,
    open boolean NOT NULL,
    CONSTRAINT hold_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT hold_points_uq UNIQUE (ledger_id, seq, points),
    CONSTRAINT hold_points_ck CHECK (points > 0)
)
--;;
COMMENT ON TABLE hold IS 'Points set aside by the posting seq. open is the only column that changes, once.'
--;;
CREATE INDEX hold_open_ix ON hold (ledger_id, wallet_no) WHERE open
--;;
CREATE TABLE hold_lot (
    ledger_id smallint NOT NULL,
    hold_seq bigint NOT NULL,
    lot_no bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT hold_lot_pk PRIMARY KEY (ledger_id, hold_seq, lot_no),
    CONSTRAINT hold_lot_points_ck CHECK (points > 0)
)
--;;
COMMENT ON TABLE hold_lot IS 'Which lots a hold reserved, and how much of each.'
--;;
CREATE TABLE hold_end (
    ledger_id smallint NOT NULL,
    hold_seq bigint NOT NULL,
    seq bigint NOT NULL,
    held bigint NOT NULL,
    captured bigint NOT NULL,
    CONSTRAINT hold_end_pk PRIMARY KEY (ledger_id, hold_seq),
    CONSTRAINT hold_end_seq_uq UNIQUE (ledger_id, seq),
    CONSTRAINT hold_end_hold_fk FOREIGN KEY (ledger_id, hold_seq, held) REFERENCES hold (ledger_id, seq, points),
    CONSTRAINT hold_end_captured_ck CHECK (captured BETWEEN 0 AND held)
)
--;;
COMMENT ON TABLE hold_end IS 'What resolved a hold: the posting seq, which captured so much of it. Once, and for no more than was held, by its keys.'
--;;
CREATE TABLE purchase (
    seq bigint NOT NULL,
    amount_minor bigint NOT NULL,
    points_minor bigint NOT NULL,
    rate_points integer NOT NULL,
    rate_per_minor integer NOT NULL,
    rate_pending_days smallint NOT NULL,
    store_id uuid,
    ledger_id smallint NOT NULL,
    till text NOT NULL,
    business_date text NOT NULL,
    receipt_number text NOT NULL,
    channel text NOT NULL,
    entry_mode text NOT NULL,
    lines json NOT NULL,
    tenders json NOT NULL,
    CONSTRAINT purchase_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT purchase_points_ck CHECK (points_minor BETWEEN 0 AND amount_minor)
)
--;;
COMMENT ON TABLE purchase IS 'The sale behind a posting, as the till told it. points_minor: the part of it that was paid in points, which earns none; rate_*: the earn rate that it was decided at. lines: [sku, category, quantity, amount], then whether it was returned, then its tax rate in per cent, as far as one of these was told; tenders: [kind, amount], in minor units. Its public id is the transaction''s uuid with the prefix pur_.'
--;;
CREATE TABLE batch (
    ledger_id smallint NOT NULL,
    batch_no bigint NOT NULL,
    first_seq bigint NOT NULL,
    n integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    last_lot_no bigint NOT NULL,
    last_account_no integer NOT NULL,
    hash bytea NOT NULL,
    leaves bytea NOT NULL,
    CONSTRAINT batch_pk PRIMARY KEY (ledger_id, batch_no),
    CONSTRAINT batch_hash_ck CHECK (octet_length(hash) = 32),
    CONSTRAINT batch_leaves_ck CHECK (octet_length(leaves) = 32 * n)
)
--;;
COMMENT ON TABLE batch IS 'What was posted together: seq first_seq to first_seq + n - 1; n is 0 where it has refusals and refunds that wait alone. hash: chains the batch to the one before, over leaves (32 bytes for each posting), over accounts made up to last_account_no, and over its decisions and the refunds that wait since. Lots up to last_lot_no were opened by it or before.'
--;;
-- Nothing that can be compressed.
ALTER TABLE batch ALTER COLUMN leaves SET STORAGE EXTERNAL
--;;
CREATE TABLE decision (
    ledger_id smallint NOT NULL,
    partner_no integer NOT NULL,
    key text NOT NULL,
    batch_no bigint NOT NULL,
    item_no smallint NOT NULL,
    content_hash bytea NOT NULL,
    seq bigint,
    refusal text,
    message text,
    metadata jsonb,
    CONSTRAINT decision_pk PRIMARY KEY (ledger_id, partner_no, key),
    CONSTRAINT decision_outcome_ck CHECK ((seq IS NULL) <> (refusal IS NULL)),
    CONSTRAINT decision_refusal_ck CHECK (num_nulls(refusal, message, metadata) IN (0, 3))
)
--;;
COMMENT ON TABLE decision IS 'What was decided under a key and posted nothing, for ever: a refusal, or a further key of the posting seq.'
--;;
CREATE TABLE erased_reference (
    ledger_id smallint NOT NULL,
    partner_no integer NOT NULL,
    kind text NOT NULL,
    mac bytea NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT erased_reference_pk PRIMARY KEY (ledger_id, partner_no, kind, mac),
    CONSTRAINT erased_reference_seq_uq UNIQUE (ledger_id, seq)
)
--;;
COMMENT ON TABLE erased_reference IS 'References of postings whose words were erased: a keyed hash of each, so that it stays taken.'
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
    pending_days smallint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT earn_rate_pk PRIMARY KEY (ledger_id, partner_id, valid_from, version),
    CONSTRAINT earn_rate_points_ck CHECK (points BETWEEN 0 AND 1000000),
    CONSTRAINT earn_rate_per_minor_ck CHECK (per_minor BETWEEN 1 AND 1000000000),
    CONSTRAINT earn_rate_pending_days_ck CHECK (pending_days BETWEEN 0 AND 366)
)
--;;
COMMENT ON TABLE earn_rate IS 'points per per_minor minor units from valid_from on; of one valid_from the highest version counts. pending_days: how long after the sale they cannot be spent yet.'
--;;
CREATE TABLE refund_rule (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version bigint NOT NULL,
    shortfall text NOT NULL,
    tender_order text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT refund_rule_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT refund_rule_shortfall_ck CHECK (shortfall IN ('allow_negative', 'within_balance', 'pending_only')),
    CONSTRAINT refund_rule_tender_order_ck CHECK (tender_order IN ('pro_rata', 'points_first', 'money_first'))
)
--;;
COMMENT ON TABLE refund_rule IS 'What the refunds of a partner do; the highest version counts. A partner without one: allow_negative, pro_rata.'
--;;
CREATE TABLE burn_rule (
    ledger_id smallint NOT NULL,
    version bigint NOT NULL,
    partner_id uuid NOT NULL,
    valid_from timestamptz NOT NULL,
    known_from_seq bigint NOT NULL,
    points bigint NOT NULL,
    worth_minor bigint NOT NULL,
    minimum_points bigint NOT NULL,
    step_points bigint NOT NULL,
    share_percent smallint NOT NULL,
    daily_points bigint NOT NULL,
    excluded_categories text [] NOT NULL,
    excluded_tenders text [] NOT NULL,
    treatment text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT burn_rule_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT burn_rule_known_from_seq_ck CHECK (known_from_seq > 0),
    CONSTRAINT burn_rule_points_ck CHECK (points BETWEEN 1 AND 1000000),
    CONSTRAINT burn_rule_worth_ck CHECK (worth_minor BETWEEN 1 AND 1000000000),
    CONSTRAINT burn_rule_step_ck CHECK (step_points BETWEEN 1 AND 1000000000),
    CONSTRAINT burn_rule_minimum_ck CHECK (minimum_points BETWEEN 1 AND 1000000000 AND minimum_points % step_points = 0),
    CONSTRAINT burn_rule_share_ck CHECK (share_percent BETWEEN 1 AND 100),
    CONSTRAINT burn_rule_daily_ck CHECK (daily_points = 0 OR daily_points BETWEEN minimum_points AND 1000000000),
    CONSTRAINT burn_rule_categories_ck CHECK (cardinality(excluded_categories) <= 100),
    CONSTRAINT burn_rule_tenders_ck CHECK (excluded_tenders <@ ARRAY['cash', 'card', 'voucher', 'coupon', 'other']),
    CONSTRAINT burn_rule_treatment_ck CHECK (treatment IN ('discount', 'tender'))
)
--;;
COMMENT ON TABLE burn_rule IS 'What a partner takes points for: so many points are worth so many minor units, rounded down. Of the rules that start before a burn the one that starts last decides it, of one start the highest version, from the seq known_from_seq on; a capture goes by its hold''s. daily_points: 0 for no limit.'
--;;
CREATE INDEX burn_rule_partner_ix ON burn_rule (ledger_id, partner_id, valid_from, version)
--;;
CREATE TABLE burn_worth (
    seq bigint NOT NULL,
    points bigint NOT NULL,
    worth_minor bigint NOT NULL,
    basket_minor bigint,
    rule_version bigint NOT NULL,
    wallet_no integer NOT NULL,
    partner_no integer NOT NULL,
    day date NOT NULL,
    ledger_id smallint NOT NULL,
    burned boolean NOT NULL,
    CONSTRAINT burn_worth_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT burn_worth_points_ck CHECK (points > 0 AND worth_minor > 0),
    CONSTRAINT burn_worth_basket_ck CHECK (basket_minor >= 0),
    CONSTRAINT burn_worth_rule_fk FOREIGN KEY (ledger_id, rule_version) REFERENCES burn_rule (ledger_id, version)
)
--;;
COMMENT ON TABLE burn_worth IS 'What a burn rule made of the points of the posting seq, which burned them or (not burned) set them aside. basket_minor: what of the basket may be paid in points in part, NULL where it was not told. day: that of the programme''s zone in which it counts.'
--;;
CREATE INDEX burn_worth_day_ix ON burn_worth (ledger_id, wallet_no, partner_no, day) WHERE burned
--;;
CREATE TABLE movement_metadata (
    ledger_id smallint NOT NULL,
    partner_no integer NOT NULL,
    key text NOT NULL,
    content jsonb NOT NULL,
    CONSTRAINT movement_metadata_pk PRIMARY KEY (ledger_id, partner_no, key),
    CONSTRAINT movement_metadata_partner_fk FOREIGN KEY (ledger_id, partner_no) REFERENCES account (ledger_id, account_no),
    CONSTRAINT movement_metadata_content_ck CHECK (jsonb_typeof(content) = 'object')
)
--;;
COMMENT ON TABLE movement_metadata IS 'What a partner keeps with what it asked for under a key, for itself alone. Nothing is decided by it; it is part of no leaf, and goes with the words of its posting.'
--;;
CREATE TABLE transfer_limit (
    ledger_id smallint NOT NULL,
    version bigint NOT NULL,
    points bigint NOT NULL,
    points_a_day bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT transfer_limit_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT transfer_limit_points_ck CHECK (least(points, points_a_day) >= 0 AND greatest(points, points_a_day) <= 1000000000)
)
--;;
COMMENT ON TABLE transfer_limit IS 'Most points that a member may give another at once, and in all in a day of the programme''s zone; the highest version counts. Without one, and at 0, none.'
--;;
CREATE TABLE adjustment_limit (
    ledger_id smallint NOT NULL,
    version bigint NOT NULL,
    points bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT adjustment_limit_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT adjustment_limit_points_ck CHECK (points BETWEEN 0 AND 1000000000)
)
--;;
COMMENT ON TABLE adjustment_limit IS 'Largest adjustment that one person may make alone; the highest version counts. Without one: 10,000 points.'
--;;
CREATE TABLE campaign_version (
    ledger_id smallint NOT NULL,
    campaign_id uuid NOT NULL,
    version integer NOT NULL,
    no integer NOT NULL,
    config_version bigint NOT NULL,
    known_from_seq bigint NOT NULL,
    name text NOT NULL,
    multiplier_percent integer NOT NULL,
    fixed_points bigint NOT NULL,
    min_amount_minor bigint NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    partners uuid [] NOT NULL,
    funders uuid [] NOT NULL,
    percents smallint [] NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT campaign_version_pk PRIMARY KEY (ledger_id, campaign_id, version),
    CONSTRAINT campaign_version_no_uq UNIQUE (ledger_id, no, version),
    CONSTRAINT campaign_version_numbers_ck CHECK (least(version, no, known_from_seq) > 0),
    CONSTRAINT campaign_version_effect_ck CHECK (
        multiplier_percent BETWEEN 101 AND 10000 AND fixed_points = 0 OR multiplier_percent = 0 AND fixed_points BETWEEN 1 AND 1000000000
    ),
    CONSTRAINT campaign_version_amount_ck CHECK (min_amount_minor BETWEEN 0 AND 1000000000000),
    CONSTRAINT campaign_version_window_ck CHECK (valid_from < valid_to),
    CONSTRAINT campaign_version_funders_ck CHECK (cardinality(funders) BETWEEN 1 AND 10 AND cardinality(funders) = cardinality(percents))
)
--;;
COMMENT ON TABLE campaign_version IS 'What a campaign gives on top of sales, and who pays for it; valid_to is infinity for no end, partners empty for all. Of the versions that start before a sale the one that starts last decides it, of one start the highest, from the seq known_from_seq on. no: the order of creation. percents: the shares of funders, the nil UUID for the operator.'
--;;
CREATE TABLE campaign_grant (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    earn_seq bigint NOT NULL,
    campaign_id uuid NOT NULL,
    version integer NOT NULL,
    CONSTRAINT campaign_grant_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT campaign_grant_once_uq UNIQUE (ledger_id, earn_seq, campaign_id),
    CONSTRAINT campaign_grant_seq_ck CHECK (earn_seq < seq),
    CONSTRAINT campaign_grant_version_fk FOREIGN KEY (ledger_id, campaign_id, version)
    REFERENCES campaign_version (ledger_id, campaign_id, version)
)
--;;
COMMENT ON TABLE campaign_grant IS 'Which version of a campaign gave the points of the posting seq on top of the earn earn_seq: each campaign once.'
--;;
CREATE TABLE budget_load (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    campaign_id uuid NOT NULL,
    points bigint NOT NULL,
    loaded_by text NOT NULL,
    CONSTRAINT budget_load_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT budget_load_points_ck CHECK (points > 0)
)
--;;
COMMENT ON TABLE budget_load IS 'Points that the posting seq loaded into a campaign''s budget, and who did.'
--;;
CREATE INDEX budget_load_campaign_ix ON budget_load (ledger_id, campaign_id)
--;;
CREATE TABLE proposal (
    ledger_id smallint NOT NULL,
    proposal_id uuid NOT NULL,
    key text NOT NULL,
    member_id uuid NOT NULL,
    points bigint NOT NULL,
    reason text NOT NULL,
    content_hash bytea NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    CONSTRAINT proposal_pk PRIMARY KEY (ledger_id, proposal_id),
    CONSTRAINT proposal_key_uq UNIQUE (ledger_id, key),
    CONSTRAINT proposal_content_uq UNIQUE (ledger_id, proposal_id, content_hash, proposed_by),
    CONSTRAINT proposal_points_ck CHECK (points <> 0),
    CONSTRAINT proposal_reason_ck CHECK (reason IN ('goodwill', 'correction', 'fraud', 'other'))
)
--;;
COMMENT ON TABLE proposal IS 'An adjustment too large for one person. content_hash: keyed hash of all that was proposed, the note too.'
--;;
CREATE TABLE proposal_decision (
    ledger_id smallint NOT NULL,
    proposal_id uuid NOT NULL,
    content_hash bytea NOT NULL,
    proposed_by text NOT NULL,
    decided_by text NOT NULL,
    approved boolean NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT proposal_decision_pk PRIMARY KEY (ledger_id, proposal_id),
    CONSTRAINT proposal_decision_content_uq UNIQUE (ledger_id, proposal_id, content_hash, approved),
    CONSTRAINT proposal_decision_proposal_fk FOREIGN KEY (ledger_id, proposal_id, content_hash, proposed_by)
    REFERENCES proposal (ledger_id, proposal_id, content_hash, proposed_by),
    CONSTRAINT proposal_decision_other_ck CHECK (NOT approved OR decided_by <> proposed_by)
)
--;;
COMMENT ON TABLE proposal_decision IS 'What was decided of a proposal: once, of exactly its content, and never approved by who proposed it. That is held by its keys.'
--;;
CREATE TABLE adjustment (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    points bigint NOT NULL,
    limit_points bigint NOT NULL,
    reason text NOT NULL,
    made_by text NOT NULL,
    note_id uuid NOT NULL,
    proposal_id uuid,
    content_hash bytea NOT NULL,
    approved boolean GENERATED ALWAYS AS (CASE WHEN proposal_id IS NOT NULL THEN true END) STORED,
    CONSTRAINT adjustment_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT adjustment_proposal_uq UNIQUE (ledger_id, proposal_id),
    CONSTRAINT adjustment_approval_fk FOREIGN KEY (ledger_id, proposal_id, content_hash, approved)
    REFERENCES proposal_decision (ledger_id, proposal_id, content_hash, approved),
    CONSTRAINT adjustment_points_ck CHECK (points <> 0),
    CONSTRAINT adjustment_limit_ck CHECK (abs(points) <= limit_points OR proposal_id IS NOT NULL),
    CONSTRAINT adjustment_reason_ck CHECK (reason IN ('goodwill', 'correction', 'fraud', 'other'))
)
--;;
COMMENT ON TABLE adjustment IS 'Why the posting seq put points right, and who made it. limit_points: what one person might make alone then; above it stands the proposal that somebody else approved.'
--;;
CREATE TABLE adjustment_note (
    ledger_id smallint NOT NULL,
    note_id uuid NOT NULL,
    note text NOT NULL,
    CONSTRAINT adjustment_note_pk PRIMARY KEY (ledger_id, note_id),
    CONSTRAINT adjustment_note_ck CHECK (length(note) BETWEEN 1 AND 500)
)
--;;
COMMENT ON TABLE adjustment_note IS 'What somebody wrote to an adjustment or a proposal (note_id is then the proposal''s). Free text, so in rows of its own that can be erased: nothing refers to them by a key; words_hash of the adjustment''s posting is of it too.'
--;;
CREATE TABLE merged_wallet (
    ledger_id smallint NOT NULL,
    from_wallet integer NOT NULL,
    into_wallet integer NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT merged_wallet_pk PRIMARY KEY (ledger_id, from_wallet),
    CONSTRAINT merged_wallet_seq_uq UNIQUE (ledger_id, seq),
    CONSTRAINT merged_wallet_other_ck CHECK (from_wallet <> into_wallet)
)
--;;
COMMENT ON TABLE merged_wallet IS 'Wallets that were given up by the posting seq, and the one that took all that was in them.'
--;;
CREATE INDEX merged_wallet_into_ix ON merged_wallet (ledger_id, into_wallet)
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
CREATE TABLE burn_bar (
    ledger_id smallint NOT NULL,
    member_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    barred boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT burn_bar_pk PRIMARY KEY (ledger_id, member_id, partner_id)
)
--;;
COMMENT ON TABLE burn_bar IS 'Projection of the members'' events: who may not burn with a partner, which employs it, or (the zero id) anywhere until somebody claims it.'
--;;
CREATE TABLE partner_standing (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    number integer NOT NULL,
    standing text NOT NULL,
    valid_from timestamptz NOT NULL,
    run_off_until timestamptz,
    returns_until timestamptz,
    version bigint NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT partner_standing_pk PRIMARY KEY (ledger_id, partner_id, number),
    CONSTRAINT partner_standing_number_ck CHECK (number > 0),
    CONSTRAINT partner_standing_standing_ck CHECK (standing IN ('active', 'suspended', 'exiting', 'exited')),
    CONSTRAINT partner_standing_ends_ck CHECK ((standing = 'exiting') = (num_nulls(run_off_until, returns_until) = 0))
)
--;;
COMMENT ON TABLE partner_standing IS 'Projection of partner.standing_changed: where a partner stands from valid_from on, in programme time; the highest number in force counts. version: of the ledger''s configuration.'
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
--;;
-- What is known of each programme's share misleads: one that has grown since, or is new, is taken for a single row, and is
-- then gone through from end to end where an index would find what is wanted. Without it each is taken for one in 200.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'account', 'balance', 'posting', 'lot', 'lot_use', 'lot_matured', 'lot_return', 'refund', 'debt', 'debt_use', 'expiry_notice', 'hold', 'hold_lot', 'hold_end',
        'purchase', 'batch', 'floor_change', 'waiting_refund', 'parked_earn', 'decision', 'event_log',
        'proposal', 'proposal_decision', 'adjustment', 'adjustment_note', 'merged_wallet',
        'campaign_version', 'campaign_grant', 'budget_load', 'burn_rule', 'burn_worth'
    ]
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN ledger_id SET STATISTICS 0', name);
    END LOOP;
END
$$
