CREATE TABLE staff_head (
    staff_id uuid NOT NULL,
    CONSTRAINT staff_head_pk PRIMARY KEY (staff_id),
    CONSTRAINT staff_head_staff_fk FOREIGN KEY (staff_id) REFERENCES staff (staff_id)
)
--;;
COMMENT ON TABLE staff_head IS 'A row a person for others to lock: alone by whatever changes his roles or tokens, shared by whatever rests on them. Never changed.'
--;;
CREATE TABLE staff_token (
    token_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    label text NOT NULL,
    hint text NOT NULL,
    token_sha256 bytea NOT NULL,
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT staff_token_pk PRIMARY KEY (token_id),
    CONSTRAINT staff_token_sha256_uq UNIQUE (token_sha256),
    CONSTRAINT staff_token_staff_fk FOREIGN KEY (staff_id) REFERENCES staff (staff_id),
    CONSTRAINT staff_token_sha256_ck CHECK (octet_length(token_sha256) = 32),
    CONSTRAINT staff_token_expires_ck CHECK (expires_at > issued_at),
    CONSTRAINT staff_token_revoked_ck CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
)
--;;
COMMENT ON TABLE staff_token IS 'Tokens of people by the SHA-256 of their secret; the secret itself is nowhere. Times are wall-clock.'
--;;
CREATE INDEX staff_token_staff_ix ON staff_token (staff_id)
--;;
CREATE FUNCTION refuse_token_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a token is only ever revoked, and once' USING errcode = 'restrict_violation';
END
$$
--;;
CREATE TRIGGER staff_token_revoked_once BEFORE UPDATE ON staff_token FOR EACH ROW
WHEN (
    old.revoked_at IS NOT NULL
    OR (old.token_id, old.staff_id, old.label, old.hint, old.token_sha256, old.issued_at, old.issued_by, old.expires_at)
    IS DISTINCT FROM (new.token_id, new.staff_id, new.label, new.hint, new.token_sha256, new.issued_at, new.issued_by, new.expires_at)
)
EXECUTE FUNCTION refuse_token_change()
--;;
CREATE TRIGGER staff_token_kept BEFORE DELETE OR TRUNCATE ON staff_token FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
--;;
CREATE TRIGGER staff_head_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_head FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
