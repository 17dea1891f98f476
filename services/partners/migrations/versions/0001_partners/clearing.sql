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
    charged bigint NOT NULL DEFAULT 0,
    charged_points numeric NOT NULL DEFAULT 0,
    charged_micros numeric NOT NULL DEFAULT 0,
    credited bigint NOT NULL DEFAULT 0,
    credited_points numeric NOT NULL DEFAULT 0,
    credited_micros numeric NOT NULL DEFAULT 0,
    released bigint NOT NULL DEFAULT 0,
    released_points numeric NOT NULL DEFAULT 0,
    released_micros numeric NOT NULL DEFAULT 0,
    burned bigint NOT NULL DEFAULT 0,
    burned_points numeric NOT NULL DEFAULT 0,
    burned_micros numeric NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    returned_points numeric NOT NULL DEFAULT 0,
    returned_micros numeric NOT NULL DEFAULT 0,
    fees bigint NOT NULL DEFAULT 0,
    fees_micros numeric NOT NULL DEFAULT 0,
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
    entity smallint NOT NULL,
    seq bigint NOT NULL,
    line integer NOT NULL,
    kind text NOT NULL,
    partner_id uuid,
    issuer_id uuid,
    point_type text,
    lot_no bigint,
    version integer,
    points bigint NOT NULL,
    price_micros bigint NOT NULL,
    amount_micros bigint NOT NULL,
    redemption_micros bigint NOT NULL DEFAULT 0,
    earned_seq bigint,
    effective_at timestamptz NOT NULL,
    undoes_seq bigint,
    share_percent smallint,
    CONSTRAINT rated_entry_pk PRIMARY KEY (ledger_id, seq, line),
    CONSTRAINT rated_entry_line_ck CHECK (line > 0),
    CONSTRAINT rated_entry_kind_ck CHECK (
        CASE kind
            WHEN 'issued' THEN points > 0 AND lot_no IS NOT NULL AND amount_micros = points * price_micros
            WHEN 'reversed' THEN points > 0 AND issuer_id IS NOT NULL AND (issuer_id = partner_id OR point_type IS NOT DISTINCT FROM 'bonus')
                AND lot_no IS NULL AND amount_micros = -points * price_micros
            WHEN 'charged' THEN points > 0 AND issuer_id IS NOT NULL AND earned_seq < seq AND amount_micros = points * price_micros
            WHEN 'credited' THEN points > 0 AND issuer_id IS NOT NULL AND earned_seq < seq AND amount_micros = -points * price_micros
            WHEN 'released' THEN points > 0 AND issuer_id IS NOT NULL AND earned_seq < seq AND amount_micros = 0
            WHEN 'burned' THEN points > 0 AND issuer_id IS NOT NULL AND amount_micros = -points * price_micros
            WHEN 'fee' THEN points = 0 AND issuer_id IS NULL AND price_micros > 0 AND amount_micros = price_micros
            WHEN 'returned' THEN points > 0 AND issuer_id IS NOT NULL AND lot_no IS NULL
                AND amount_micros = points * price_micros
            WHEN 'nothing' THEN points = 0 AND amount_micros = 0 AND partner_id IS NULL
            ELSE false
        END
    ),
    CONSTRAINT rated_entry_partner_ck CHECK ((partner_id IS NULL) = (kind = 'nothing')),
    CONSTRAINT rated_entry_entity_ck CHECK (entity >= 0 AND (partner_id IS NULL) = (entity = 0)),
    CONSTRAINT rated_entry_redemption_ck CHECK (redemption_micros >= 0 AND (redemption_micros = 0 OR kind IN ('issued', 'released'))),
    CONSTRAINT rated_entry_earned_ck CHECK ((earned_seq IS NOT NULL) = (kind IN ('charged', 'credited', 'released'))),
    CONSTRAINT rated_entry_undoes_ck CHECK (
        CASE WHEN kind IN ('reversed', 'returned') THEN undoes_seq IS NOT NULL AND undoes_seq < seq ELSE undoes_seq IS NULL END
    ),
    CONSTRAINT rated_entry_share_ck CHECK (share_percent IS NULL OR (share_percent BETWEEN 1 AND 100 AND kind = 'issued'))
)
--;;
CREATE INDEX rated_entry_charged_ix ON rated_entry (ledger_id, earned_seq) INCLUDE (partner_id, kind, points)
WHERE earned_seq IS NOT NULL
--;;
COMMENT ON TABLE rated_entry IS 'What each posting makes partner_id owe (amount_micros > 0) or be owed. No foreign keys: it is written with every posting.'
--;;
COMMENT ON COLUMN rated_entry.kind IS 'issued: an earn, or what a campaign granted, a line per partner that funds it. burned: a redemption, a line per issuer and point type. charged: points used, of which something was due at redemption. released: such points that never will be. reversed, credited, returned: of an issue, a charge, a burn that a refund undid, at its price. fee: for the posting itself. nothing: moves no money; every seq has an entry.'
--;;
COMMENT ON COLUMN rated_entry.entity IS 'The legal entity of partner_id that owes or is owed, by its number; 0 where nobody is.'
--;;
COMMENT ON COLUMN rated_entry.redemption_micros IS 'Of points issued: what is owed for each once it is used, on top of the price. Fixed here, for ever.'
--;;
COMMENT ON COLUMN rated_entry.earned_seq IS 'Of points charged, credited or released: the posting that issued them.'
--;;
COMMENT ON COLUMN rated_entry.undoes_seq IS 'Of points reversed or returned: the posting that is undone.'
--;;
COMMENT ON COLUMN rated_entry.share_percent IS 'Of points that a campaign granted: how much of their price the partner pays.'
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
    closed_at timestamptz NOT NULL,
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
COMMENT ON COLUMN clearing_window.closed_at IS 'Programme time at which the range was fixed: its statements bear it, however often they are made.'
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
        net_minor = 0 OR abs(carry_out_micros) <= 5000 OR party_id = '00000000-0000-0000-0000-000000000000'
    )
)
--;;
COMMENT ON TABLE net IS 'Per window and party. Where no statement is due with the window, all is carried on. The zero uuid is the operator, whose carries are the partners'' with the other sign.'
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
    first_window integer NOT NULL,
    currency text NOT NULL,
    points_issued bigint NOT NULL,
    points_reversed bigint NOT NULL,
    points_burned bigint NOT NULL,
    points_returned bigint NOT NULL,
    exact_micros bigint NOT NULL,
    carry_in_micros bigint NOT NULL,
    net_minor bigint NOT NULL,
    carry_out_micros bigint NOT NULL,
    opening_minor bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    objection_until timestamptz NOT NULL,
    CONSTRAINT statement_pk PRIMARY KEY (ledger_id, statement_id),
    CONSTRAINT statement_window_uq UNIQUE (ledger_id, window_number, partner_id),
    CONSTRAINT statement_windows_ck CHECK (first_window BETWEEN 1 AND window_number),
    CONSTRAINT statement_residue_ck CHECK (
        exact_micros + carry_in_micros = net_minor * 10000 + carry_out_micros AND abs(carry_out_micros) <= 5000
    ),
    CONSTRAINT statement_objection_ck CHECK (objection_until > issued_at),
    CONSTRAINT statement_first_fk FOREIGN KEY (ledger_id, first_window, partner_id)
    REFERENCES net (ledger_id, window_number, party_id),
    CONSTRAINT statement_net_fk FOREIGN KEY (ledger_id, window_number, partner_id)
    REFERENCES net (ledger_id, window_number, party_id),
    CONSTRAINT statement_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id)
)
--;;
COMMENT ON TABLE statement IS 'Of a partner, over the windows from first_window to window_number: one each, by its billing cycle. Times are programme time.'
--;;
CREATE INDEX statement_partner_ix ON statement (ledger_id, partner_id, window_number)
--;;
CREATE TABLE statement_line (
    ledger_id smallint NOT NULL,
    statement_id uuid NOT NULL,
    line integer NOT NULL,
    kind text NOT NULL,
    count bigint NOT NULL,
    points bigint NOT NULL,
    price_micros bigint NOT NULL,
    amount_micros bigint NOT NULL,
    point_type text,
    entity smallint NOT NULL,
    CONSTRAINT statement_line_pk PRIMARY KEY (ledger_id, statement_id, line),
    CONSTRAINT statement_line_statement_fk FOREIGN KEY (ledger_id, statement_id)
    REFERENCES statement (ledger_id, statement_id),
    CONSTRAINT statement_line_kind_ck CHECK (
        kind IN (
            'issued', 'reversed', 'charged', 'credited', 'released', 'burned', 'returned', 'fee', 'cycle_fee', 'buy_out', 'carry_in', 'carry_out',
            'issued_difference', 'reversed_difference', 'charged_difference', 'credited_difference', 'released_difference',
            'burned_difference', 'returned_difference', 'fee_difference',
            'adjustment_points', 'adjustment_fees', 'adjustment_reimbursement'
        )
    ),
    CONSTRAINT statement_line_point_type_ck CHECK (
        (point_type IS NULL) = (
            kind IN (
                'fee', 'cycle_fee', 'buy_out', 'fee_difference', 'adjustment_points', 'adjustment_fees', 'adjustment_reimbursement',
                'carry_in', 'carry_out'
            )
        )
    ),
    CONSTRAINT statement_line_entity_ck CHECK (entity >= 0 AND (entity = 0) = (kind IN ('carry_in', 'carry_out')))
)
--;;
CREATE TABLE statement_acceptance (
    ledger_id smallint NOT NULL,
    statement_id uuid NOT NULL,
    accepted_at timestamptz NOT NULL,
    accepted_by text NOT NULL,
    CONSTRAINT statement_acceptance_pk PRIMARY KEY (ledger_id, statement_id),
    CONSTRAINT statement_acceptance_statement_fk FOREIGN KEY (ledger_id, statement_id)
    REFERENCES statement (ledger_id, statement_id)
)
--;;
COMMENT ON TABLE statement_acceptance IS 'Statements that their partner accepted, in programme time; the others are by silence, from objection_until on.'
--;;
CREATE TABLE billing_version (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    from_window integer NOT NULL,
    cycle text NOT NULL,
    cycle_fee_minor bigint NOT NULL,
    objection_days smallint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    CONSTRAINT billing_version_pk PRIMARY KEY (ledger_id, partner_id, version),
    CONSTRAINT billing_version_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT billing_version_version_ck CHECK (version > 0),
    CONSTRAINT billing_version_from_ck CHECK (from_window > 0),
    CONSTRAINT billing_version_cycle_ck CHECK (cycle IN ('window', 'month')),
    CONSTRAINT billing_version_fee_ck CHECK (cycle_fee_minor BETWEEN 0 AND 1000000000000),
    CONSTRAINT billing_version_objection_ck CHECK (objection_days BETWEEN 1 AND 366)
)
--;;
COMMENT ON TABLE billing_version IS 'How often a partner gets a statement, from a window on that was open when this was set; the highest version wins.'
--;;
CREATE TABLE booking (
    ledger_id smallint NOT NULL,
    window_number integer NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    partner_id uuid NOT NULL,
    amount_micros bigint NOT NULL,
    point_type text,
    points bigint NOT NULL DEFAULT 0,
    price_micros bigint NOT NULL,
    redemption_micros bigint NOT NULL DEFAULT 0,
    rerate_number integer,
    of_seq bigint,
    of_line integer,
    entity smallint NOT NULL DEFAULT 1,
    dispute_id uuid,
    dispute_event smallint,
    CONSTRAINT booking_pk PRIMARY KEY (ledger_id, window_number, number),
    CONSTRAINT booking_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT booking_number_ck CHECK (window_number > 0 AND number > 0),
    CONSTRAINT booking_kind_ck CHECK (
        CASE kind
            WHEN 'cycle_fee' THEN amount_micros > 0 AND amount_micros = price_micros AND points = 0 AND rerate_number IS NULL
            WHEN 'buy_out' THEN amount_micros = price_micros AND points = 0 AND rerate_number IS NULL
                AND redemption_micros > 0 AND amount_micros BETWEEN 0 AND redemption_micros
            WHEN 'issued_difference' THEN points > 0 AND amount_micros = points * price_micros
            WHEN 'reversed_difference' THEN points > 0 AND amount_micros = -points * price_micros
            WHEN 'charged_difference' THEN points > 0 AND amount_micros = points * price_micros
            WHEN 'credited_difference' THEN points > 0 AND amount_micros = -points * price_micros
            WHEN 'released_difference' THEN points > 0 AND amount_micros = 0 AND price_micros = 0
            WHEN 'burned_difference' THEN points > 0 AND amount_micros = -points * price_micros
            WHEN 'returned_difference' THEN points > 0 AND amount_micros = points * price_micros
            WHEN 'fee_difference' THEN points = 0 AND amount_micros = price_micros
            WHEN 'adjustment_points' THEN points = 0 AND amount_micros < 0 AND amount_micros = price_micros
            WHEN 'adjustment_fees' THEN points = 0 AND amount_micros < 0 AND amount_micros = price_micros
            WHEN 'adjustment_reimbursement' THEN points = 0 AND amount_micros < 0 AND amount_micros = price_micros
            ELSE false
        END
    ),
    CONSTRAINT booking_of_ck CHECK (
        CASE
            WHEN kind IN ('cycle_fee', 'buy_out') THEN num_nonnulls(rerate_number, of_seq, of_line, dispute_id, dispute_event) = 0
            WHEN kind LIKE 'adjustment_%'
                THEN num_nonnulls(rerate_number, of_seq, of_line) = 0 AND num_nulls(dispute_id, dispute_event) = 0
            ELSE num_nulls(rerate_number, of_seq, of_line) = 0 AND num_nonnulls(dispute_id, dispute_event) = 0
                AND of_seq > 0 AND of_line >= 0
        END
    ),
    CONSTRAINT booking_entity_ck CHECK (entity > 0),
    CONSTRAINT booking_points_ck CHECK ((point_type IS NULL) = (points = 0))
)
--;;
COMMENT ON TABLE booking IS 'What a partner owes (amount_micros > 0) or is owed in a window for no posting of its own: a fee that comes with a statement; the buy-out of its points as it leaves (redemption_micros: what all of them would have cost); or the difference of what was re-rated, an entry each: line of_line of seq of_seq (0: a fee that it did not have). Prices are what they differ by. Or what decision dispute_event of a dispute gave back.'
--;;
CREATE TABLE credit_standing (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    as_of_seq bigint NOT NULL,
    as_of_window integer NOT NULL,
    owed_micros numeric NOT NULL,
    potential_micros numeric NOT NULL,
    reimbursed_micros numeric NOT NULL,
    is_warned boolean NOT NULL,
    floor bigint,
    floor_seq bigint NOT NULL,
    as_of_rerate integer NOT NULL DEFAULT 0,
    floor_parks boolean NOT NULL,
    CONSTRAINT credit_standing_pk PRIMARY KEY (ledger_id, partner_id),
    CONSTRAINT credit_standing_partner_fk FOREIGN KEY (ledger_id, partner_id)
    REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT credit_standing_counted_ck CHECK (as_of_seq >= 0 AND as_of_window >= 0 AND floor_seq BETWEEN 0 AND as_of_seq)
) WITH (fillfactor = 50)
--;;
COMMENT ON TABLE credit_standing IS 'What a partner with a credit limit owes as of a seq and a window, and the floor that the ledger was told for it: counted from rated entries and bookings, and can be counted again from nothing.'
