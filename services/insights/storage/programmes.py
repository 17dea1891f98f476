"""Programmes and the names of partners."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.insights.domain.facts import Programme
from services.runtime.database import ReadConnection

_BY_SLUG: Final = text("SELECT ledger_id, slug, zone, currency FROM programme WHERE slug = :slug")
_ADD: Final = text(
    "INSERT INTO programme (ledger_id, slug, zone, currency) VALUES (:ledger_id, :slug, :zone, :currency) "
    "ON CONFLICT DO NOTHING"
)
_FORGET: Final = text("DELETE FROM programme WHERE slug = :slug")
_SLUGS: Final = text("SELECT partner_id, slug FROM partner WHERE ledger_id = :ledger_id")


async def by_slug(connection: AsyncConnection, slug: str) -> Programme | None:
    """A programme; None before an event has told of it."""
    row = (await connection.execute(_BY_SLUG, {"slug": slug})).first()
    return Programme(row.ledger_id, row.slug, row.zone, row.currency) if row is not None else None


async def add(connection: AsyncConnection, programme: Programme) -> None:
    """Writes a programme where it is not there."""
    row = {
        "ledger_id": programme.ledger_id,
        "slug": programme.slug,
        "zone": programme.zone,
        "currency": programme.currency,
    }
    await connection.execute(_ADD, row)


async def forget(connection: AsyncConnection, slug: str) -> None:
    """Deletes it."""
    await connection.execute(_FORGET, {"slug": slug})


async def slugs(connection: ReadConnection, ledger_id: int) -> dict[UUID, str]:
    """The short names of a programme's partners."""
    found = await connection.execute(_SLUGS, {"ledger_id": ledger_id})
    return {row.partner_id: row.slug for row in found}
