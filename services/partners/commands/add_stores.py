"""Add stores to a partner."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.telling import Tell
from services.partners.domain.events import StoresAdded
from services.partners.domain.partner import NewStore, Store, read_stores
from services.partners.domain.permissions import partner_addressed
from services.partners.storage import partners
from services.partners.storage.programme_time import programme_now_us
from services.runtime.database import Database
from services.runtime.ids import to_text
from services.runtime.principal import Principal


class AddStores:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(
        self, who: Principal, partner_id: UUID | None, asked: Sequence[NewStore]
    ) -> list[Store]:
        """The stores in the order asked; one that is there already as it stands.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied.
        """
        programme = who.in_programme()
        wanted, owner = read_stores(asked), partner_addressed(who, partner_id)
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            found, new_ids = await partners.add_stores(connection, programme.ledger_id, owner, wanted)
            if new_ids:
                now_us = await programme_now_us(connection, programme.ledger_id)
                await self._tell(connection, programme, now_us, [StoresAdded(owner, new_ids)])
                after = {each.code: each.name for each in found if each.store_id in new_ids}
                change = Change("stores.added", to_text("ptr", owner), after={"stores": after})
                await audited(connection, who, programme.ledger_id, change)
        return found
