"""The tables, as the queries see them. migrations/ makes them, with their checks, grants and triggers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
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
    Column("anonymous", Boolean, nullable=False),
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
    Column("version", Integer, nullable=False),
    Column("sealed_value", LargeBinary),
    Column("lookup_hash", LargeBinary),
    PrimaryKeyConstraint("ledger_id", "member_id", "field", "version", name="member_personal_pk"),
)

member_change: Final = Table(
    "member_change",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    Column("changed_by", Uuid),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "version", name="member_change_pk"),
)

member_claim: Final = Table(
    "member_claim",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("claimed_by", Uuid),
    Column("claimed_at", TIMESTAMP(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", name="member_claim_pk"),
)

member_employment: Final = Table(
    "member_employment",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("employed", Boolean, nullable=False),
    Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "partner_id", "version", name="member_employment_pk"),
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

card_range: Final = Table(
    "card_range",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("digits", SmallInteger, nullable=False),
    Column("valid_from", TIMESTAMP(timezone=True), nullable=False),
    Column("partner_id", Uuid),
    Column("set_by", Text, nullable=False),
    Column("set_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("ledger_id", "prefix", "digits", "valid_from", name="card_range_pk"),
)

_SOURCE: Final = ("ledger_id", "partner_id", "window_start", "api_key", "store", "till")

lookup_count: Final = Table(
    "lookup_count",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("window_start", TIMESTAMP(timezone=True), nullable=False),
    Column("api_key", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("till", Text, nullable=False),
    Column("unknown", BigInteger, nullable=False),
    Column("enrolled", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    PrimaryKeyConstraint(*_SOURCE, name="lookup_count_pk"),
)

lookup_suspicion: Final = Table(
    "lookup_suspicion",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("window_start", TIMESTAMP(timezone=True), nullable=False),
    Column("api_key", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("till", Text, nullable=False),
    Column("window_seconds", Integer, nullable=False),
    Column("unknown", BigInteger, nullable=False),
    Column("enrolled", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("suspected_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint(*_SOURCE, name="lookup_suspicion_pk"),
)

idempotency: Final = idempotency_table(metadata)
events: Final = event_tables(metadata)
