CREATE TABLE prefunding (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    number integer NOT NULL,
    entity smallint NOT NULL,
    turn text NOT NULL,
    amount_minor bigint NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL,
    set_by text NOT NULL,
    draft_id uuid,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_number integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    CONSTRAINT prefunding_pk PRIMARY KEY (ledger_id, partner_id, number),
    CONSTRAINT prefunding_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT prefunding_entity_fk FOREIGN KEY (ledger_id, partner_id, entity)
    REFERENCES legal_entity (ledger_id, partner_id, number),
    CONSTRAINT prefunding_prior_fk FOREIGN KEY (ledger_id, partner_id, prior_number)
    REFERENCES prefunding (ledger_id, partner_id, number),
    CONSTRAINT prefunding_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT prefunding_number_ck CHECK (number BETWEEN 1 AND 10000),
    CONSTRAINT prefunding_amount_ck CHECK (
        abs(amount_minor) <= 99999999999
        AND CASE turn
            WHEN 'asked' THEN amount_minor > 0
            WHEN 'given_back' THEN amount_minor < 0
            WHEN 'used' THEN amount_minor < 0
            ELSE false
        END
    )
)
--;;
COMMENT ON TABLE prefunding IS 'Money that a partner is to pay ahead (asked), is to get back, or that pays what it owes (used), in minor units: it waits for the next run. at is programme time.'
--;;
CREATE TABLE run_prefunding (
    ledger_id smallint NOT NULL,
    partner_id uuid NOT NULL,
    number integer NOT NULL,
    run_number integer NOT NULL,
    CONSTRAINT run_prefunding_pk PRIMARY KEY (ledger_id, partner_id, number),
    CONSTRAINT run_prefunding_order_fk FOREIGN KEY (ledger_id, partner_id, number)
    REFERENCES prefunding (ledger_id, partner_id, number),
    CONSTRAINT run_prefunding_run_fk FOREIGN KEY (ledger_id, run_number) REFERENCES settlement_run (ledger_id, number)
)
--;;
COMMENT ON TABLE run_prefunding IS 'Which run took what was wanted of prefunding: one, from when it was instructed.'
--;;
CREATE TABLE prefunding_movement (
    ledger_id smallint NOT NULL,
    run_number integer NOT NULL,
    partner_id uuid NOT NULL,
    entity smallint NOT NULL,
    turn text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT prefunding_movement_pk PRIMARY KEY (ledger_id, run_number, partner_id, entity, turn),
    CONSTRAINT prefunding_movement_position_fk FOREIGN KEY (ledger_id, run_number, partner_id)
    REFERENCES run_position (ledger_id, run_number, partner_id),
    CONSTRAINT prefunding_movement_entity_fk FOREIGN KEY (ledger_id, partner_id, entity)
    REFERENCES legal_entity (ledger_id, partner_id, number),
    CONSTRAINT prefunding_movement_amount_ck CHECK (
        CASE turn
            WHEN 'asked' THEN amount_minor > 0
            WHEN 'given_back' THEN amount_minor < 0
            WHEN 'used' THEN amount_minor < 0
            ELSE false
        END
    )
)
--;;
COMMENT ON TABLE prefunding_movement IS 'What an instructed run did to the money that a company has paid ahead, in minor units: their sum is what is held, never below zero.'
--;;
CREATE INDEX prefunding_movement_partner_ix ON prefunding_movement (ledger_id, partner_id, entity) INCLUDE (amount_minor)
--;;
CREATE FUNCTION check_prefunding_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(m.amount_minor) < 0 FROM prefunding_movement AS m
        WHERE m.ledger_id = new.ledger_id AND m.partner_id = new.partner_id AND m.entity = new.entity) THEN
        RAISE EXCEPTION 'company % of partner % has not paid so much ahead', new.entity, new.partner_id
            USING errcode = 'restrict_violation', constraint = 'prefunding_movement_held_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
CREATE CONSTRAINT TRIGGER prefunding_movement_held AFTER INSERT ON prefunding_movement DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_prefunding_held()
--;;
-- As prices: one person asks for money in a test programme only.
CREATE TRIGGER prefunding_two_people BEFORE INSERT ON prefunding FOR EACH ROW
WHEN (new.draft_id IS NULL) EXECUTE FUNCTION refuse_alone()
--;;
CREATE TRIGGER prefunding_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON prefunding
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER run_prefunding_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON run_prefunding
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER prefunding_movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON prefunding_movement
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
