"""Reads of tax data."""

from __future__ import annotations

from uuid import UUID

from services.partners.domain.documents.tax import OperatorVersion, TaxVersion
from services.partners.domain.permissions import partner_addressed
from services.partners.storage import legal_entities, tax
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.principal import Principal


class TaxQueries:
    """Staff and services see the data of all partners, a partner its own; the operator's is on every document."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_partner(self, who: Principal, partner_id: UUID | None) -> list[TaxVersion]:
        """All versions of a partner's companies, by company, oldest first. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            if not await legal_entities.of_partner(connection, ledger_id, wanted):
                raise partner_unknown()
            return await tax.of_partner(connection, ledger_id, wanted)

    async def of_operator(self, who: Principal) -> list[OperatorVersion]:
        """All versions of the operator's data, oldest first."""
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            return await tax.of_operator(connection, ledger_id)
