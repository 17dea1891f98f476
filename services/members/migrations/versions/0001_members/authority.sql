-- Tokens of a member's app that were used, and the keys they were used under. A row is gone once nobody may ask for it any more.
CREATE TABLE app_token_use (
    ledger_id   smallint    NOT NULL,
    nonce       bytea       NOT NULL CONSTRAINT app_token_use_nonce_check CHECK (octet_length(nonce) = 16),
    member_id   uuid        NOT NULL,
    partner_id  uuid        NOT NULL,
    key_hash    bytea       NOT NULL CONSTRAINT app_token_use_key_check CHECK (octet_length(key_hash) = 32),
    used_at     timestamptz NOT NULL,
    CONSTRAINT app_token_use_pk PRIMARY KEY (ledger_id, nonce),
    CONSTRAINT app_token_use_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
-- The first time that somebody else showed one of them: told once.
CREATE TABLE app_token_replay (
    ledger_id   smallint    NOT NULL,
    nonce       bytea       NOT NULL,
    partner_id  uuid        NOT NULL,
    replayed_at timestamptz NOT NULL,
    CONSTRAINT app_token_replay_pk PRIMARY KEY (ledger_id, nonce),
    CONSTRAINT app_token_replay_use_fk FOREIGN KEY (ledger_id, nonce)
        REFERENCES app_token_use (ledger_id, nonce) ON DELETE CASCADE
)
--;;
-- A PIN that was set: its hash, sealed with the member's data key. The newest one counts.
CREATE TABLE member_pin (
    ledger_id    smallint    NOT NULL,
    member_id    uuid        NOT NULL,
    number       smallint    NOT NULL CONSTRAINT member_pin_number_check CHECK (number > 0),
    sealed_value bytea       NOT NULL CONSTRAINT member_pin_sealed_check CHECK (octet_length(sealed_value) > 12 + 16),
    set_at       timestamptz NOT NULL,
    set_by       uuid,
    actor        text        NOT NULL,
    CONSTRAINT member_pin_pk PRIMARY KEY (ledger_id, member_id, number),
    CONSTRAINT member_pin_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
-- Whether a member's PIN is locked with all partners. One row a member, locked by whoever checks or sets the PIN.
CREATE TABLE member_pin_guard (
    ledger_id    smallint NOT NULL,
    member_id    uuid     NOT NULL,
    locks        smallint NOT NULL CONSTRAINT member_pin_guard_locks_check CHECK (locks >= 0),
    locked_until timestamptz,
    CONSTRAINT member_pin_guard_pk PRIMARY KEY (ledger_id, member_id),
    CONSTRAINT member_pin_guard_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
-- How it stands with a partner where a wrong one was typed: so that one partner's till locks it with no other.
CREATE TABLE partner_pin_guard (
    ledger_id    smallint NOT NULL,
    member_id    uuid     NOT NULL,
    partner_id   uuid     NOT NULL,
    wrong        smallint NOT NULL CONSTRAINT partner_pin_guard_wrong_check CHECK (wrong >= 0),
    locks        smallint NOT NULL CONSTRAINT partner_pin_guard_locks_check CHECK (locks >= 0),
    locked_until timestamptz,
    recent       smallint NOT NULL CONSTRAINT partner_pin_guard_recent_check CHECK (recent >= 0),
    recent_since timestamptz,
    CONSTRAINT partner_pin_guard_pk PRIMARY KEY (ledger_id, member_id, partner_id),
    CONSTRAINT partner_pin_guard_guard_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member_pin_guard (ledger_id, member_id)
)
--;;
-- Keys that a right PIN was typed under. `misses` are wrong ones under the same key since.
CREATE TABLE pin_pass (
    ledger_id  smallint    NOT NULL,
    partner_id uuid        NOT NULL,
    key_hash   bytea       NOT NULL CONSTRAINT pin_pass_key_check CHECK (octet_length(key_hash) = 32),
    member_id  uuid        NOT NULL,
    pin_number smallint    NOT NULL,
    misses     smallint    NOT NULL CONSTRAINT pin_pass_misses_check CHECK (misses >= 0),
    passed_at  timestamptz NOT NULL,
    CONSTRAINT pin_pass_pk PRIMARY KEY (ledger_id, partner_id, key_hash, member_id),
    CONSTRAINT pin_pass_pin_fk FOREIGN KEY (ledger_id, member_id, pin_number)
        REFERENCES member_pin (ledger_id, member_id, number)
)
--;;
--;;
CREATE INDEX app_token_use_age ON app_token_use (used_at)
--;;
CREATE INDEX pin_pass_age ON pin_pass (passed_at)
--;;
CREATE INDEX app_token_replay_newest ON app_token_replay (ledger_id, replayed_at DESC)
--;;
-- A use is undone by nobody: it is only forgotten, long after its token's time.
CREATE TRIGGER app_token_use_no_edit BEFORE UPDATE OR TRUNCATE ON app_token_use
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
--;;
CREATE TRIGGER app_token_replay_no_edit BEFORE UPDATE OR TRUNCATE ON app_token_replay
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
--;;
CREATE TRIGGER member_pin_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON member_pin
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
