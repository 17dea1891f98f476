"""Removes what was counted in days that are over: no burn is decided by it any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from services.points.commands.every_ledger import EveryLedger
from services.points.commands.open_ledger import Doors
from services.points.storage import flags, ledgers
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.principal import Programme

# Kept for whoever looks into what was flagged.
_DAYS_KEPT: Final = 35


class ForgetCounts:
    """The use case behind the job."""

    def __init__(self, doors: Doors, database: Database) -> None:
        self._database = database
        self._every_ledger = EveryLedger(doors, database.reader, "forget-counts")

    async def __call__(self) -> None:
        """Goes through all ledgers once."""
        await self._every_ledger(self.of)

    async def of(self, programme: Programme) -> None:
        """Removes what is old in one ledger."""
        async with self._database.writer.dedicated() as connection:
            head = await ledgers.head(connection, programme.ledger_id)
            if head is not None:
                today = in_zone(head.now_us, programme.zone).date()
                await flags.forget_before(connection, programme.ledger_id, today - timedelta(days=_DAYS_KEPT))
