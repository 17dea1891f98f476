"""Tables of the gateway."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    Column,
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
