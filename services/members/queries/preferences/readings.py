"""Who was told how members are written to, for the service desk and auditors."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.members.domain.authority.access import DESK_ROLES
from services.members.domain.preferences.writing import Reading
from services.members.storage.preferences.readings import list_readings
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

_LIMIT: Final = 100
_LIMIT_MAX: Final = 500


class ContactReadings:
    """Lists readings, newest first."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def __call__(
        self, principal: Principal, member_id: UUID | None, before: UUID | None, limit: int
    ) -> list[Reading]:
        """Readings before one (None: all) of a member (None: of all), 100 or as many as asked for. Raises InvalidRequest, PermissionDenied."""
        principal.require_role(*DESK_ROLES)
        if not 0 <= limit <= _LIMIT_MAX:
            raise InvalidRequest(f"1 to {_LIMIT_MAX} may be asked for", field="limit", limit=_LIMIT_MAX)
        async with self._database.snapshot() as connection:
            return await list_readings(
                connection, principal.in_programme().ledger_id, member_id, before, limit or _LIMIT
            )
