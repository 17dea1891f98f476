CREATE TABLE inbox (
    subscriber text NOT NULL,
    source text NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT inbox_pk PRIMARY KEY (subscriber, source, programme)
)
--;;
-- Since when a subscriber is there: of what was before, nobody is told.
CREATE TABLE subscriber_start (
    subscriber text NOT NULL,
    began_at timestamptz NOT NULL,
    CONSTRAINT subscriber_start_pk PRIMARY KEY (subscriber)
)
--;;
-- Programme time less wall-clock time, as events told it last; of programmes where it is not nothing.
CREATE TABLE programme_clock (
    programme text NOT NULL,
    offset_us bigint NOT NULL,
    CONSTRAINT programme_clock_pk PRIMARY KEY (programme)
)
--;;
CREATE TABLE subscription_pause (
    subscriber text NOT NULL,
    paused_at timestamptz NOT NULL,
    paused_by text NOT NULL,
    note text NOT NULL,
    CONSTRAINT subscription_pause_pk PRIMARY KEY (subscriber)
)
--;;
CREATE TABLE subscription_replay (
    subscriber text NOT NULL,
    source text NOT NULL,
    programme text NOT NULL,
    until_pos bigint NOT NULL,
    rebuild boolean NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    CONSTRAINT subscription_replay_pk PRIMARY KEY (subscriber, source, programme)
)
--;;
CREATE TABLE dead_letter (
    subscriber text NOT NULL,
    source text NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    key text NOT NULL,
    state text NOT NULL CONSTRAINT dead_letter_state_ck CHECK (state IN ('trying', 'dead', 'waiting')),
    attempts integer NOT NULL,
    error text NOT NULL,
    next_try_at timestamptz,
    parked_at timestamptz NOT NULL,
    replayed boolean NOT NULL,
    record bytea NOT NULL,
    CONSTRAINT dead_letter_pk PRIMARY KEY (subscriber, source, programme, pos),
    CONSTRAINT dead_letter_next_try_at_ck CHECK ((next_try_at IS NOT NULL) = (state = 'trying'))
)
--;;
CREATE INDEX dead_letter_key_ix ON dead_letter (subscriber, source, programme, key, pos)
--;;
CREATE INDEX dead_letter_due_ix ON dead_letter (subscriber, source, next_try_at) WHERE state = 'trying'
