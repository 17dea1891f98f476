"""Guards of partners, and what went beyond them."""

from __future__ import annotations

from uuid import UUID

from services.points.domain.flags import Flag
from services.points.domain.guarding import GuardVersion
from services.points.storage import flags, guards
from services.runtime.database import ReadDatabase


class Flags:
    """Reads that are about guards."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def guards(self, ledger_id: int, partner_id: UUID | None) -> list[GuardVersion]:
        """The guards in force, or that of a partner; none where it has the default."""
        async with self._database.snapshot() as connection:
            return await guards.versions(await connection.driver(), ledger_id, partner_id)

    async def listed(
        self, ledger_id: int, open_only: bool, before: UUID | None, limit: int
    ) -> tuple[list[Flag], bool]:
        """Up to `limit` flags, newest first, older than one of them where that is given; and whether there are more."""
        async with self._database.snapshot() as connection:
            found = await flags.listed(await connection.driver(), ledger_id, open_only, before, limit + 1)
        return found[:limit], len(found) > limit
