"""Reads of partners, stores, keys and rate cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.billing import BillingVersion
from services.partners.domain.credentials import ApiKey
from services.partners.domain.partner import Partner, Store
from services.partners.domain.partner_roles import PartnerRole, RoleVersion, roles_at
from services.partners.domain.permissions import partner_addressed
from services.partners.domain.rates import RateVersion
from services.partners.domain.standing.terms import StandingNow, standing_now
from services.partners.storage import billing, credentials, partner_roles, partners, rates, standings
from services.partners.storage.errors import partner_unknown
from services.partners.storage.programme_time import programme_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

STORES_A_PAGE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class StoresPage:
    """Stores by code, and whether there are more."""

    stores: list[Store]
    has_more: bool


@dataclass(frozen=True, slots=True)
class PartnerView:
    """A partner with all its stores by code, what it may do now by its contract, and where it stands."""

    partner: Partner
    stores: list[Store]
    roles: tuple[PartnerRole, ...]
    standing: StandingNow


class PartnerQueries:
    """What staff and services see of all partners, and a partner of itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self, who: Principal) -> list[Partner]:
        """The programme's partners by slug."""
        who.require_internal()
        async with self._database.reader.snapshot() as connection:
            return await partners.of_programme(connection, who.in_programme().ledger_id)

    async def get(self, who: Principal, partner_id: UUID | None, slug: str) -> PartnerView:
        """A partner by id, or by slug where there is no id, with all its stores and its roles; a partner its own only.

        Raises NotFound with PARTNER_UNKNOWN.
        """
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            if partner_id is None and slug:
                named = await partners.by_slug(connection, ledger_id, slug)
                partner_id = named.partner_id if named else None
                if named is None:
                    raise partner_unknown()
            wanted = partner_addressed(who, partner_id)
            found = await partners.by_id(connection, ledger_id, wanted)
            if found is None:
                raise partner_unknown()
            stores = await partners.stores_of(connection, ledger_id, wanted)
            versions = await partner_roles.of_partner(connection, ledger_id, wanted)
            stands = await standings.of_partner(connection, ledger_id, wanted)
            now_us = await programme_now_us(connection, ledger_id)
        return PartnerView(found, stores, roles_at(versions, now_us), standing_now(stands, now_us))

    async def stores(
        self, who: Principal, partner_id: UUID | None, after_code: str, limit: int
    ) -> StoresPage:
        """A page of a partner's stores by code; `limit` 1 to 1,000, 0: 1,000."""
        if not 0 <= limit <= STORES_A_PAGE_MAX:
            raise InvalidRequest(f"a page holds 1 to {STORES_A_PAGE_MAX:,} stores", field="limit")
        wanted = partner_addressed(who, partner_id)
        take = limit or STORES_A_PAGE_MAX
        async with self._database.reader.snapshot() as connection:
            found = await partners.stores_of(
                connection, who.in_programme().ledger_id, wanted, after_code, take + 1
            )
        return StoresPage(found[:take], len(found) > take)

    async def api_keys(self, who: Principal, partner_id: UUID | None) -> list[ApiKey]:
        """A partner's API keys, newest first."""
        who.require_internal()
        wanted = partner_addressed(who, partner_id)
        async with self._database.reader.snapshot() as connection:
            return await credentials.keys_of(connection, who.in_programme().ledger_id, wanted)

    async def rates(self, who: Principal, partner_id: UUID | None) -> list[RateVersion]:
        """All versions of a partner's rate card, oldest first; a partner's own where nobody is named."""
        wanted = partner_addressed(who, partner_id)
        async with self._database.reader.snapshot() as connection:
            return await rates.of_partner(connection, who.in_programme().ledger_id, wanted)

    async def roles(self, who: Principal, partner_id: UUID | None) -> list[RoleVersion]:
        """All versions of what a partner may do, oldest first; a partner's own where nobody is named."""
        wanted = partner_addressed(who, partner_id)
        async with self._database.reader.snapshot() as connection:
            return await partner_roles.of_partner(connection, who.in_programme().ledger_id, wanted)

    async def billing(self, who: Principal, partner_id: UUID | None) -> list[BillingVersion]:
        """All versions of a partner's billing, oldest first; a partner's own where nobody is named."""
        wanted = partner_addressed(who, partner_id)
        async with self._database.reader.snapshot() as connection:
            return await billing.of_partner(connection, who.in_programme().ledger_id, wanted)
