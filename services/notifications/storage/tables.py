"""The tables of this service, as the migrations make them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.inbox import inbox_table
from services.runtime.subscribing.tables import subscription_tables

metadata: Final = MetaData()
_TIME: Final = TIMESTAMP(timezone=True)

inbox: Final = inbox_table(metadata)
subscriptions: Final = subscription_tables(metadata)

notice: Final = Table(
    "notice",
    metadata,
    Column("notice_id", Uuid, primary_key=True),
    Column("programme", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("pos", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("recorded_at", _TIME, nullable=False),
    Column("stale_at", _TIME, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("channel", Text),
    Column("attempts", SmallInteger, nullable=False),
    Column("steps", SmallInteger, nullable=False),
    Column("due_at", _TIME, nullable=False),
    Column("leased_until", _TIME),
    Column("made_at", _TIME, nullable=False),
    Column("ended_at", _TIME),
)

delivery: Final = Table(
    "delivery",
    metadata,
    Column("notice_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("programme", Text, nullable=False),
    Column("member_id", Uuid, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("channel", Text),
    Column("reason", Text, nullable=False),
)

template_version: Final = Table(
    "template_version",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("body", Text),
    Column("set_by", Text, nullable=False),
    Column("set_at", _TIME, nullable=False),
)

kind_switch: Final = Table(
    "kind_switch",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("is_on", Boolean, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", _TIME, nullable=False),
)

subscriber_start: Final = Table(
    "subscriber_start",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("began_at", _TIME, nullable=False),
)

programme_clock: Final = Table(
    "programme_clock",
    metadata,
    Column("programme", Text, primary_key=True),
    Column("offset_us", BigInteger, nullable=False),
)
