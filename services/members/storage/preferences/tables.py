"""The tables of preferences, as the queries see them. migrations/ makes them, with their checks, grants and triggers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.members.storage.tables import metadata

member_contact: Final = Table(
    "member_contact",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("field", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed_value", LargeBinary),
    Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    Column("changed_by", Uuid),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "field", "version", name="member_contact_pk"),
)

member_consent: Final = Table(
    "member_consent",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("receipt_id", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("wording", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("said_at", TIMESTAMP(timezone=True), nullable=False),
    Column("said_by", Uuid),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "number", name="member_consent_pk"),
    UniqueConstraint("ledger_id", "receipt_id", name="member_consent_receipt_uq"),
)

contact_reading: Final = Table(
    "contact_reading",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("reading_id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("read_at", TIMESTAMP(timezone=True), nullable=False),
    Column("why_not", Text),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "reading_id", name="contact_reading_pk"),
)
