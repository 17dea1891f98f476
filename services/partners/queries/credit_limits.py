"""Reads of credit limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from services.partners.domain.credit_limits import CreditLimit, CreditLimitVersion
from services.partners.domain.gate import Exposure
from services.partners.domain.permissions import partner_addressed
from services.partners.storage import credit_limits, exposure, partners
from services.partners.storage.errors import partner_unknown
from services.partners.storage.exposure import Standing
from services.partners.storage.settlement.paid import paid
from services.runtime.database import Database
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class CreditPosition:
    """A partner's limit in force, and where it stands."""

    slug: str
    limit: CreditLimit
    standing: Standing


class CreditLimits:
    """What staff and services see of all partners, and a partner of itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_partner(self, who: Principal, partner_id: UUID | None) -> list[CreditLimitVersion]:
        """All versions, oldest first; the last one counts. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            if await partners.by_id(connection, ledger_id, wanted) is None:
                raise partner_unknown()
            return await credit_limits.of_partner(connection, ledger_id, wanted)

    async def standings(self, who: Principal) -> list[CreditPosition]:
        """Where all partners with a credit limit stand, by slug; counted every second or so."""
        who.require_internal()
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            slugs = {
                each.partner_id: each.slug for each in await partners.of_programme(connection, ledger_id)
            }
            limits = await exposure.limits(connection, ledger_id)
            found = await exposure.standings(connection, ledger_id)
            has_paid = await paid(connection, ledger_id)
        positions = [
            CreditPosition(
                slugs[limit.partner_id],
                limit,
                _with_paid(found.get(limit.partner_id, Standing(limit.partner_id)), has_paid),
            )
            for limit in limits
        ]
        return sorted(positions, key=lambda each: each.slug)


def _with_paid(standing: Standing, has_paid: Mapping[UUID, Exposure]) -> Standing:
    """What is counted, and what was paid of it and ahead by now."""
    exposed = standing.exposure.plus(has_paid.get(standing.partner_id, Exposure()))
    return replace(standing, exposure=exposed)
