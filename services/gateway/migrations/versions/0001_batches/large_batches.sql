CREATE TABLE batch_run (
    ledger_id smallint NOT NULL,
    batch_id uuid NOT NULL,
    key_sha256 bytea NOT NULL,
    from_file boolean NOT NULL,
    begun_at timestamptz NOT NULL,
    received_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    cancelled_at timestamptz,
    due_at timestamptz,
    turn_at timestamptz,
    lines integer NOT NULL DEFAULT 0,
    queued integer NOT NULL DEFAULT 0,
    retrying integer NOT NULL DEFAULT 0,
    waiting integer NOT NULL DEFAULT 0,
    parked integer NOT NULL DEFAULT 0,
    accepted integer NOT NULL DEFAULT 0,
    replayed integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    cancelled integer NOT NULL DEFAULT 0,
    flight_first integer,
    flight_last integer,
    flight_due_at timestamptz,
    flight_failures integer NOT NULL DEFAULT 0,
    CONSTRAINT batch_run_pk PRIMARY KEY (ledger_id, batch_id),
    CONSTRAINT batch_run_key_sha256_ck CHECK (octet_length(key_sha256) = 32),
    CONSTRAINT batch_run_counts_ck CHECK (
        queued >= 0 AND retrying >= 0 AND waiting >= 0 AND parked >= 0
        AND accepted >= 0 AND replayed >= 0 AND refused >= 0 AND cancelled >= 0
        AND lines = queued + retrying + waiting + parked + accepted + replayed + refused + cancelled
    ),
    -- Nothing is worked on before all of it is here, and nothing is left to do of what is finished.
    CONSTRAINT batch_run_received_ck CHECK (
        received_at IS NOT NULL OR (started_at IS NULL AND finished_at IS NULL AND cancelled_at IS NULL AND due_at IS NULL)
    ),
    CONSTRAINT batch_run_finished_ck CHECK (
        finished_at IS NULL OR (due_at IS NULL AND queued = 0 AND retrying = 0 AND flight_first IS NULL)
    ),
    CONSTRAINT batch_run_flight_ck CHECK (
        (flight_first IS NULL) = (flight_last IS NULL) AND (flight_first IS NULL) = (flight_due_at IS NULL)
        AND flight_first <= flight_last AND flight_failures >= 0 AND (flight_failures = 0 OR flight_first IS NOT NULL)
    )
)
--;;
COMMENT ON TABLE batch_run IS 'How far a large batch is, whose lines are stored first. received_at: when the last line was stored; a row without it is not whole, has no batch yet, and is not worked on. due_at: when a line is worked on next. turn_at: when one was last, so that batches take turns. flight_first, flight_last, flight_due_at: lines that were or are about to be sent and whose answers are not written yet: those from first to last that were due by then; failures: calls for them in a row that failed. key_sha256: hash of the API key that it came with.'
--;;
CREATE INDEX batch_run_due_ix ON batch_run (turn_at) WHERE due_at IS NOT NULL
--;;
CREATE INDEX batch_run_begun_ix ON batch_run (begun_at) WHERE received_at IS NULL
--;;
CREATE TABLE batch_line (
    ledger_id smallint NOT NULL,
    batch_id uuid NOT NULL,
    line integer NOT NULL,
    outcome text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    type text,
    reference text COLLATE "C",
    body text,
    "transaction" text,
    error text,
    sent boolean NOT NULL DEFAULT false,
    CONSTRAINT batch_line_pk PRIMARY KEY (ledger_id, batch_id, line),
    CONSTRAINT batch_line_run_fk FOREIGN KEY (ledger_id, batch_id)
    REFERENCES batch_run (ledger_id, batch_id) ON DELETE CASCADE,
    CONSTRAINT batch_line_line_ck CHECK (line >= 0),
    CONSTRAINT batch_line_type_ck CHECK (type IN ('earn', 'redemption', 'refund')),
    CONSTRAINT batch_line_outcome_ck CHECK (
        outcome IN ('queued', 'retrying', 'waiting', 'parked', 'accepted', 'replayed', 'refused', 'cancelled')
    ),
    -- Whose card it was is forgotten with the last attempt.
    CONSTRAINT batch_line_body_ck CHECK ((body IS NULL) = (due_at IS NULL)),
    CONSTRAINT batch_line_due_ck CHECK (due_at IS NOT NULL OR outcome NOT IN ('queued', 'retrying')),
    CONSTRAINT batch_line_sent_ck CHECK (NOT sent OR outcome IN ('retrying', 'refused'))
)
--;;
COMMENT ON TABLE batch_line IS 'A line of a large batch. line: of a file from 1, else from 0. body: its JSON while it is to be posted or asked about again. transaction, error: what came of it, JSON. sent: the ledger may have it, and has not answered; it goes alone.'
--;;
CREATE INDEX batch_line_due_ix ON batch_line (ledger_id, batch_id, line) WHERE due_at IS NOT NULL
--;;
CREATE INDEX batch_line_outcome_ix ON batch_line (ledger_id, batch_id, outcome, line)
