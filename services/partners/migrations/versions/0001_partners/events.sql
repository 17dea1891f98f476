CREATE TABLE event_head (
    ledger_id smallint NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    partition_pos bigint [] NOT NULL,
    CONSTRAINT event_head_pk PRIMARY KEY (ledger_id)
) WITH (fillfactor = 10)
--;;
CREATE TABLE event_log (
    ledger_id smallint NOT NULL,
    pos bigint NOT NULL,
    type text NOT NULL,
    partition smallint NOT NULL,
    partition_prev bigint NOT NULL,
    partner_id uuid,
    seq bigint,
    recorded_at timestamptz NOT NULL,
    traceparent text NOT NULL DEFAULT '',
    payload bytea NOT NULL,
    CONSTRAINT event_log_pk PRIMARY KEY (ledger_id, pos)
)
--;;
CREATE TABLE relay_cursor (
    ledger_id smallint NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT relay_cursor_pk PRIMARY KEY (ledger_id)
)
--;;
CREATE TABLE inbox (
    subscriber text NOT NULL,
    source text NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT inbox_pk PRIMARY KEY (subscriber, source, programme)
)
