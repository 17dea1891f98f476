"""Whose secret this is: for the gateway and the host's command line."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.api_versions import ApiVersionPin
from services.partners.domain.credentials import DIGEST_BYTES, ApiKey, Staff
from services.partners.domain.partner import Partner
from services.partners.domain.partner_roles import PartnerRole, roles_at
from services.partners.domain.permissions import HOST, partner_addressed, require_service
from services.partners.domain.quotas import Quotas, QuotaVersion
from services.partners.domain.staff import StaffToken
from services.partners.domain.standing.terms import StandingNow, standing_now
from services.partners.storage import (
    api_versions,
    credentials,
    legal_entities,
    partner_roles,
    programmes,
    quotas,
    staff,
    standings,
)
from services.partners.storage.errors import partner_unknown
from services.partners.storage.programme_time import programme_now_us
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import Fault, InvalidRequest, Unauthenticated
from services.runtime.principal import Principal, Programme


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """A live API key, whose it is and where, what that partner may do now by its contract, where it stands, what its keys may ask.

    `api_version`: what the partner is pinned to; empty: nothing.
    """

    key: ApiKey
    partner: Partner
    programme: Programme
    roles: tuple[PartnerRole, ...]
    standing: StandingNow
    quotas: Quotas
    api_version: str


class Credentials:
    """Looks up keys, tokens and people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_api_key(self, who: Principal, digest: bytes) -> KeyOwner:
        """Whose API key has this SHA-256. The gateway only. Raises Unauthenticated for none, one that is revoked or whose time is over."""
        require_service(who, "gateway")
        async with self._database.reader.snapshot() as connection:
            found = await credentials.holder_of(connection, _checked(digest), wall_now_us())
            if found is None:
                raise Unauthenticated
            registered = await programmes.by_ledger_id(connection, found.ledger_id)
            versions = await partner_roles.of_partner(connection, found.ledger_id, found.partner.partner_id)
            stands = await standings.of_partner(connection, found.ledger_id, found.partner.partner_id)
            asks = await quotas.in_force(connection, found.ledger_id, found.partner.partner_id)
            version = await api_versions.in_force(connection, found.ledger_id, found.partner.partner_id)
            now_us = await programme_now_us(connection, found.ledger_id)
        if registered is None:
            raise Fault(f"ledger {found.ledger_id} has keys and no programme")
        return KeyOwner(
            found.key,
            found.partner,
            registered.programme,
            roles_at(versions, now_us),
            standing_now(stands, now_us),
            asks,
            version,
        )

    async def quotas_of(self, who: Principal, partner_id: UUID | None) -> list[QuotaVersion]:
        """What was set for a partner's keys, newest first; a partner's own where nobody is named. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = await quotas.of_partner(connection, ledger_id, wanted)
            if not found and not await legal_entities.of_partner(connection, ledger_id, wanted):
                raise partner_unknown()
            return found

    async def api_versions_of(self, who: Principal, partner_id: UUID | None) -> list[ApiVersionPin]:
        """What a partner was pinned to, newest first; a partner's own where nobody is named. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            found = await api_versions.of_partner(connection, ledger_id, wanted)
            if not found and not await legal_entities.of_partner(connection, ledger_id, wanted):
                raise partner_unknown()
            return found

    async def of_staff(self, who: Principal, digest: bytes) -> tuple[Staff, StaffToken]:
        """Whose token has this SHA-256. The host's command line only.

        Raises Unauthenticated for none, or one that is revoked or over.
        """
        require_service(who, HOST)
        async with self._database.reader.snapshot() as connection:
            found = await staff.holder_of(connection, _checked(digest))
        if found is None or not found.token.live(wall_now_us()):
            raise Unauthenticated
        return found.person, found.token

    async def all_staff(self, who: Principal) -> list[Staff]:
        """All staff by name, for staff and services."""
        who.require_internal()
        async with self._database.reader.snapshot() as connection:
            return await staff.everyone(connection)


def _checked(digest: bytes) -> bytes:
    if len(digest) != DIGEST_BYTES:
        raise InvalidRequest(f"a SHA-256 has {DIGEST_BYTES} bytes", field="sha256")
    return digest
