"""Forget notices that are long over, with their log."""

from __future__ import annotations

from typing import Final

from services.notifications.storage import notices
from services.runtime.database import WriteDatabase

_AT_ONCE: Final = 1_000


class Forget:
    """The job's."""

    def __init__(self, database: WriteDatabase) -> None:
        self._database = database

    async def __call__(self, before_us: int) -> int:
        """Deletes those that ended before a time (wall-clock), a thousand in a transaction; answers how many."""
        gone = 0
        while True:
            async with self._database.transaction() as connection:
                some = await notices.forget(connection, before_us, _AT_ONCE)
            gone += some
            if some < _AT_ONCE:
                return gone
