CREATE TABLE programme (
    ledger_id smallint NOT NULL,
    slug text NOT NULL,
    zone text NOT NULL,
    currency text NOT NULL,
    CONSTRAINT programme_pk PRIMARY KEY (ledger_id),
    CONSTRAINT programme_slug_uq UNIQUE (slug),
    CONSTRAINT programme_ledger_id_ck CHECK (ledger_id > 0)
)
--;;
CREATE TABLE partner (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    CONSTRAINT partner_pk PRIMARY KEY (ledger_id, partner_id)
)
--;;
CREATE TABLE closed_window (
    ledger_id smallint NOT NULL,
    number integer NOT NULL,
    last_seq bigint NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT closed_window_pk PRIMARY KEY (ledger_id, number)
)
--;;
COMMENT ON TABLE closed_window IS 'Clearing windows, so that figures can be held against those of clearing.'
--;;
CREATE TABLE member (
    ledger_id smallint NOT NULL,
    member_id uuid NOT NULL,
    partner_id uuid,
    anonymous boolean NOT NULL,
    enrolled_on date NOT NULL,
    claimed_on date,
    closed_on date,
    CONSTRAINT member_pk PRIMARY KEY (ledger_id, member_id)
)
--;;
COMMENT ON TABLE member IS 'Dates of members by the wall clock, in the programme''s zone; in a test programme the clock of sales may be elsewhere.'
--;;
CREATE TABLE merged (
    ledger_id smallint NOT NULL,
    member_id uuid NOT NULL,
    into_member_id uuid NOT NULL,
    CONSTRAINT merged_pk PRIMARY KEY (ledger_id, member_id),
    CONSTRAINT merged_into_ck CHECK (into_member_id <> member_id)
)
--;;
COMMENT ON TABLE merged IS 'Whose wallet was given up for whose: always the last one, however often that one was given up as well.'
--;;
CREATE INDEX merged_into_ix ON merged (ledger_id, into_member_id)
--;;
CREATE TABLE sale (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    transaction_id uuid NOT NULL,
    member_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    store_id uuid,
    channel text NOT NULL,
    day date NOT NULL,
    gross_minor bigint NOT NULL,
    eligible_minor bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT sale_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT sale_transaction_uq UNIQUE (ledger_id, transaction_id),
    CONSTRAINT sale_gross_ck CHECK (gross_minor >= 0),
    CONSTRAINT sale_points_ck CHECK (points >= 0)
)
--;;
CREATE INDEX sale_day_ix ON sale (ledger_id, day)
--;;
COMMENT ON COLUMN sale.day IS 'By the till''s clock, in the programme''s zone.'
--;;
CREATE TABLE refund (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    original_id uuid NOT NULL,
    member_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    day date NOT NULL,
    amount bigint NOT NULL,
    written_off bigint NOT NULL,
    CONSTRAINT refund_pk PRIMARY KEY (ledger_id, seq),
    CONSTRAINT refund_amount_ck CHECK (amount >= 0)
)
--;;
COMMENT ON COLUMN refund.amount IS 'Of a sale what the goods had cost, in minor units; of a burn without one points.'
--;;
CREATE INDEX refund_original_ix ON refund (ledger_id, original_id) INCLUDE (amount)
--;;
CREATE TABLE movement (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    line integer NOT NULL,
    kind text NOT NULL,
    member_id uuid NOT NULL,
    partner_id uuid,
    issuer_id uuid NOT NULL,
    earned_seq bigint NOT NULL,
    undoes_seq bigint,
    points bigint NOT NULL,
    day date NOT NULL,
    CONSTRAINT movement_pk PRIMARY KEY (ledger_id, seq, line),
    CONSTRAINT movement_line_ck CHECK (line > 0),
    CONSTRAINT movement_points_ck CHECK (points > 0),
    CONSTRAINT movement_kind_ck CHECK (
        kind IN ('earned', 'granted', 'adjusted', 'imported', 'burned', 'returned', 'expired', 'reversed', 'taken')
    ),
    CONSTRAINT movement_earned_ck CHECK (
        CASE WHEN kind IN ('earned', 'granted', 'adjusted', 'imported') THEN earned_seq = seq AND line = 1 ELSE earned_seq < seq END
    ),
    CONSTRAINT movement_undoes_ck CHECK ((undoes_seq IS NOT NULL) = (kind IN ('returned', 'reversed')))
)
--;;
CREATE INDEX movement_earned_ix ON movement (ledger_id, earned_seq) INCLUDE (kind, points, day)
--;;
CREATE INDEX movement_undoes_ix ON movement (ledger_id, undoes_seq) WHERE undoes_seq IS NOT NULL
--;;
CREATE INDEX movement_day_ix ON movement (ledger_id, day)
--;;
COMMENT ON TABLE movement IS 'Points that came to be, and what became of them, lot by lot. Points that go from a wallet to another are in no row: they stay what they are.'
--;;
COMMENT ON COLUMN movement.kind IS 'earned, granted, adjusted, imported: points that came to be. burned, expired, reversed (for a refund), taken (by the operator): gone. returned: burned and back.'
--;;
COMMENT ON COLUMN movement.partner_id IS 'Where it happened; null where it was at no partner.'
--;;
COMMENT ON COLUMN movement.issuer_id IS 'Who issued the points; the nil UUID: the operator.'
--;;
COMMENT ON COLUMN movement.earned_seq IS 'The seq by which the points came to be.'
--;;
COMMENT ON COLUMN movement.undoes_seq IS 'Of returned: the burn. Of reversed: the earn or grant that was refunded, which need not be the one whose points were taken.'
