"""Set how often a partner gets a statement, from the open window on."""

from __future__ import annotations

from services.partners.commands.auditing import audited_billing
from services.partners.domain.billing import BillingVersion, Terms
from services.partners.domain.permissions import require_role
from services.partners.storage import billing, windows
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal


class SetBilling:
    """Staff with role `pricing`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, wanted: Terms) -> BillingVersion:
        """The version in the books; the newest one again where it says the same, so that a call may be repeated.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied.
        """
        require_role(who, "pricing")
        wanted.checked()
        ledger_id = who.in_programme().ledger_id
        async with self._database.writer.transaction() as connection:
            # No window closes meanwhile, so none that is closed can be billed otherwise than it was.
            last = await windows.lock(connection, ledger_id)
            before = await billing.of_partner(connection, ledger_id, wanted.partner_id)
            if before and before[-1].terms == wanted:
                return before[-1]
            if len(before) == billing.VERSIONS_MAX:
                raise InvalidRequest(
                    f"a partner has at most {billing.VERSIONS_MAX:,} billing versions", field="billing"
                )
            made = BillingVersion(wanted, len(before) + 1, last + 1)
            await billing.add(connection, ledger_id, made, who.actor)
            await audited_billing(connection, who, before[-1] if before else None, made)
        return made
