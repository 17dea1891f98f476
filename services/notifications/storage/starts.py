"""Since when subscribers are there, and how far programmes' clocks are from the one on the wall."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.storage.tables import programme_clock, subscriber_start
from services.runtime.clock import from_micros, to_micros


async def began_at_us(connection: AsyncConnection, subscriber: str, now_us: int) -> int:
    """When a subscriber began, wall-clock; now, where it has never been there."""
    row = {"subscriber": subscriber, "began_at": from_micros(now_us)}
    await connection.execute(insert(subscriber_start).values(row).on_conflict_do_nothing())
    c = subscriber_start.c
    found = await connection.execute(select(c.began_at).where(c.subscriber == subscriber))
    return to_micros(found.scalar_one())


async def clock_offset_us(connection: AsyncConnection, programme: str) -> int:
    """Programme time less wall-clock time as it was told last; 0 where it never was."""
    c = programme_clock.c
    found = await connection.execute(select(c.offset_us).where(c.programme == programme))
    return found.scalar() or 0


async def set_clock_offset(connection: AsyncConnection, programme: str, offset_us: int) -> None:
    """Keeps it."""
    made = insert(programme_clock).values(programme=programme, offset_us=offset_us)
    await connection.execute(
        made.on_conflict_do_update(
            constraint="programme_clock_pk", set_={"offset_us": made.excluded.offset_us}
        )
    )


async def forget_clock(connection: AsyncConnection, programme: str) -> None:
    """Forgets it: events from the first one on tell it again."""
    await connection.execute(delete(programme_clock).where(programme_clock.c.programme == programme))
