CREATE TABLE rerate (
    ledger_id smallint NOT NULL,
    number integer NOT NULL,
    partner_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    as_of_seq bigint NOT NULL,
    entries bigint NOT NULL,
    points bigint NOT NULL,
    micros bigint NOT NULL,
    known_from_seq bigint NOT NULL,
    window_number integer NOT NULL,
    draft_id uuid NOT NULL,
    decision text GENERATED ALWAYS AS ('approved') STORED,
    prior_number integer GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
    CONSTRAINT rerate_pk PRIMARY KEY (ledger_id, number),
    CONSTRAINT rerate_draft_uq UNIQUE (ledger_id, draft_id),
    CONSTRAINT rerate_booked_uq UNIQUE (ledger_id, number, window_number, partner_id),
    CONSTRAINT rerate_prior_fk FOREIGN KEY (ledger_id, prior_number) REFERENCES rerate (ledger_id, number),
    CONSTRAINT rerate_version_fk FOREIGN KEY (ledger_id, partner_id, version)
    REFERENCES rate_version (ledger_id, partner_id, version),
    CONSTRAINT rerate_approved_fk FOREIGN KEY (ledger_id, draft_id, decision)
    REFERENCES draft_decision (ledger_id, draft_id, decision),
    CONSTRAINT rerate_number_ck CHECK (number > 0),
    CONSTRAINT rerate_valid_ck CHECK (valid_to > valid_from),
    CONSTRAINT rerate_known_ck CHECK (as_of_seq BETWEEN 0 AND known_from_seq - 1),
    CONSTRAINT rerate_effect_ck CHECK (entries > 0 AND points >= 0)
)
--;;
COMMENT ON TABLE rerate IS 'From known_from_seq on, entries of partner_id with valid_from <= effective time < valid_to count as if rate_version had been known when they were rated. Their differences are booked in window_number. entries, points, micros: of all rated up to as_of_seq, as two people approved it.'
--;;
ALTER TABLE booking
ADD CONSTRAINT booking_rerate_uq UNIQUE (ledger_id, rerate_number, of_seq, of_line),
ADD CONSTRAINT booking_rerate_fk FOREIGN KEY (ledger_id, rerate_number, window_number, partner_id)
REFERENCES rerate (ledger_id, number, window_number, partner_id)
--;;
-- A closed window never changes: what is re-rated goes into the one that is open.
CREATE FUNCTION check_rerate_window() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM window_head AS h WHERE h.ledger_id = new.ledger_id AND h.last_number + 1 <> new.window_number
    ) THEN
        RAISE EXCEPTION 'window % is not the open one', new.window_number
            USING errcode = 'restrict_violation', constraint = 'rerate_window_ck';
    END IF;
    RETURN new;
END
$$
--;;
CREATE TRIGGER rerate_window BEFORE INSERT ON rerate FOR EACH ROW EXECUTE FUNCTION check_rerate_window()
--;;
CREATE FUNCTION check_booking_window() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT ledger_id, window_number FROM added) AS a
        INNER JOIN clearing_window AS w ON w.ledger_id = a.ledger_id AND w.number = a.window_number
        WHERE w.state <> 'closed'
    ) THEN
        RAISE EXCEPTION 'nothing is booked in a window that has its nets'
            USING errcode = 'restrict_violation', constraint = 'booking_window_ck';
    END IF;
    RETURN NULL;
END
$$
--;;
CREATE TRIGGER booking_window AFTER INSERT ON booking
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_booking_window()
--;;
CREATE TRIGGER rerate_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rerate
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
