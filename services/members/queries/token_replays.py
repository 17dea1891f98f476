"""Tokens that were shown again, for the service desk."""

from __future__ import annotations

from typing import Final

from services.members.domain.authority.access import DESK_ROLES
from services.members.domain.authority.tokens import TokenReplay
from services.members.storage.authority.token_uses import list_replays
from services.runtime.clock import MICROS_MAX
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

_LIMIT: Final = 100
_LIMIT_MAX: Final = 500


class TokenReplays:
    """Lists replays, newest first."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def __call__(self, principal: Principal, before_us: int, limit: int) -> list[TokenReplay]:
        """Replays before a wall-clock time (0: all), 100 or as many as asked for. Raises InvalidRequest and PermissionDenied."""
        principal.require_internal(*DESK_ROLES)
        if not 0 <= limit <= _LIMIT_MAX:
            raise InvalidRequest(f"1 to {_LIMIT_MAX} may be asked for", field="limit", limit=_LIMIT_MAX)
        if not 0 <= before_us <= MICROS_MAX:
            raise InvalidRequest("this is no time", field="before_us")
        async with self._database.snapshot() as connection:
            return await list_replays(
                connection, principal.in_programme().ledger_id, before_us, limit or _LIMIT
            )
