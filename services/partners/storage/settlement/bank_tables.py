"""The tables of statements that the bank sent, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, SmallInteger, Table, Text

from services.partners.storage.tables import metadata

bank_statement: Final = Table(
    "bank_statement",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("message_number", Integer, primary_key=True),
    Column("place", SmallInteger, primary_key=True),
    Column("account", Text, nullable=False),
    Column("statement_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("closed_on", Date, nullable=False),
    Column("opening_minor", BigInteger),
    Column("closing_minor", BigInteger),
    Column("repeated", Boolean, nullable=False),
)

statement_gap: Final = Table(
    "statement_gap",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("break_number", BigInteger, primary_key=True),
    Column("message_number", Integer, nullable=False),
    Column("place", SmallInteger, nullable=False),
)
