"""What sources asked for, in windows in which they met unknown identifiers; and who went too far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.events import EnumerationSuspected
from services.members.domain.guarding import Source, Tally
from services.members.storage import tables
from services.runtime.clock import from_micros, to_micros
from services.runtime.database import ReadConnection


async def add_counts(
    connection: AsyncConnection, ledger_id: int, window_start_us: int, tallies: Mapping[Source, Tally]
) -> dict[Source, Tally]:
    """Adds to what sources have asked for in a window; answers all of it, with what other processes have counted."""
    table = tables.lookup_count
    totals: dict[Source, Tally] = {}
    # Always in the same order, so that no two processes wait for each other.
    for source in sorted(tallies, key=lambda each: (each.partner_id, each.api_key, each.store, each.till)):
        given = tallies[source]
        added = insert(table).values(
            **_place(ledger_id, window_start_us, source),
            unknown=given.unknown,
            enrolled=given.enrolled,
            known=given.known,
        )
        stored = await connection.execute(
            added.on_conflict_do_update(
                constraint="lookup_count_pk",
                set_={
                    name: table.c[name] + added.excluded[name] for name in ("unknown", "enrolled", "known")
                },
            ).returning(table.c.unknown, table.c.enrolled, table.c.known)
        )
        row = stored.one()
        totals[source] = Tally(row.unknown, row.enrolled, row.known)
    return totals


async def add_suspicion(connection: AsyncConnection, ledger_id: int, noted: EnumerationSuspected) -> bool:
    """Notes that a source went over its limit; False where that was noted in this window already."""
    stored = await connection.execute(
        insert(tables.lookup_suspicion)
        .values(
            **_place(ledger_id, noted.window_start_us, noted.source),
            window_seconds=noted.window_seconds,
            unknown=noted.tally.unknown,
            enrolled=noted.tally.enrolled,
            known=noted.tally.known,
            suspected_at=from_micros(noted.suspected_at_us),
        )
        .on_conflict_do_nothing(constraint="lookup_suspicion_pk")
        .returning(tables.lookup_suspicion.c.window_start)
    )
    return stored.first() is not None


async def forget_counts(connection: AsyncConnection, before_us: int) -> None:
    """Deletes the counts of windows that began before a moment; what was suspected stays."""
    table = tables.lookup_count
    await connection.execute(delete(table).where(table.c.window_start < from_micros(before_us)))


async def suspicions(connection: ReadConnection, ledger_id: int, limit: int) -> list[EnumerationSuspected]:
    """Who went over a limit, newest first."""
    table = tables.lookup_suspicion
    found = await connection.execute(
        select(table).where(table.c.ledger_id == ledger_id).order_by(table.c.suspected_at.desc()).limit(limit)
    )
    return [
        EnumerationSuspected(
            Source(row.partner_id, row.api_key, row.store, row.till),
            Tally(row.unknown, row.enrolled, row.known),
            to_micros(row.window_start),
            row.window_seconds,
            to_micros(row.suspected_at),
        )
        for row in found.all()
    ]


def _place(ledger_id: int, window_start_us: int, source: Source) -> dict[str, Any]:
    partner_id: UUID = source.partner_id
    return {
        "ledger_id": ledger_id,
        "partner_id": partner_id,
        "window_start": from_micros(window_start_us),
        "api_key": source.api_key,
        "store": source.store,
        "till": source.till,
    }
