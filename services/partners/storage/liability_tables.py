"""The tables of what becomes of points, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import TIMESTAMP, BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text, Uuid

from services.partners.storage.tables import metadata

lot_head: Final = Table(
    "lot_head",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("pos", BigInteger, nullable=False),
    Column("followed_seq", BigInteger, nullable=False),
)

lot_movement: Final = Table(
    "lot_movement",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("is_opening", Boolean, nullable=False),
    Column("seq", BigInteger, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("earned_seq", BigInteger, nullable=False),
    Column("issuer_id", Uuid, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("moved_at", TIMESTAMP(timezone=True), nullable=False),
)
