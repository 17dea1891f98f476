CREATE TABLE inbox (
    subscriber text NOT NULL,
    source text NOT NULL,
    programme text NOT NULL,
    pos bigint NOT NULL,
    CONSTRAINT inbox_pk PRIMARY KEY (subscriber, source, programme)
)
