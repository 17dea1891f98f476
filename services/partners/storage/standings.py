"""Where partners stand, in the database."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import TIMESTAMP, Column, Integer, SmallInteger, Table, Text, Uuid, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.standing.terms import StandingTerms, StandingVersion
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import metadata
from services.runtime.clock import from_micros, to_micros
from services.runtime.partner_standing import PartnerStanding, StandingKind

VERSIONS_MAX: Final = 10_000
_TIME: Final = TIMESTAMP(timezone=True)

partner_standing_version: Final = Table(
    "partner_standing_version",
    metadata,
    Column("ledger_id", SmallInteger, primary_key=True),
    Column("partner_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("standing", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("valid_from", _TIME, nullable=False),
    Column("run_off_until", _TIME),
    Column("returns_until", _TIME),
    Column("buy_out_bp", SmallInteger),
    Column("set_by", Text, nullable=False),
    Column("draft_id", Uuid),
    Column("payment_id", Uuid),
)


async def add(connection: AsyncConnection, ledger_id: int, added: StandingVersion, by: str) -> None:
    """Writes a version. Raises NotFound with PARTNER_UNKNOWN."""
    terms, at = added.terms, added.terms.standing
    leaves = at.kind is StandingKind.EXITING
    with constraints_explained():
        await connection.execute(
            insert(partner_standing_version).values(
                ledger_id=ledger_id,
                partner_id=terms.partner_id,
                version=added.version,
                standing=at.kind.value,
                reason=terms.reason,
                valid_from=from_micros(at.valid_from_us),
                run_off_until=from_micros(at.run_off_until_us) if leaves else None,
                returns_until=from_micros(at.returns_until_us) if leaves else None,
                buy_out_bp=terms.buy_out_bp,
                set_by=by,
                draft_id=added.draft_id,
                payment_id=added.payment_id,
            )
        )


async def suspended_for(connection: Reads, ledger_id: int) -> frozenset[UUID]:
    """The payments for which partners were suspended by their contracts: for each once."""
    of = partner_standing_version.c
    found = await connection.execute(
        select(of.payment_id).where(of.ledger_id == ledger_id, of.payment_id.is_not(None))
    )
    return frozenset(found.scalars())


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[StandingVersion]:
    """All versions of a partner, oldest first."""
    of = partner_standing_version.c
    found = await connection.execute(
        select(partner_standing_version)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.version)
        .limit(VERSIONS_MAX)
    )
    versions: list[StandingVersion] = []
    for row in found:
        ends = (to_micros(time) if time else 0 for time in (row.run_off_until, row.returns_until))
        standing = PartnerStanding(StandingKind(row.standing), to_micros(row.valid_from), *ends)
        versions.append(
            StandingVersion(
                StandingTerms(row.partner_id, standing, row.reason, row.buy_out_bp),
                row.version,
                row.draft_id,
                row.payment_id,
            )
        )
    return versions
