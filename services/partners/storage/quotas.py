"""Quotas of partners, in the database."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import TIMESTAMP, Column, Integer, SmallInteger, Table, Text, Uuid, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.quotas import USUAL, Quotas, QuotaVersion
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import metadata
from services.runtime.clock import from_micros, to_micros

VERSIONS_MAX: Final = 10_000

quota_version: Final = Table(
    "quota_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("interactive_per_second", Integer, nullable=False),
    Column("bulk_per_second", Integer, nullable=False),
    Column("set_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("set_by", Text, nullable=False),
)


async def add(connection: AsyncConnection, ledger_id: int, partner_id: UUID, added: QuotaVersion) -> None:
    """Writes a version. Raises NotFound with PARTNER_UNKNOWN."""
    with constraints_explained():
        await connection.execute(
            insert(quota_version).values(
                ledger_id=ledger_id,
                partner_id=partner_id,
                version=added.version,
                interactive_per_second=added.quotas.interactive_per_second,
                bulk_per_second=added.quotas.bulk_per_second,
                set_at=from_micros(added.set_at_us),
                set_by=added.set_by,
            )
        )


async def of_partner(
    connection: Reads, ledger_id: int, partner_id: UUID, limit: int = VERSIONS_MAX
) -> list[QuotaVersion]:
    """The versions of a partner, newest first."""
    of = quota_version.c
    found = await connection.execute(
        select(quota_version)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.version.desc())
        .limit(limit)
    )
    return [
        QuotaVersion(
            row.version,
            Quotas(row.interactive_per_second, row.bulk_per_second),
            to_micros(row.set_at),
            row.set_by,
        )
        for row in found
    ]


async def in_force(connection: Reads, ledger_id: int, partner_id: UUID) -> Quotas:
    """What counts now."""
    newest = await of_partner(connection, ledger_id, partner_id, 1)
    return newest[0].quotas if newest else USUAL
