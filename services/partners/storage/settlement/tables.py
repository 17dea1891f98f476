"""The tables of settlement: runs, documents, the money's journal, payments and what the bank says, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Date,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from services.partners.storage.tables import metadata

_TIME: Final = TIMESTAMP(timezone=True)

settlement_head: Final = Table(
    "settlement_head",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("last_run", Integer, nullable=False),
    Column("last_journal", BigInteger, nullable=False),
)

settlement_run: Final = Table(
    "settlement_run",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("until_window", Integer, nullable=False),
    Column("draft_id", Uuid, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("drafted_at", _TIME, nullable=False),
    Column("drafted_by", Text, nullable=False),
)

run_position: Final = Table(
    "run_position",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("run_number", Integer, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("first_window", Integer),
    Column("last_window", Integer),
    Column("statements_minor", BigInteger, nullable=False),
    Column("documents_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("brought_forward_minor", BigInteger, nullable=False),
    Column("prefunding_minor", BigInteger, nullable=False),
    Column("set_off_minor", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("why", Text, nullable=False),
)

run_step: Final = Table(
    "run_step",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("run_number", Integer, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("prior_state", Text),
)

run_statement: Final = Table(
    "run_statement",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("statement_id", Uuid, primary_key=True),
    Column("run_number", Integer, nullable=False),
)

partner_settled: Final = Table(
    "partner_settled",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("nets_minor", BigInteger, nullable=False),
    Column("open_minor", BigInteger, nullable=False),
    Column("prepaid_minor", BigInteger, nullable=False),
)

document_series: Final = Table(
    "document_series",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("year", SmallInteger, primary_key=True),
    Column("type", SmallInteger, primary_key=True),
    Column("last_sequence", Integer, nullable=False),
)

document: Final = Table(
    "document",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("document_id", Uuid, primary_key=True),
    Column("type", SmallInteger, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", Text, nullable=False),
    Column("run_number", Integer),
    Column("partner_id", Uuid, nullable=False),
    Column("entity", SmallInteger, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("due_minor", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
)

money_journal: Final = Table(
    "money_journal",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("journal", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("run_number", Integer),
    Column("document_id", Uuid),
    Column("payment_id", Uuid),
    Column("break_number", BigInteger),
    Column("dispute_id", Uuid),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
)

money_entry: Final = Table(
    "money_entry",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("journal", BigInteger, primary_key=True),
    Column("line", SmallInteger, primary_key=True),
    Column("account", Text, nullable=False),
    Column("partner_id", Uuid),
    Column("amount_minor", BigInteger, nullable=False),
)

payment: Final = Table(
    "payment",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("run_number", Integer),
    Column("partner_id", Uuid, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("direction", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("end_to_end_id", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("terms_version", Integer, nullable=False),
    Column("file_number", Integer),
    Column("made_at", _TIME, nullable=False),
)

payment_event: Final = Table(
    "payment_event",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("event", SmallInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("on_date", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", _TIME, nullable=False),
)

payment_reminder: Final = Table(
    "payment_reminder",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("payment_id", Uuid, primary_key=True),
    Column("reminder", SmallInteger, primary_key=True),
    Column("left_minor", BigInteger, nullable=False),
    Column("on_date", Date, nullable=False),
)

bank_file: Final = Table(
    "bank_file",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("run_number", Integer),
    Column("kind", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("payments", Integer, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("made_at", _TIME, nullable=False),
)

bank_message: Final = Table(
    "bank_message",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("items", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("received_by", Text, nullable=False),
)

bank_item: Final = Table(
    "bank_item",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("message_number", Integer, primary_key=True),
    Column("item", Integer, primary_key=True),
    Column("entry_reference", Text, nullable=False),
    Column("end_to_end_id", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("booked_on", Date),
    Column("outcome", Text, nullable=False),
    Column("payment_id", Uuid),
    Column("applied_minor", BigInteger, nullable=False),
    Column("charge_minor", BigInteger, nullable=False),
    Column("said", Text, nullable=False),
    Column("statement", SmallInteger),
)

bank_break: Final = Table(
    "bank_break",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("message_number", Integer, nullable=False),
    Column("item", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("payment_id", Uuid),
    Column("opened_at", _TIME, nullable=False),
)

break_event: Final = Table(
    "break_event",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("break_number", BigInteger, primary_key=True),
    Column("event", SmallInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
)
