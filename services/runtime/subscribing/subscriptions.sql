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
