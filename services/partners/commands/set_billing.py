"""Set how often a partner gets a statement, from the open window on: by one person in a test programme, by two anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited, billing_change
from services.partners.commands.draft_kinds import Approval, DraftKind
from services.partners.commands.drafts import Drafts
from services.partners.commands.two_people import refuse_alone
from services.partners.domain.billing import BillingVersion, Terms
from services.partners.domain.contract_drafts import BILLING_KIND, billing_document, parse_billing
from services.partners.domain.drafts import Draft, body_of
from services.partners.domain.permissions import require_role
from services.partners.domain.staff import staff_text
from services.partners.storage import billing, partners, windows
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal, Programme

_DRAFT_COMMAND: Final = "coalition settle billing propose"


class SetBilling:
    """Staff with role `pricing`, in a test programme."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, wanted: Terms) -> BillingVersion:
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


class ProposeBilling:
    """Staff with role `pricing`."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    async def __call__(self, who: Principal, wanted: Terms, why: str) -> Draft:
        """The draft. Raises NotFound with PARTNER_UNKNOWN, and what Drafts.propose raises."""
        return await self._drafts.propose(who, BILLING_KIND, body_of(billing_document(wanted.checked())), why)


async def _check(connection: AsyncConnection, programme: Programme, wanted: Terms) -> None:
    if await partners.by_id(connection, programme.ledger_id, wanted.partner_id) is None:
        raise partner_unknown()


async def _apply(
    connection: AsyncConnection, programme: Programme, wanted: Terms, approval: Approval
) -> Sequence[Change]:
    by = staff_text(approval.made_by.staff_id)
    _, changes = await _add(connection, programme.ledger_id, wanted, by, approval.draft_id)
    return changes


async def _add(
    connection: AsyncConnection, ledger_id: int, wanted: Terms, by: str, draft_id: UUID | None = None
) -> tuple[BillingVersion, Sequence[Change]]:
    """The next version, and what there is to note of it; nothing where the newest says the same."""
    # No window closes meanwhile, so none that is closed can be billed otherwise than it was.
    last = await windows.lock(connection, ledger_id)
    before = await billing.of_partner(connection, ledger_id, wanted.partner_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == billing.VERSIONS_MAX:
        raise InvalidRequest(
            f"a partner has at most {billing.VERSIONS_MAX:,} billing versions", field="billing"
        )
    made = BillingVersion(wanted, len(before) + 1, last + 1, draft_id)
    await billing.add(connection, ledger_id, made, by)
    return made, [billing_change(before[-1] if before else None, made)]


BILLING: Final = DraftKind(
    BILLING_KIND,
    makers=frozenset({"pricing"}),
    approvers=frozenset({"checker"}),
    parse=parse_billing,
    apply=_apply,
    check=_check,
)
