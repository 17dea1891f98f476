"""Who was told how a member is written to, or that it is not: rows are added, and never change."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.preferences.writing import ContactPurpose, Reading, WhyNot
from services.members.storage.preferences.tables import contact_reading
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection


async def add_reading(connection: AsyncConnection, ledger_id: int, reading: Reading) -> None:
    """Stores a reading."""
    await connection.execute(
        insert(contact_reading),
        {
            "ledger_id": ledger_id,
            "reading_id": reading.reading_id,
            "member_id": reading.member_id,
            "purpose": reading.purpose.value,
            "reason": reading.reason,
            "read_at": from_micros(reading.read_at_us),
            "why_not": reading.why_not.value if reading.why_not else None,
            "actor": reading.actor,
        },
    )


async def list_readings(
    connection: ReadConnection, ledger_id: int, member_id: UUID | None, before: UUID | None, limit: int
) -> list[Reading]:
    """Readings before one (None: all) of a member (None: of all), newest first."""
    table = contact_reading
    query = (
        select(table).where(table.c.ledger_id == ledger_id).order_by(table.c.reading_id.desc()).limit(limit)
    )
    if member_id is not None:
        query = query.where(table.c.member_id == member_id)
    if before is not None:
        query = query.where(table.c.reading_id < before)
    return [
        Reading(
            row.reading_id,
            row.member_id,
            ContactPurpose(row.purpose),
            row.reason,
            to_micros(row.read_at),
            WhyNot(row.why_not) if row.why_not else None,
            row.actor,
        )
        for row in (await connection.execute(query)).all()
    ]
