"""What the operator's staff sees: card ranges, and who seems to try identifiers out."""

from __future__ import annotations

from services.members.domain import access
from services.members.domain.card_ranges import CardRange
from services.members.domain.events import EnumerationSuspected
from services.members.storage.card_ranges import ranges_of
from services.members.storage.lookup_counts import suspicions
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

_LIMIT_MAX = 1_000


class ReadOffice:
    """Reads for the staff of the service desk."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def ranges(self, principal: Principal) -> list[CardRange]:
        """All that was set of card ranges. Raises PermissionDenied."""
        principal.require_role(*access.STAFF_ROLES)
        async with self._database.snapshot() as connection:
            return await ranges_of(connection, principal.in_programme().ledger_id)

    async def suspicions(self, principal: Principal, limit: int) -> list[EnumerationSuspected]:
        """Who asked for too many unknown identifiers, newest first. Raises PermissionDenied, InvalidRequest."""
        principal.require_role(*access.STAFF_ROLES)
        if not 1 <= limit <= _LIMIT_MAX:
            raise InvalidRequest(f"a list has 1 to {_LIMIT_MAX} entries", field="limit")
        async with self._database.snapshot() as connection:
            return await suspicions(connection, principal.in_programme().ledger_id, limit)
