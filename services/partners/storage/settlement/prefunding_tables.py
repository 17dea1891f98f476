"""The tables of money that is paid ahead, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import TIMESTAMP, BigInteger, Column, Integer, SmallInteger, Table, Text, Uuid

from services.partners.storage.tables import metadata

prefunding: Final = Table(
    "prefunding",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("entity", SmallInteger, nullable=False),
    Column("turn", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", TIMESTAMP(timezone=True), nullable=False),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

run_prefunding: Final = Table(
    "run_prefunding",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("run_number", Integer, nullable=False),
)

prefunding_movement: Final = Table(
    "prefunding_movement",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("run_number", Integer, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("entity", SmallInteger, primary_key=True),
    Column("turn", Text, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
)
