"""Reminders of what is not paid, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.storage.connection import Reads
from services.partners.storage.settlement.tables import payment_reminder


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of a payment: which one from 1, and what was not paid then, in minor units."""

    payment_id: UUID
    number: int
    left_minor: int
    on: date


async def sent(connection: Reads, ledger_id: int, payment_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How often it was reminded of each of these payments; of some never."""
    of = payment_reminder.c
    found = await connection.execute(
        select(of.payment_id, func.max(of.reminder).label("last"))
        .where(of.ledger_id == ledger_id, of.payment_id.in_(payment_ids))
        .group_by(of.payment_id)
    )
    return {row.payment_id: row.last for row in found}


async def add(connection: AsyncConnection, ledger_id: int, reminders: Sequence[Reminder]) -> None:
    """Writes reminders; the caller holds the lock of settlement."""
    if reminders:
        await connection.execute(
            insert(payment_reminder),
            [
                {
                    "ledger_id": ledger_id,
                    "payment_id": each.payment_id,
                    "reminder": each.number,
                    "left_minor": each.left_minor,
                    "on_date": each.on,
                }
                for each in reminders
            ],
        )
