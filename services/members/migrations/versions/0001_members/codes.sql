-- A code that a partner had sent to a member. What it says is not here: it follows from the row by a key of the service.
CREATE TABLE one_time_code (
    ledger_id  smallint    NOT NULL,
    code_id    uuid        NOT NULL,
    member_id  uuid        NOT NULL,
    partner_id uuid        NOT NULL,
    -- From 1 for member and partner: the newest is good. Clocks of two replicas, or one that is set back, do not say which that is.
    number     integer     NOT NULL CONSTRAINT one_time_code_number_check CHECK (number > 0),
    sent_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    wrong      smallint    NOT NULL CONSTRAINT one_time_code_wrong_check CHECK (wrong >= 0),
    -- The key that it was used under, hashed.
    used_key   bytea CONSTRAINT one_time_code_key_check CHECK (octet_length(used_key) = 32),
    CONSTRAINT one_time_code_pk PRIMARY KEY (ledger_id, code_id),
    CONSTRAINT one_time_code_use_uq UNIQUE (ledger_id, member_id, partner_id, used_key),
    CONSTRAINT one_time_code_number_uq UNIQUE (ledger_id, member_id, partner_id, number),
    CONSTRAINT one_time_code_life_check CHECK (expires_at > sent_at),
    CONSTRAINT one_time_code_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
CREATE INDEX one_time_code_member_ix ON one_time_code (ledger_id, member_id, sent_at)
--;;
CREATE INDEX one_time_code_partner_ix ON one_time_code (ledger_id, partner_id, sent_at)
--;;
CREATE INDEX one_time_code_age ON one_time_code (sent_at)
--;;
-- A use is undone by nobody, nor a wrong try.
CREATE FUNCTION refuse_unuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.wrong < OLD.wrong OR (OLD.used_key IS NOT NULL AND NEW.used_key IS DISTINCT FROM OLD.used_key) THEN
        RAISE EXCEPTION 'a code is used once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
--;;
CREATE TRIGGER one_time_code_used_once BEFORE UPDATE ON one_time_code
    FOR EACH ROW EXECUTE FUNCTION refuse_unuse()
