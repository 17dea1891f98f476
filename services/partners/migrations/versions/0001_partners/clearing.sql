CREATE TABLE rating_head (
    ledger_id smallint NOT NULL,
    rated_seq bigint NOT NULL DEFAULT 0,
    clock_offset_us bigint NOT NULL DEFAULT 0,
    rates_generation bigint NOT NULL DEFAULT 0,
    issued bigint NOT NULL DEFAULT 0,
    issued_points numeric NOT NULL DEFAULT 0,
    issued_micros numeric NOT NULL DEFAULT 0,
    reversed bigint NOT NULL DEFAULT 0,
    reversed_points numeric NOT NULL DEFAULT 0,
    reversed_micros numeric NOT NULL DEFAULT 0,
    burned bigint NOT NULL DEFAULT 0,
    burned_points numeric NOT NULL DEFAULT 0,
    burned_micros numeric NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    returned_points numeric NOT NULL DEFAULT 0,
    returned_micros numeric NOT NULL DEFAULT 0,
    nothings bigint NOT NULL DEFAULT 0,
    CONSTRAINT rating_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT rating_head_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT rating_head_rated_seq_ck CHECK (rated_seq >= 0)
) WITH (fillfactor = 10)
--;;
COMMENT ON TABLE rating_head IS 'How far rating is, and the running control of all it made: what CheckClearing compares the entries with.'
--;;
CREATE TABLE rating_blocked (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    partner_id uuid,
    effective_at timestamptz NOT NULL,
    price_missing boolean NOT NULL,
    why text NOT NULL,
    CONSTRAINT rating_blocked_pk PRIMARY KEY (ledger_id),
    CONSTRAINT rating_blocked_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id)
)
--;;
COMMENT ON TABLE rating_blocked IS 'The posting that rating last stood still at; past once rating_head.rated_seq has reached its seq.'
--;;
CREATE TABLE rated_entry (
    ledger_id smallint NOT NULL,
    seq bigint NOT NULL,
    line smallint NOT NULL,
    kind text NOT NULL,
    partner_id uuid,
    issuer_id uuid,
    point_type text,
    lot_no bigint,
    version integer,
    points bigint NOT NULL,
    price_micros bigint NOT NULL,
    amount_micros bigint NOT NULL,
    effective_at timestamptz NOT NULL,
    CONSTRAINT rated_entry_pk PRIMARY KEY (ledger_id, seq, line),
    CONSTRAINT rated_entry_line_ck CHECK (line > 0),
    CONSTRAINT rated_entry_kind_ck CHECK (
        CASE kind
            WHEN 'issued' THEN points > 0 AND lot_no IS NOT NULL AND amount_micros = points * price_micros
            WHEN 'reversed' THEN points > 0 AND issuer_id IS NOT NULL AND (issuer_id = partner_id OR point_type IS NOT DISTINCT FROM 'bonus')
                AND lot_no IS NULL AND amount_micros = -points * price_micros
            WHEN 'burned' THEN points > 0 AND issuer_id IS NOT NULL AND amount_micros = -points * price_micros
            WHEN 'returned' THEN points > 0 AND issuer_id IS NOT NULL AND lot_no IS NULL
                AND amount_micros = points * price_micros
            WHEN 'nothing' THEN points = 0 AND amount_micros = 0 AND partner_id IS NULL
            ELSE false
        END
    ),
    CONSTRAINT rated_entry_partner_ck CHECK ((partner_id IS NULL) = (kind = 'nothing'))
)
--;;
COMMENT ON TABLE rated_entry IS 'What each posting makes partner_id owe (amount_micros > 0) or be owed. No foreign keys: it is written with every posting.'
--;;
COMMENT ON COLUMN rated_entry.kind IS 'issued: an earn, or what a campaign granted, a line per partner that funds it. burned: a redemption, a line per issuer and point type. reversed, returned: points of an earn or a grant, of a redemption that a refund undid, at its price. nothing: moves no money; every seq has an entry.'
--;;
-- A partner's file reads its own entries of a window, not everybody's.
CREATE INDEX rated_entry_partner_ix ON rated_entry (ledger_id, partner_id, seq, line) WHERE partner_id IS NOT NULL
--;;
CREATE TABLE window_head (
    ledger_id smallint NOT NULL,
    last_number integer NOT NULL DEFAULT 0,
    CONSTRAINT window_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT window_head_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id)
)
--;;
COMMENT ON TABLE window_head IS 'The row that every step of closing a window locks first, so that two callers take turns.'
--;;
CREATE TABLE clearing_window (
    ledger_id smallint NOT NULL,
    number integer NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    state text NOT NULL,
    prior_number integer GENERATED ALWAYS AS (CASE WHEN number > 1 THEN number - 1 END) STORED,
    prior_last_seq bigint GENERATED ALWAYS AS (CASE WHEN number > 1 THEN first_seq - 1 END) STORED,
    closed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT clearing_window_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT clearing_window_end_uq UNIQUE (ledger_id, number, last_seq, ends_at),
    CONSTRAINT clearing_window_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT clearing_window_tiles_fk FOREIGN KEY (ledger_id, prior_number, prior_last_seq, starts_at)
    REFERENCES clearing_window (ledger_id, number, last_seq, ends_at),
    CONSTRAINT clearing_window_number_ck CHECK (number > 0),
    CONSTRAINT clearing_window_first_ck CHECK (number > 1 OR first_seq = 1),
    CONSTRAINT clearing_window_range_ck CHECK (last_seq >= first_seq - 1),
    CONSTRAINT clearing_window_time_ck CHECK (ends_at > starts_at),
    CONSTRAINT clearing_window_state_ck CHECK (state IN ('closed', 'aggregated', 'stated'))
)
--;;
COMMENT ON CONSTRAINT clearing_window_tiles_fk ON clearing_window IS 'Each window starts where the one before ends, in seq and in time.'
--;;
CREATE TABLE net (
    ledger_id smallint NOT NULL,
    window_number integer NOT NULL,
    party_id uuid NOT NULL,
    points_issued bigint NOT NULL,
    points_reversed bigint NOT NULL,
    points_burned bigint NOT NULL,
    points_returned bigint NOT NULL,
    exact_micros bigint NOT NULL,
    carry_in_micros bigint NOT NULL,
    net_minor bigint NOT NULL,
    carry_out_micros bigint NOT NULL,
    CONSTRAINT net_pk PRIMARY KEY (ledger_id, window_number, party_id),
    CONSTRAINT net_window_fk FOREIGN KEY (ledger_id, window_number)
    REFERENCES clearing_window (ledger_id, number),
    CONSTRAINT net_residue_ck CHECK (
        exact_micros + carry_in_micros = net_minor * 10000 + carry_out_micros
    ),
    CONSTRAINT net_carry_ck CHECK (
        abs(carry_out_micros) <= 5000 OR party_id = '00000000-0000-0000-0000-000000000000'
    )
)
--;;
COMMENT ON TABLE net IS 'Per window and party; the zero uuid is the operator, whose carries are those of the rounding account.'
--;;
CREATE TABLE matrix_cell (
    ledger_id smallint NOT NULL,
    window_number integer NOT NULL,
    issuer_id uuid NOT NULL,
    redeemer_id uuid NOT NULL,
    points bigint NOT NULL,
    micros bigint NOT NULL,
    points_returned bigint NOT NULL,
    micros_returned bigint NOT NULL,
    CONSTRAINT matrix_cell_pk PRIMARY KEY (ledger_id, window_number, issuer_id, redeemer_id),
    CONSTRAINT matrix_cell_window_fk FOREIGN KEY (ledger_id, window_number)
    REFERENCES clearing_window (ledger_id, number),
    CONSTRAINT matrix_cell_points_ck CHECK (
        points >= 0 AND micros >= 0 AND points_returned >= 0 AND micros_returned >= 0
        AND points + points_returned > 0
    )
)
--;;
COMMENT ON TABLE matrix_cell IS 'Points of an issuer''s lots burned at a redeemer in a window, and their reimbursement; beside them those returned.'
--;;
CREATE TABLE statement (
    ledger_id smallint NOT NULL,
    statement_id uuid NOT NULL,
    window_number integer NOT NULL,
    partner_id uuid NOT NULL,
    currency text NOT NULL,
    issued_at timestamptz NOT NULL,
    CONSTRAINT statement_pk PRIMARY KEY (ledger_id, statement_id),
    CONSTRAINT statement_window_uq UNIQUE (ledger_id, window_number, partner_id),
    CONSTRAINT statement_net_fk FOREIGN KEY (ledger_id, window_number, partner_id)
    REFERENCES net (ledger_id, window_number, party_id),
    CONSTRAINT statement_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id)
)
--;;
COMMENT ON TABLE statement IS 'One a partner and window. issued_at is programme time.'
--;;
CREATE INDEX statement_partner_ix ON statement (ledger_id, partner_id, window_number)
--;;
CREATE TABLE statement_line (
    ledger_id smallint NOT NULL,
    statement_id uuid NOT NULL,
    line smallint NOT NULL,
    kind text NOT NULL,
    count bigint NOT NULL,
    points bigint NOT NULL,
    price_micros bigint NOT NULL,
    amount_micros bigint NOT NULL,
    point_type text,
    CONSTRAINT statement_line_pk PRIMARY KEY (ledger_id, statement_id, line),
    CONSTRAINT statement_line_statement_fk FOREIGN KEY (ledger_id, statement_id)
    REFERENCES statement (ledger_id, statement_id),
    CONSTRAINT statement_line_kind_ck CHECK (
        kind IN ('issued', 'reversed', 'burned', 'returned', 'carry_in', 'carry_out')
    ),
    CONSTRAINT statement_line_point_type_ck CHECK ((point_type IS NULL) = (kind IN ('carry_in', 'carry_out')))
)
