"""The tables of disputes, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import TIMESTAMP, BigInteger, Column, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.partners.storage.tables import metadata

_TIME: Final = TIMESTAMP(timezone=True)

dispute_terms_version: Final = Table(
    "dispute_terms_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("valid_from", _TIME, nullable=False),
    Column("evidence_days", SmallInteger, nullable=False),
    Column("decision_days", SmallInteger, nullable=False),
    Column("escalation_days", SmallInteger, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

dispute: Final = Table(
    "dispute",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("dispute_id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("statement_id", Uuid, nullable=False),
    Column("line", Integer, nullable=False),
    Column("line_kind", Text, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("entity", SmallInteger, nullable=False),
    Column("claimed_minor", BigInteger, nullable=False),
    Column("mode", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("tax_basis_points", Integer, nullable=False),
    Column("withheld_minor", BigInteger, nullable=False),
    Column("evidence_days", SmallInteger, nullable=False),
    Column("decision_days", SmallInteger, nullable=False),
    Column("escalation_days", SmallInteger, nullable=False),
)

dispute_event: Final = Table(
    "dispute_event",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("dispute_id", Uuid, primary_key=True),
    Column("event", SmallInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("prior_state", Text),
    Column("at", _TIME, nullable=False),
    Column("by", Text, nullable=False),
    Column("person", Uuid),
    Column("said", Text, nullable=False),
    Column("refs", ARRAY(Text), nullable=False),
    Column("accepted_minor", BigInteger, nullable=False),
    Column("window_number", Integer),
)
