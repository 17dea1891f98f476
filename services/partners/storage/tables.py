"""The tables of this service, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from services.runtime.event_log import event_tables
from services.runtime.inbox import inbox_table
from services.runtime.subscribing.tables import subscription_tables

metadata: Final = MetaData()
_TIME: Final = TIMESTAMP(timezone=True)
# Sums of the control: exact, and wider than any column they are compared with.
_SUM: Final = Numeric(asdecimal=True)

events: Final = event_tables(metadata)
inbox: Final = inbox_table(metadata)
subscriptions: Final = subscription_tables(metadata)

programme: Final = Table(
    "programme",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("starts_at", _TIME, nullable=False),
    Column("expiry_rule", Text, nullable=False),
    Column("expiry_months", SmallInteger, nullable=False),
    Column("expiry_month", SmallInteger),
    Column("expiry_day", SmallInteger),
    Column("expiry_notice_days", SmallInteger, nullable=False),
    Column("registered_by", Text, nullable=False),
)

partner: Final = Table(
    "partner",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("onboarded_by", Text, nullable=False),
    Column("first_window", Integer, nullable=False),
)

store: Final = Table(
    "store",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("store_id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
)

api_key: Final = Table(
    "api_key",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("key_id", Uuid, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("label", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("issued_at", _TIME, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("revoked_at", _TIME),
    Column("revoked_by", Text),
)

staff: Final = Table(
    "staff",
    metadata,
    Column("staff_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("added_by", Text, nullable=False),
)

staff_role: Final = Table(
    "staff_role",
    metadata,
    Column("staff_id", Uuid, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("assigned", Boolean, nullable=False),
    Column("changed_by", Text, nullable=False),
)

legal_entity: Final = Table(
    "legal_entity",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("added_by", Text, nullable=False),
)

store_entity: Final = Table(
    "store_entity",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("store_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("partner_id", Uuid, nullable=False),
    Column("entity", SmallInteger, nullable=False),
    Column("valid_from", _TIME, nullable=False),
    Column("known_from_seq", BigInteger, nullable=False),
    Column("set_by", Text, nullable=False),
)

partner_role_version: Final = Table(
    "partner_role_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("roles", ARRAY(Text), nullable=False),
    Column("valid_from", _TIME, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

rate_version: Final = Table(
    "rate_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("issue_micros", BigInteger, nullable=False),
    Column("reimbursement_micros", BigInteger, nullable=False),
    Column("valid_from", _TIME, nullable=False),
    Column("valid_to", _TIME),
    Column("known_from_seq", BigInteger, nullable=False),
    Column("issue_share_percent", SmallInteger, nullable=False),
    Column("transaction_fee_micros", BigInteger, nullable=False),
    Column("bonus_issue_micros", BigInteger),
    Column("bonus_reimbursement_micros", BigInteger),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

rating_head: Final = Table(
    "rating_head",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("rated_seq", BigInteger, nullable=False),
    Column("clock_offset_us", BigInteger, nullable=False),
    Column("rates_generation", BigInteger, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("issued_points", _SUM, nullable=False),
    Column("issued_micros", _SUM, nullable=False),
    Column("reversed", BigInteger, nullable=False),
    Column("reversed_points", _SUM, nullable=False),
    Column("reversed_micros", _SUM, nullable=False),
    Column("charged", BigInteger, nullable=False),
    Column("charged_points", _SUM, nullable=False),
    Column("charged_micros", _SUM, nullable=False),
    Column("credited", BigInteger, nullable=False),
    Column("credited_points", _SUM, nullable=False),
    Column("credited_micros", _SUM, nullable=False),
    Column("released", BigInteger, nullable=False),
    Column("released_points", _SUM, nullable=False),
    Column("released_micros", _SUM, nullable=False),
    Column("burned", BigInteger, nullable=False),
    Column("burned_points", _SUM, nullable=False),
    Column("burned_micros", _SUM, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("returned_points", _SUM, nullable=False),
    Column("returned_micros", _SUM, nullable=False),
    Column("fees", BigInteger, nullable=False),
    Column("fees_micros", _SUM, nullable=False),
    Column("nothings", BigInteger, nullable=False),
)

rating_blocked: Final = Table(
    "rating_blocked",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("partner_id", Uuid),
    Column("effective_at", _TIME, nullable=False),
    Column("price_missing", Boolean, nullable=False),
    Column("why", Text, nullable=False),
)

rated_entry: Final = Table(
    "rated_entry",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("partner_id", Uuid),
    Column("issuer_id", Uuid),
    Column("point_type", Text),
    Column("lot_no", BigInteger),
    Column("version", Integer),
    Column("points", BigInteger, nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("redemption_micros", BigInteger, nullable=False),
    Column("earned_seq", BigInteger),
    Column("effective_at", _TIME, nullable=False),
    Column("undoes_seq", BigInteger),
    Column("share_percent", SmallInteger),
    Column("entity", SmallInteger, nullable=False),
)

window_head: Final = Table(
    "window_head",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("last_number", Integer, nullable=False),
)

clearing_window: Final = Table(
    "clearing_window",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("starts_at", _TIME, nullable=False),
    Column("ends_at", _TIME, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("closed_at", _TIME, nullable=False),
)

net: Final = Table(
    "net",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("window_number", Integer, primary_key=True),
    Column("party_id", Uuid, primary_key=True),
    Column("points_issued", BigInteger, nullable=False),
    Column("points_reversed", BigInteger, nullable=False),
    Column("points_burned", BigInteger, nullable=False),
    Column("points_returned", BigInteger, nullable=False),
    Column("exact_micros", BigInteger, nullable=False),
    Column("carry_in_micros", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("carry_out_micros", BigInteger, nullable=False),
)

matrix_cell: Final = Table(
    "matrix_cell",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("window_number", Integer, primary_key=True),
    Column("issuer_id", Uuid, primary_key=True),
    Column("redeemer_id", Uuid, primary_key=True),
    Column("points", BigInteger, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("points_returned", BigInteger, nullable=False),
    Column("micros_returned", BigInteger, nullable=False),
)

statement: Final = Table(
    "statement",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("statement_id", Uuid, primary_key=True),
    Column("window_number", Integer, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("first_window", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("points_issued", BigInteger, nullable=False),
    Column("points_reversed", BigInteger, nullable=False),
    Column("points_burned", BigInteger, nullable=False),
    Column("points_returned", BigInteger, nullable=False),
    Column("exact_micros", BigInteger, nullable=False),
    Column("carry_in_micros", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("carry_out_micros", BigInteger, nullable=False),
    Column("opening_minor", BigInteger, nullable=False),
    Column("issued_at", _TIME, nullable=False),
    Column("objection_until", _TIME, nullable=False),
)

statement_acceptance: Final = Table(
    "statement_acceptance",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("statement_id", Uuid, primary_key=True),
    Column("accepted_at", _TIME, nullable=False),
    Column("accepted_by", Text, nullable=False),
)

billing_version: Final = Table(
    "billing_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("from_window", Integer, nullable=False),
    Column("cycle", Text, nullable=False),
    Column("cycle_fee_minor", BigInteger, nullable=False),
    Column("objection_days", SmallInteger, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
)

credit_standing: Final = Table(
    "credit_standing",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("as_of_seq", BigInteger, nullable=False),
    Column("as_of_window", Integer, nullable=False),
    Column("owed_micros", _SUM, nullable=False),
    Column("potential_micros", _SUM, nullable=False),
    Column("reimbursed_micros", _SUM, nullable=False),
    Column("is_warned", Boolean, nullable=False),
    Column("floor", BigInteger),
    Column("floor_seq", BigInteger, nullable=False),
    Column("as_of_rerate", Integer, nullable=False),
    Column("floor_parks", Boolean, nullable=False),
)

booking: Final = Table(
    "booking",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("window_number", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("point_type", Text),
    Column("points", BigInteger, nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("redemption_micros", BigInteger, nullable=False),
    Column("rerate_number", Integer),
    Column("of_seq", BigInteger),
    Column("of_line", Integer),
    Column("entity", SmallInteger, nullable=False),
    Column("dispute_id", Uuid),
    Column("dispute_event", SmallInteger),
)

statement_line: Final = Table(
    "statement_line",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("statement_id", Uuid, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("point_type", Text),
    Column("entity", SmallInteger, nullable=False),
)
