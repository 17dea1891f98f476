"""Which versions of the public API partners are pinned to, in the database."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.api_versions import ApiVersionPin
from services.partners.storage.access_tables import api_version_pin
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.runtime.clock import from_micros, to_micros

PINS_MAX: Final = 1_000


async def add(connection: AsyncConnection, ledger_id: int, partner_id: UUID, added: ApiVersionPin) -> None:
    """Writes a pin. Raises NotFound with PARTNER_UNKNOWN."""
    with constraints_explained():
        await connection.execute(
            insert(api_version_pin).values(
                ledger_id=ledger_id,
                partner_id=partner_id,
                number=added.number,
                api_version=added.api_version,
                set_at=from_micros(added.set_at_us),
                set_by=added.set_by,
            )
        )


async def of_partner(
    connection: Reads, ledger_id: int, partner_id: UUID, limit: int = PINS_MAX
) -> list[ApiVersionPin]:
    """The pins of a partner, newest first."""
    of = api_version_pin.c
    found = await connection.execute(
        select(api_version_pin)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.number.desc())
        .limit(limit)
    )
    return [ApiVersionPin(row.number, row.api_version, to_micros(row.set_at), row.set_by) for row in found]


async def in_force(connection: Reads, ledger_id: int, partner_id: UUID) -> str:
    """The version that counts now; empty where there is none."""
    newest = await of_partner(connection, ledger_id, partner_id, 1)
    return newest[0].api_version if newest else ""
