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
