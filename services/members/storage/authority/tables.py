"""The tables of tokens, PINs and codes, as the queries see them. migrations/ makes them, with their checks, grants and triggers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.members.storage.tables import metadata

app_token_use: Final = Table(
    "app_token_use",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("used_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("ledger_id", "nonce", name="app_token_use_pk"),
)

app_token_replay: Final = Table(
    "app_token_replay",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("replayed_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("ledger_id", "nonce", name="app_token_replay_pk"),
)

member_pin: Final = Table(
    "member_pin",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("sealed_value", LargeBinary, nullable=False),
    Column("set_at", TIMESTAMP(timezone=True), nullable=False),
    Column("set_by", Uuid),
    Column("actor", Text, nullable=False),
    PrimaryKeyConstraint("ledger_id", "member_id", "number", name="member_pin_pk"),
)

member_pin_guard: Final = Table(
    "member_pin_guard",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("locks", SmallInteger, nullable=False),
    Column("locked_until", TIMESTAMP(timezone=True)),
    PrimaryKeyConstraint("ledger_id", "member_id", name="member_pin_guard_pk"),
)

partner_pin_guard: Final = Table(
    "partner_pin_guard",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("wrong", SmallInteger, nullable=False),
    Column("locks", SmallInteger, nullable=False),
    Column("locked_until", TIMESTAMP(timezone=True)),
    Column("recent", SmallInteger, nullable=False),
    Column("recent_since", TIMESTAMP(timezone=True)),
    PrimaryKeyConstraint("ledger_id", "member_id", "partner_id", name="partner_pin_guard_pk"),
)

pin_pass: Final = Table(
    "pin_pass",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("pin_number", SmallInteger, nullable=False),
    Column("misses", SmallInteger, nullable=False),
    Column("passed_at", TIMESTAMP(timezone=True), nullable=False),
    PrimaryKeyConstraint("ledger_id", "partner_id", "key_hash", "member_id", name="pin_pass_pk"),
)

one_time_code: Final = Table(
    "one_time_code",
    metadata,
    Column("ledger_id", SmallInteger, nullable=False),
    Column("code_id", Uuid, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("partner_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sent_at", TIMESTAMP(timezone=True), nullable=False),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    Column("wrong", SmallInteger, nullable=False),
    Column("used_key", LargeBinary),
    PrimaryKeyConstraint("ledger_id", "code_id", name="one_time_code_pk"),
    UniqueConstraint("ledger_id", "member_id", "partner_id", "used_key", name="one_time_code_use_uq"),
    UniqueConstraint("ledger_id", "member_id", "partner_id", "number", name="one_time_code_number_uq"),
)
