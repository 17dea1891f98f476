"""The tables of payment terms and the operator's account, as the migrations make them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Date, Integer, SmallInteger, Table, Text, Uuid

from services.partners.storage.tables import metadata


def _account() -> list[Column[Any]]:
    names = ("holder", "iban", "bic", "street", "town", "postcode", "country")
    return [Column(name, Text, nullable=False) for name in names]


payment_terms_version: Final = Table(
    "payment_terms_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("valid_from", Date, nullable=False),
    Column("method", Text, nullable=False),
    *_account(),
    Column("mandate_id", Text),
    Column("mandate_signed_on", Date),
    Column("mandate_scheme", Text),
    Column("prenotification_days", SmallInteger, nullable=False),
    Column("due_days", SmallInteger, nullable=False),
    Column("least_payout_minor", BigInteger, nullable=False),
    Column("reminder_days", SmallInteger, nullable=False),
    Column("reminders_max", SmallInteger, nullable=False),
    Column("late_interest_bp", SmallInteger, nullable=False),
    Column("returned_fee_minor", BigInteger, nullable=False),
    Column("suspend_after_days", SmallInteger, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

operator_account_version: Final = Table(
    "operator_account_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Date, nullable=False),
    *_account(),
    Column("creditor_id", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)
