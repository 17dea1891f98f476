"""Tables of how partners reach the public API: keys that follow others, from where keys are taken, versions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, TIMESTAMP, Column, Integer, SmallInteger, Table, Text, Uuid

from services.partners.storage.tables import metadata

_TIME: Final = TIMESTAMP(timezone=True)

api_key_roll: Final = Table(
    "api_key_roll",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("key_id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("next_key_id", Uuid, nullable=False),
    Column("ends_at", _TIME, nullable=False),
    Column("rolled_at", _TIME, nullable=False),
    Column("rolled_by", Text, nullable=False),
)

api_key_addresses: Final = Table(
    "api_key_addresses",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("key_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("networks", ARRAY(Text), nullable=False),
    Column("set_at", _TIME, nullable=False),
    Column("set_by", Text, nullable=False),
)

api_version_pin: Final = Table(
    "api_version_pin",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("api_version", Text, nullable=False),
    Column("set_at", _TIME, nullable=False),
    Column("set_by", Text, nullable=False),
)
