CREATE UNLOGGED TABLE quota_bucket (
    ledger_id smallint NOT NULL,
    key_id uuid NOT NULL,
    class text NOT NULL,
    interval_ns bigint NOT NULL,
    capacity bigint NOT NULL,
    spent_until_ns bigint NOT NULL,
    granted bigint NOT NULL,
    asked_at_ns bigint NOT NULL DEFAULT 0,
    CONSTRAINT quota_bucket_pk PRIMARY KEY (ledger_id, key_id, class),
    CONSTRAINT quota_bucket_class_ck CHECK (class IN ('interactive', 'bulk')),
    CONSTRAINT quota_bucket_interval_ck CHECK (interval_ns BETWEEN 1000 AND 1000000000),
    CONSTRAINT quota_bucket_capacity_ck CHECK (capacity > 0),
    CONSTRAINT quota_bucket_granted_ck CHECK (granted >= 0)
) WITH (fillfactor = 50)
--;;
COMMENT ON TABLE quota_bucket IS 'How much of its quota a key has used, by class. interval_ns: in which a unit comes back; capacity: units at once; spent_until_ns: nanoseconds since 1970 when all of it is back; granted: the slice that was taken last; asked_at_ns: when, so that a clock that was set back since is seen. A crash of the server empties it, and every quota is whole again.'
