"""Partners' roles in the database."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.partner_roles import PartnerRole, RoleTerms, RoleVersion
from services.partners.storage.connection import Reads
from services.partners.storage.errors import constraints_explained
from services.partners.storage.tables import partner_role_version
from services.runtime.clock import from_micros, to_micros

VERSIONS_MAX: Final = 10_000


async def add(connection: AsyncConnection, ledger_id: int, added: RoleVersion, by: str) -> None:
    """Writes a version. Raises NotFound with PARTNER_UNKNOWN."""
    terms = added.terms
    with constraints_explained():
        await connection.execute(
            insert(partner_role_version).values(
                ledger_id=ledger_id,
                partner_id=terms.partner_id,
                version=added.version,
                roles=[role.value for role in terms.roles],
                valid_from=from_micros(terms.valid_from_us),
                set_by=by,
                draft_id=added.draft_id,
            )
        )


async def of_partner(connection: Reads, ledger_id: int, partner_id: UUID) -> list[RoleVersion]:
    """All versions of a partner, oldest first."""
    of = partner_role_version.c
    found = await connection.execute(
        select(partner_role_version)
        .where(of.ledger_id == ledger_id, of.partner_id == partner_id)
        .order_by(of.version)
        .limit(VERSIONS_MAX)
    )
    return [
        RoleVersion(
            RoleTerms(
                row.partner_id, tuple(PartnerRole(role) for role in row.roles), to_micros(row.valid_from)
            ),
            row.version,
            row.draft_id,
        )
        for row in found
    ]
