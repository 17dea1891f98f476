"""Set which roles a partner has from a time on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term
from services.partners.domain.partner_roles import (
    ROLES_KIND,
    RoleTerms,
    RoleVersion,
    parse_roles,
    roles_document,
)
from services.partners.storage import partner_roles, rating
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Programme


async def _add(
    connection: AsyncConnection, programme: Programme, wanted: RoleTerms, by: str, draft_id: UUID | None
) -> tuple[RoleVersion, Sequence[Change]]:
    # Versions are numbered one after the other: two calls take turns, as all that changes contracts does.
    await rating.locked_head(connection, programme.ledger_id)
    before = await partner_roles.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == partner_roles.VERSIONS_MAX:
        raise InvalidRequest(
            f"a partner has at most {partner_roles.VERSIONS_MAX:,} versions of roles", field="roles"
        )
    made = RoleVersion(wanted, len(before) + 1, draft_id)
    await partner_roles.add(connection, programme.ledger_id, made, by)
    old = roles_document(before[-1].terms) if before else None
    change = Change("partner_roles.set", to_text("ptr", wanted.partner_id), old, roles_document(wanted))
    return made, [change]


PARTNER_ROLES: Final = Term(ROLES_KIND, "coalition partner roles propose", roles_document, parse_roles, _add)
