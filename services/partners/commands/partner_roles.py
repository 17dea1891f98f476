"""Set which roles a partner has from a time on: by one person in a test programme, by two anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.draft_kinds import Approval, DraftKind
from services.partners.commands.drafts import Drafts
from services.partners.commands.two_people import refuse_alone
from services.partners.domain.drafts import Draft, body_of
from services.partners.domain.partner_roles import (
    ROLES_KIND,
    RoleTerms,
    RoleVersion,
    parse_roles,
    roles_document,
)
from services.partners.domain.permissions import require_role
from services.partners.domain.staff import staff_text
from services.partners.storage import partner_roles, partners, rating
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Principal, Programme

_DRAFT_COMMAND: Final = "coalition partner roles propose"


class SetPartnerRoles:
    """Staff with role `pricing`, in a test programme."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, wanted: RoleTerms) -> RoleVersion:
        """The version in the books; the newest one again where it says the same, so that a call may be repeated.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied, Refused with DRAFT_NEEDED in a live programme.
        """
        require_role(who, "pricing")
        wanted.checked()
        ledger_id = who.in_programme().ledger_id
        async with self._database.writer.transaction() as connection:
            await refuse_alone(connection, ledger_id, _DRAFT_COMMAND)
            made, changes = await _add(connection, ledger_id, wanted, who.actor)
            for change in changes:
                await audited(connection, who, ledger_id, change)
        return made


class ProposePartnerRoles:
    """Staff with role `pricing`."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    async def __call__(self, who: Principal, wanted: RoleTerms, why: str) -> Draft:
        """The draft. Raises NotFound with PARTNER_UNKNOWN, and what Drafts.propose raises."""
        return await self._drafts.propose(who, ROLES_KIND, body_of(roles_document(wanted.checked())), why)


async def _check(connection: AsyncConnection, programme: Programme, wanted: RoleTerms) -> None:
    if await partners.by_id(connection, programme.ledger_id, wanted.partner_id) is None:
        raise partner_unknown()


async def _apply(
    connection: AsyncConnection, programme: Programme, wanted: RoleTerms, approval: Approval
) -> Sequence[Change]:
    by = staff_text(approval.made_by.staff_id)
    _, changes = await _add(connection, programme.ledger_id, wanted, by, approval.draft_id)
    return changes


async def _add(
    connection: AsyncConnection, ledger_id: int, wanted: RoleTerms, by: str, draft_id: UUID | None = None
) -> tuple[RoleVersion, Sequence[Change]]:
    """The next version, and what there is to note of it; nothing where the newest says the same."""
    # Versions are numbered one after the other: two calls take turns, as all that changes contracts does.
    await rating.locked_head(connection, ledger_id)
    before = await partner_roles.of_partner(connection, ledger_id, wanted.partner_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == partner_roles.VERSIONS_MAX:
        raise InvalidRequest(
            f"a partner has at most {partner_roles.VERSIONS_MAX:,} versions of roles", field="roles"
        )
    made = RoleVersion(wanted, len(before) + 1, draft_id)
    await partner_roles.add(connection, ledger_id, made, by)
    subject = to_text("ptr", wanted.partner_id)
    old = roles_document(before[-1].terms) if before else None
    return made, [Change("partner_roles.set", subject, old, roles_document(wanted))]


PARTNER_ROLES: Final = DraftKind(
    ROLES_KIND,
    makers=frozenset({"pricing"}),
    approvers=frozenset({"checker"}),
    parse=parse_roles,
    apply=_apply,
    check=_check,
)
