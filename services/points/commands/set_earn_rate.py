"""Sets what a partner gives per amount from a time on."""

from __future__ import annotations

from uuid import UUID

from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.earning import EarnRate
from services.points.storage import ledgers
from services.runtime.clock import MICROS_MAX
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


class SetEarnRate:
    """The use case behind SetEarnRate."""

    def __init__(self, doors: Doors, database: WriteDatabase, partners: Partners) -> None:
        self._doors, self._database, self._partners = doors, database, partners

    async def __call__(self, programme: Programme, partner_id: UUID, rate: EarnRate, set_by: str) -> EarnRate:
        """Adds the rate unless it stands already.

        Raises InvalidRequest for numbers out of range, NotFound (PARTNER_UNKNOWN), Unavailable.
        """
        if not 0 <= rate.points <= 1_000_000:
            raise InvalidRequest("points must be 0 to 1,000,000", field="points")
        if not 1 <= rate.per_minor <= 1_000_000_000:
            raise InvalidRequest("per_minor must be 1 to 1,000,000,000", field="per_minor")
        if not 0 <= rate.pending_days <= 366:
            raise InvalidRequest("pending_days must be 0 to 366", field="pending_days")
        if not 0 < rate.valid_from_us <= MICROS_MAX:
            raise InvalidRequest("valid_from must be given", field="valid_from_us")
        # Only a partner that exists has stores to tell of, be they none.
        await self._partners.stores(programme, partner_id)
        await self._doors.to(programme)
        async with self._database.dedicated() as connection, connection.transaction():
            await ledgers.lock_head(connection, programme.ledger_id)
            standing = await ledgers.list_rates(connection, programme.ledger_id, partner_id)
            if (partner_id, rate) not in standing:
                await ledgers.add_rate(connection, programme.ledger_id, partner_id, rate, set_by)
        return rate
