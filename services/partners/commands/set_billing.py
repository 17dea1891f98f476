"""Set how often a partner gets a statement, from the open window on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, billing_change
from services.partners.commands.contract_terms import Term
from services.partners.domain.billing import BillingVersion, Terms
from services.partners.domain.contract_drafts import BILLING_KIND, billing_document, parse_billing
from services.partners.storage import billing, windows
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


async def _add(
    connection: AsyncConnection, programme: Programme, wanted: Terms, by: str, draft_id: UUID | None
) -> tuple[BillingVersion, Sequence[Change]]:
    # No window closes meanwhile, so none that is closed can be billed otherwise than it was.
    last = await windows.lock(connection, programme.ledger_id)
    before = await billing.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if before and before[-1].terms == wanted:
        return before[-1], ()
    if len(before) == billing.VERSIONS_MAX:
        raise InvalidRequest(
            f"a partner has at most {billing.VERSIONS_MAX:,} billing versions", field="billing"
        )
    made = BillingVersion(wanted, len(before) + 1, last + 1, draft_id)
    await billing.add(connection, programme.ledger_id, made, by)
    return made, [billing_change(before[-1] if before else None, made)]


BILLING: Final = Term(BILLING_KIND, "coalition settle billing propose", billing_document, parse_billing, _add)
