"""Reads of credit limits."""

from __future__ import annotations

from uuid import UUID

from services.partners.domain.credit_limits import CreditLimitVersion
from services.partners.domain.permissions import partner_addressed
from services.partners.storage import credit_limits, partners
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.principal import Principal


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
