"""The tables of tax data, as the migrations make them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import TIMESTAMP, Column, Date, Integer, SmallInteger, Table, Text, Uuid

from services.partners.storage.tables import metadata

_TIME: Final = TIMESTAMP(timezone=True)


def _party() -> tuple[Column[Any], ...]:
    """What both versions say of a party, each time as columns of their own."""
    names = (
        "legal_name", "street", "city", "postcode", "country", "vat_id", "tax_number", "registration_id", "email",
        "legal_note",
    )  # fmt: skip
    return tuple(Column(name, Text, nullable=False) for name in names)


tax_version: Final = Table(
    "tax_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("entity", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("valid_from", _TIME, nullable=False),
    *_party(),
    Column("agreement", Text),
    Column("agreed_on", Date),
    Column("objection_days", SmallInteger),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

tax_rule: Final = Table(
    "tax_rule",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("entity", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("supply", Text, primary_key=True),
    Column("category", Text, nullable=False),
    Column("rate_basis_points", Integer, nullable=False),
    Column("exemption_text", Text, nullable=False),
    Column("exemption_code", Text, nullable=False),
)

operator_version: Final = Table(
    "operator_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("valid_from", _TIME, nullable=False),
    *_party(),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)
