-- That a member is to be told of an event, and what has become of it. No address, no text, no name.
CREATE TABLE notice (
    notice_id uuid NOT NULL,
    programme text NOT NULL,
    source text NOT NULL CONSTRAINT notice_source_ck CHECK (source IN ('members', 'points')),
    pos bigint NOT NULL CONSTRAINT notice_pos_ck CHECK (pos > 0),
    kind text NOT NULL,
    member_id uuid NOT NULL,
    facts jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    stale_at timestamptz NOT NULL,
    state text NOT NULL
        CONSTRAINT notice_state_ck CHECK (state IN ('waiting', 'sending', 'sent', 'dropped', 'expired', 'failed')),
    why text NOT NULL DEFAULT '',
    channel text CONSTRAINT notice_channel_ck CHECK (channel IN ('email', 'sms', 'push', 'chat')),
    attempts smallint NOT NULL DEFAULT 0 CONSTRAINT notice_attempts_ck CHECK (attempts >= 0),
    steps smallint NOT NULL DEFAULT 0 CONSTRAINT notice_steps_ck CHECK (steps >= 0),
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT notice_pk PRIMARY KEY (notice_id),
    CONSTRAINT notice_event_uq UNIQUE (programme, source, pos, kind),
    CONSTRAINT notice_ended_ck CHECK ((ended_at IS NULL) = (state IN ('waiting', 'sending'))),
    CONSTRAINT notice_lease_ck CHECK (state <> 'sending' OR (leased_until IS NOT NULL AND channel IS NOT NULL))
)
--;;
CREATE INDEX notice_due_ix ON notice (due_at) WHERE state = 'waiting'
--;;
-- Whoever looks for what somebody waits for does not wade through all else.
CREATE INDEX notice_urgent_ix ON notice (due_at) WHERE state = 'waiting' AND kind = 'one_time_code'
--;;
CREATE INDEX notice_sending_ix ON notice (leased_until) WHERE state = 'sending'
--;;
CREATE INDEX notice_member_ix ON notice (programme, member_id, notice_id)
--;;
CREATE INDEX notice_made_ix ON notice (programme, made_at)
--;;
CREATE INDEX notice_ended_ix ON notice (ended_at) WHERE ended_at IS NOT NULL
--;;
-- The log of deliveries: a line for each thing that happened. Never edited; forgotten with its notice.
CREATE TABLE delivery (
    notice_id uuid NOT NULL,
    number smallint NOT NULL CONSTRAINT delivery_number_ck CHECK (number > 0),
    programme text NOT NULL,
    member_id uuid NOT NULL,
    at timestamptz NOT NULL,
    outcome text NOT NULL CONSTRAINT delivery_outcome_ck
        CHECK (outcome IN ('sent', 'failed', 'refused', 'interrupted', 'put_off', 'dropped', 'expired')),
    channel text CONSTRAINT delivery_channel_ck CHECK (channel IN ('email', 'sms', 'push', 'chat')),
    reason text NOT NULL,
    CONSTRAINT delivery_pk PRIMARY KEY (notice_id, number),
    CONSTRAINT delivery_notice_fk FOREIGN KEY (notice_id) REFERENCES notice (notice_id)
)
--;;
CREATE INDEX delivery_of_member_ix ON delivery (programme, member_id, channel, at) WHERE outcome IN ('sent', 'interrupted')
--;;
CREATE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
--;;
CREATE TRIGGER delivery_append_only BEFORE UPDATE OR TRUNCATE ON delivery
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
