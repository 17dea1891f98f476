"""Reads of a partner's companies, and which store is whose."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.legal_entities import LegalEntity, StoreVersion
from services.partners.domain.permissions import partner_addressed
from services.partners.storage import legal_entities
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class Companies:
    """A partner's companies by number, and the newest version of each store that was ever assigned, by code."""

    entities: list[LegalEntity]
    stores: dict[str, StoreVersion]


class LegalEntities:
    """Staff and services see those of all partners, a partner its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_partner(self, who: Principal, partner_id: UUID | None) -> Companies:
        """A partner's companies; a partner's own where nobody is named. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = await legal_entities.of_partner(connection, ledger_id, wanted)
            if not found:
                raise partner_unknown()
            stores = await legal_entities.newest_of(connection, ledger_id, wanted)
        assigned = {code: version for code, (_, version) in stores.items() if version}
        return Companies(found, assigned)
