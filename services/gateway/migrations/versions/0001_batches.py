"""Batches and files to be reconciled: what partners sent in bulk, and the stored answers."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_batches")
_TABLE = """
CREATE TABLE batch (
    ledger_id    smallint NOT NULL,
    batch_id     uuid NOT NULL,
    partner_id   uuid NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    lines        integer,
    accepted     integer,
    replayed     integer,
    refused      integer,
    waiting      integer,
    parked       integer,
    answer       bytea,
    CONSTRAINT batch_pk PRIMARY KEY (ledger_id, batch_id),
    CONSTRAINT batch_key_unique UNIQUE (ledger_id, partner_id, key),
    CONSTRAINT batch_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    CONSTRAINT batch_request_hash_length CHECK (octet_length(request_hash) = 32),
    CONSTRAINT batch_finished_whole CHECK (
        (answer IS NULL) = (lines IS NULL) AND (answer IS NULL) = (accepted IS NULL)
        AND (answer IS NULL) = (replayed IS NULL) AND (answer IS NULL) = (refused IS NULL)
        AND (answer IS NULL) = (waiting IS NULL) AND (answer IS NULL) = (parked IS NULL)
    ),
    CONSTRAINT batch_counts_sum CHECK (lines = accepted + replayed + refused + waiting + parked)
)
"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute("CREATE INDEX batch_of_partner ON batch (ledger_id, partner_id, batch_id)")
    op.execute("CREATE INDEX batch_by_age ON batch (created_at)")
    for name in ("large_batches.sql", "reconciliation.sql", "quotas.sql"):
        for statement in (_SQL / name).read_text().split("\n--;;\n"):
            op.execute(statement)
    role = runtime_role()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON batch TO {role}")
    op.execute(
        f"GRANT UPDATE (lines, accepted, replayed, refused, waiting, parked, answer) ON batch TO {role}"
    )
    # What a line is stays; how far it is, and its body, which goes with the last attempt, do not.
    op.execute(f"GRANT SELECT, INSERT, DELETE ON batch_run TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON batch_line TO {role}")
    op.execute(
        "GRANT UPDATE (received_at, started_at, finished_at, cancelled_at, due_at, turn_at, lines, queued, retrying, waiting, "
        f"parked, accepted, replayed, refused, cancelled, flight_first, flight_last, flight_due_at, flight_failures) ON batch_run TO {role}"
    )
    op.execute(
        f'GRANT UPDATE (outcome, attempts, due_at, body, "transaction", error, sent) ON batch_line TO {role}'
    )
    # A result is never edited; old ones are forgotten with their differences.
    op.execute(f"GRANT SELECT, INSERT, DELETE ON reconciliation_upload, reconciliation_row TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON reconciliation_difference TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON quota_bucket TO {role}")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; a mistake is mended by the next one")
