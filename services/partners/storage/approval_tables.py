"""The tables of people's tokens, drafts, credit limits, re-rates and the audit log, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from services.partners.storage.tables import metadata

_TIME: Final = TIMESTAMP(timezone=True)

staff_head: Final = Table(
    "staff_head",
    metadata,
    Column("staff_id", Uuid, primary_key=True),
)

staff_token: Final = Table(
    "staff_token",
    metadata,
    Column("token_id", Uuid, primary_key=True),
    Column("staff_id", Uuid, nullable=False),
    Column("label", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("token_sha256", LargeBinary, nullable=False),
    Column("issued_at", _TIME, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("expires_at", _TIME),
    Column("revoked_at", _TIME),
    Column("revoked_by", Text),
)

draft: Final = Table(
    "draft",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("draft_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("made_by", Uuid, nullable=False),
    Column("made_at", _TIME, nullable=False),
    Column("why", Text, nullable=False),
)

draft_decision: Final = Table(
    "draft_decision",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("draft_id", Uuid, primary_key=True),
    Column("decision", Text, nullable=False),
    Column("made_by", Uuid, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("decided_by", Uuid, nullable=False),
    Column("decided_at", _TIME, nullable=False),
    Column("why", Text, nullable=False),
)

credit_limit: Final = Table(
    "credit_limit",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("limit_minor", BigInteger),
    Column("prefunded_minor", BigInteger, nullable=False),
    Column("on_limit", Text, nullable=False),
    Column("warning_percent", SmallInteger, nullable=False),
    Column("known_from", _TIME, nullable=False),
    Column("draft_id", Uuid, nullable=False),
    Column("set_by", Uuid, nullable=False),
    Column("approved_by", Uuid, nullable=False),
)

rerate: Final = Table(
    "rerate",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("valid_from", _TIME, nullable=False),
    Column("valid_to", _TIME),
    Column("as_of_seq", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("known_from_seq", BigInteger, nullable=False),
    Column("window_number", Integer, nullable=False),
    Column("draft_id", Uuid, nullable=False),
)

audit_row: Final = Table(
    "audit_row",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("at", _TIME, nullable=False),
    Column("by_kind", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
