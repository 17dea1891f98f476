"""The tables, as the queries see them. migrations/ makes them, with their checks, grants and triggers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    Column,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.runtime.event_log import event_tables
from services.runtime.idempotency import idempotency_table

#: Its violation means that the identifier is somebody else's.
IDENTIFIER_LOOKUP_UNIQUE: Final = "member_identifier_lookup_uq"

metadata: Final = MetaData()

member: Final = Table(
    "member",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("enrolled_by", Uuid),
    Column("enrolled_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", name="member_pk"),
)

member_key: Final = Table(
    "member_key",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("wrapping_version", SmallInteger, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", name="member_key_pk"),
)

member_personal: Final = Table(
    "member_personal",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("field", Text, nullable=False),
    Column("sealed_value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "field", name="member_personal_pk"),
)

member_identifier: Final = Table(
    "member_identifier",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("partner_id", Uuid),
    Column("lookup_hash", LargeBinary, nullable=False),
    Column("sealed_value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "number", name="member_identifier_pk"),
    UniqueConstraint("ledger_id", "lookup_hash", name=IDENTIFIER_LOOKUP_UNIQUE),
)

member_closure: Final = Table(
    "member_closure",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("closed_at", TIMESTAMP(timezone=True), nullable=False),
    Column("closed_by", Uuid),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", name="member_closure_pk"),
)

idempotency: Final = idempotency_table(metadata)
events: Final = event_tables(metadata)
