"""The tables of a service that subscribes, beside its inbox.

Their SQL is subscriptions.sql beside this; the first migration of a service that has them makes them by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)


@dataclass(frozen=True, slots=True)
class SubscriptionTables:
    """Pauses, replays and dead letters of all subscribers of a service."""

    pause: Table
    replay: Table
    letter: Table


def subscription_tables(metadata: MetaData) -> SubscriptionTables:
    """Defines them."""
    pause = Table(
        "subscription_pause",
        metadata,
        Column("subscriber", Text, nullable=False),
        Column("paused_at", TIMESTAMP(timezone=True), nullable=False),
        Column("paused_by", Text, nullable=False),
        Column("note", Text, nullable=False),
        PrimaryKeyConstraint("subscriber", name="subscription_pause_pk"),
    )
    replay = Table(
        "subscription_replay",
        metadata,
        Column("subscriber", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("programme", Text, nullable=False),
        Column("until_pos", BigInteger, nullable=False),
        Column("rebuild", Boolean, nullable=False),
        Column("asked_at", TIMESTAMP(timezone=True), nullable=False),
        Column("asked_by", Text, nullable=False),
        PrimaryKeyConstraint("subscriber", "source", "programme", name="subscription_replay_pk"),
    )
    letter = Table(
        "dead_letter",
        metadata,
        Column("subscriber", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("programme", Text, nullable=False),
        Column("pos", BigInteger, nullable=False),
        Column("key", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("error", Text, nullable=False),
        Column("next_try_at", TIMESTAMP(timezone=True)),
        Column("parked_at", TIMESTAMP(timezone=True), nullable=False),
        Column("replayed", Boolean, nullable=False),
        Column("record", LargeBinary, nullable=False),
        PrimaryKeyConstraint("subscriber", "source", "programme", "pos", name="dead_letter_pk"),
    )
    return SubscriptionTables(pause, replay, letter)
