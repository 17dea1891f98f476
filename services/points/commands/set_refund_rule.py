"""Sets what a partner's refunds do from now on."""

from __future__ import annotations

from uuid import UUID

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.refunding import RefundRule
from services.points.storage import ledgers
from services.runtime.database import WriteDatabase
from services.runtime.principal import Programme


class SetRefundRule:
    """The use case behind SetRefundRule."""

    def __init__(self, doors: Doors, database: WriteDatabase, partners: Partners) -> None:
        self._doors, self._database, self._partners = doors, database, partners

    async def __call__(
        self, programme: Programme, partner_id: UUID, rule: RefundRule, set_by: str
    ) -> RefundRule:
        """Adds the rule unless it stands already. Raises NotFound (PARTNER_UNKNOWN), Unavailable."""
        # Only a partner that exists has stores to tell of, be they none.
        await self._partners.stores(programme, partner_id)
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            await ledgers.lock_head(connection, programme.ledger_id)
            standing = await ledgers.list_refund_rules(connection, programme.ledger_id, partner_id)
            if (partner_id, rule) not in standing:
                await ledgers.add_refund_rule(connection, programme.ledger_id, partner_id, rule, set_by)
        return rule
