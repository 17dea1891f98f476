CREATE TABLE dispute_terms_version (
    ledger_id smallint NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    evidence_days smallint NOT NULL,
    decision_days smallint NOT NULL,
    escalation_days smallint NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_version integer GENERATED ALWAYS AS (nullif(version - 1, 0)) STORED,
    CONSTRAINT dispute_terms_version_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT dispute_terms_version_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT dispute_terms_version_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT dispute_terms_version_prior_fk FOREIGN KEY (ledger_id, prior_version)
    REFERENCES dispute_terms_version (ledger_id, version),
    CONSTRAINT dispute_terms_version_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT dispute_terms_version_version_ck CHECK (version BETWEEN 1 AND 1000),
    CONSTRAINT dispute_terms_version_days_ck CHECK (
        evidence_days BETWEEN 1 AND 366 AND decision_days BETWEEN 1 AND 366 AND escalation_days BETWEEN 1 AND 366
    )
)
--;;
COMMENT ON TABLE dispute_terms_version IS 'Days that evidence, a decision and an escalation take, of disputes opened from valid_from on in programme time; the highest version that is valid counts.'
--;;
CREATE TABLE dispute (
    ledger_id smallint NOT NULL,
    dispute_id uuid NOT NULL,
    number integer NOT NULL,
    statement_id uuid NOT NULL,
    line integer NOT NULL,
    line_kind text NOT NULL,
    partner_id uuid NOT NULL,
    entity smallint NOT NULL,
    claimed_minor bigint NOT NULL,
    mode text NOT NULL,
    ground text NOT NULL,
    tax_basis_points integer NOT NULL,
    withheld_minor bigint NOT NULL,
    evidence_days smallint NOT NULL,
    decision_days smallint NOT NULL,
    escalation_days smallint NOT NULL,
    CONSTRAINT dispute_pk PRIMARY KEY (ledger_id, dispute_id),
    CONSTRAINT dispute_number_uq UNIQUE (ledger_id, number),
    CONSTRAINT dispute_line_uq UNIQUE (ledger_id, statement_id, line),
    CONSTRAINT dispute_line_fk FOREIGN KEY (ledger_id, statement_id, line)
    REFERENCES statement_line (ledger_id, statement_id, line),
    CONSTRAINT dispute_partner_fk FOREIGN KEY (ledger_id, partner_id) REFERENCES partner (ledger_id, partner_id),
    CONSTRAINT dispute_number_ck CHECK (number > 0),
    CONSTRAINT dispute_kind_ck CHECK (line_kind NOT IN ('carry_in', 'carry_out', 'released', 'released_difference')),
    CONSTRAINT dispute_entity_ck CHECK (entity > 0),
    CONSTRAINT dispute_claimed_ck CHECK (claimed_minor > 0),
    CONSTRAINT dispute_mode_ck CHECK (
        CASE mode WHEN 'pay_first' THEN withheld_minor = 0 WHEN 'withheld' THEN withheld_minor >= claimed_minor ELSE false END
    ),
    CONSTRAINT dispute_ground_ck CHECK (ground IN ('count', 'price', 'twice', 'other')),
    CONSTRAINT dispute_tax_ck CHECK (tax_basis_points BETWEEN 0 AND 10000)
)
--;;
COMMENT ON TABLE dispute IS 'A line of a statement that its partner disputes, once. claimed_minor: what it wants back, net of tax; withheld_minor: what it does not pay meanwhile, with tax. Days are those of the terms that held then.'
--;;
CREATE INDEX dispute_partner_ix ON dispute (ledger_id, partner_id, number)
--;;
CREATE TABLE dispute_event (
    ledger_id smallint NOT NULL,
    dispute_id uuid NOT NULL,
    event smallint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    prior_state text,
    at timestamptz NOT NULL,
    by text NOT NULL,
    person uuid,
    said text NOT NULL,
    refs text [] NOT NULL,
    accepted_minor bigint NOT NULL,
    window_number integer,
    prior_event smallint GENERATED ALWAYS AS (nullif(event - 1, 0)) STORED,
    CONSTRAINT dispute_event_pk PRIMARY KEY (ledger_id, dispute_id, event),
    CONSTRAINT dispute_event_state_uq UNIQUE (ledger_id, dispute_id, event, state),
    CONSTRAINT dispute_event_window_uq UNIQUE (ledger_id, dispute_id, event, window_number),
    CONSTRAINT dispute_event_dispute_fk FOREIGN KEY (ledger_id, dispute_id) REFERENCES dispute (ledger_id, dispute_id),
    CONSTRAINT dispute_event_prior_fk FOREIGN KEY (ledger_id, dispute_id, prior_event, prior_state)
    REFERENCES dispute_event (ledger_id, dispute_id, event, state),
    CONSTRAINT dispute_event_first_ck CHECK (
        (event = 1) = (prior_state IS NULL) AND (event = 1) = (kind = 'opened') AND event > 0
    ),
    -- The table of steps of domain/disputes/dispute.py.
    CONSTRAINT dispute_event_forward_ck CHECK (
        CASE kind
            WHEN 'opened' THEN state = 'opened'
            WHEN 'asked' THEN prior_state = 'opened' AND state = 'evidence'
            WHEN 'evidence'
                THEN prior_state IN ('opened', 'evidence', 'escalated')
                AND (state = prior_state OR (prior_state = 'evidence' AND state = 'opened'))
            WHEN 'accepted' THEN prior_state IN ('opened', 'evidence', 'escalated') AND state = 'accepted'
            WHEN 'rejected' THEN prior_state IN ('opened', 'evidence', 'escalated') AND state = 'rejected'
            WHEN 'escalated' THEN prior_state IN ('accepted', 'rejected') AND state = 'escalated'
            WHEN 'overdue' THEN prior_state IN ('opened', 'evidence', 'escalated') AND state = prior_state
            WHEN 'closed' THEN prior_state IN ('accepted', 'rejected') AND state = 'closed'
            ELSE false
        END
    ),
    CONSTRAINT dispute_event_amount_ck CHECK (
        CASE kind
            WHEN 'accepted' THEN accepted_minor > 0 AND window_number IS NOT NULL AND window_number > 0
            ELSE accepted_minor = 0 AND window_number IS NULL
        END
    ),
    CONSTRAINT dispute_event_person_ck CHECK (kind NOT IN ('accepted', 'rejected') OR person IS NOT NULL),
    CONSTRAINT dispute_event_said_ck CHECK (char_length(said) <= 4000 AND cardinality(refs) <= 20)
)
--;;
COMMENT ON TABLE dispute_event IS 'What happened to a dispute; the state of the last one counts. accepted_minor is given back in window_number. Programme time.'
--;;
CREATE UNIQUE INDEX dispute_event_escalated_uq ON dispute_event (ledger_id, dispute_id) WHERE kind = 'escalated'
--;;
-- Whoever decided once does not decide again.
CREATE UNIQUE INDEX dispute_event_decider_uq ON dispute_event (ledger_id, dispute_id, person) WHERE kind IN ('accepted', 'rejected')
--;;
CREATE FUNCTION check_dispute_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (
        SELECT sum(e.accepted_minor) > max(d.claimed_minor) FROM dispute_event AS e
        INNER JOIN dispute AS d ON d.ledger_id = e.ledger_id AND d.dispute_id = e.dispute_id
        WHERE e.ledger_id = new.ledger_id AND e.dispute_id = new.dispute_id
    ) THEN
        RAISE EXCEPTION 'more was accepted of a dispute than was claimed'
            USING errcode = 'restrict_violation', constraint = 'dispute_event_accepted_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
CREATE TRIGGER dispute_event_accepted AFTER INSERT ON dispute_event FOR EACH ROW
WHEN (new.accepted_minor > 0) EXECUTE FUNCTION check_dispute_accepted()
--;;
ALTER TABLE money_journal
ADD CONSTRAINT money_journal_dispute_fk FOREIGN KEY (ledger_id, dispute_id) REFERENCES dispute (ledger_id, dispute_id)
--;;
CREATE INDEX money_journal_dispute_ix ON money_journal (ledger_id, dispute_id) WHERE dispute_id IS NOT NULL
--;;
ALTER TABLE booking
ADD CONSTRAINT booking_dispute_uq UNIQUE (ledger_id, dispute_id, dispute_event),
ADD CONSTRAINT booking_dispute_fk FOREIGN KEY (ledger_id, dispute_id, dispute_event, window_number)
REFERENCES dispute_event (ledger_id, dispute_id, event, window_number)
--;;
-- As prices: one person sets them in a test programme only.
CREATE TRIGGER dispute_terms_version_two_people BEFORE INSERT ON dispute_terms_version FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER dispute_terms_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_terms_version
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER dispute_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER dispute_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
