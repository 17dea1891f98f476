"""Card ranges."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Result, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.card_ranges import RANGES_MAX, CardRange
from services.members.storage import tables
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection


async def add_range(connection: AsyncConnection, ledger_id: int, new: CardRange) -> bool:
    """Stores what is set of a range; False where something is set for that moment already."""
    stored = await connection.execute(
        insert(tables.card_range)
        .values(
            ledger_id=ledger_id,
            prefix=new.prefix,
            digits=new.digits,
            valid_from=from_micros(new.valid_from_us),
            partner_id=new.partner_id,
            set_by=new.set_by,
            set_at=from_micros(new.set_at_us),
        )
        .on_conflict_do_nothing(constraint="card_range_pk")
        .returning(tables.card_range.c.prefix)
    )
    return stored.first() is not None


async def ranges_of(connection: AsyncConnection | ReadConnection, ledger_id: int) -> list[CardRange]:
    """All that was set of a programme's ranges, up to 1,000, by prefix, digits and moment."""
    table = tables.card_range
    found: Result[Any] = await connection.execute(
        select(table)
        .where(table.c.ledger_id == ledger_id)
        .order_by(table.c.prefix, table.c.digits, table.c.valid_from)
        .limit(RANGES_MAX)
    )
    return [
        CardRange(
            row.prefix,
            row.digits,
            row.partner_id,
            to_micros(row.valid_from),
            row.set_by,
            to_micros(row.set_at),
        )
        for row in found.all()
    ]
