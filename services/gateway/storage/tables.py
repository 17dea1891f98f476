"""Tables of the gateway."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

METADATA: Final = MetaData()

# A batch that a partner sent. `answer` is zlib-compressed JSON; without it the batch is in progress, or was
# cut short and waits to be sent again.
BATCH: Final = Table(
    "batch",
    METADATA,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("batch_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False),
    Column("lines", Integer),
    Column("accepted", Integer),
    Column("replayed", Integer),
    Column("refused", Integer),
    Column("waiting", Integer),
    Column("parked", Integer),
    Column("answer", LargeBinary),
    PrimaryKeyConstraint("ledger_id", "batch_id", name="batch_pk"),
    UniqueConstraint("ledger_id", "partner_id", "key", name="batch_key_unique"),
)

_COUNTS: Final = ("queued", "retrying", "waiting", "parked", "accepted", "replayed", "refused", "cancelled")

# How far a large batch is, whose lines are stored first. Without `received_at` it is not whole, and there is no batch yet.
BATCH_RUN: Final = Table(
    "batch_run",
    METADATA,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("batch_id", Uuid, nullable=False),
    Column("key_sha256", LargeBinary, nullable=False),
    Column("from_file", Boolean, nullable=False),
    Column("begun_at", TIMESTAMP(timezone=True), nullable=False),
    Column("received_at", TIMESTAMP(timezone=True)),
    Column("started_at", TIMESTAMP(timezone=True)),
    Column("finished_at", TIMESTAMP(timezone=True)),
    Column("cancelled_at", TIMESTAMP(timezone=True)),
    Column("due_at", TIMESTAMP(timezone=True)),
    Column("turn_at", TIMESTAMP(timezone=True)),
    Column("lines", Integer, nullable=False),
    *(Column(name, Integer, nullable=False) for name in _COUNTS),
    Column("flight_first", Integer),
    Column("flight_last", Integer),
    Column("flight_due_at", TIMESTAMP(timezone=True)),
    Column("flight_failures", Integer, nullable=False),
    PrimaryKeyConstraint("ledger_id", "batch_id", name="batch_run_pk"),
)

# A line of it. COPY fills it; see storage/large_batches.
BATCH_LINE: Final = Table(
    "batch_line",
    METADATA,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("batch_id", Uuid, nullable=False),
    Column("line", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", TIMESTAMP(timezone=True)),
    Column("type", Text),
    Column("reference", Text),
    Column("body", Text),
    Column("transaction", Text),
    Column("error", Text),
    Column("sent", Boolean, nullable=False),
    PrimaryKeyConstraint("ledger_id", "batch_id", "line", name="batch_line_pk"),
)

# A file of a partner that was compared with its books. `answer` is the JSON that it was answered.
RECONCILIATION_UPLOAD: Final = Table(
    "reconciliation_upload",
    METADATA,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("upload_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False),
    Column("differences", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "upload_id", name="reconciliation_upload_pk"),
    UniqueConstraint("ledger_id", "partner_id", "key", name="reconciliation_upload_key_uq"),
)

# What differed in such a file.
RECONCILIATION_DIFFERENCE: Final = Table(
    "reconciliation_difference",
    METADATA,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("upload_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("answer", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "upload_id", "number", name="reconciliation_difference_pk"),
)

# Rows of comparisons that are going on. COPY fills it; see storage/reconciliation.py.
RECONCILIATION_ROW: Final = Table(
    "reconciliation_row",
    METADATA,
    Column("work_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("side", SmallInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("transaction_id", Uuid),
    Column("staged_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("work_id", "kind", "reference", "side", "line", name="reconciliation_row_pk"),
)
