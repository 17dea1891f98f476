"""Note that a member is to be told of an event, in the transaction of the subscriber."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.domain.notices import Place, Told, stale_at_us
from services.notifications.storage import notices, starts
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase


class Note:
    """Writes notices. Nothing is sent here."""

    def __init__(self, database: WriteDatabase, *, is_needed: bool) -> None:
        """`is_needed`: whether there is any channel that something could go by."""
        self._database, self.is_needed = database, is_needed
        self._began: dict[str, int] = {}

    async def begin(self, subscribers: Collection[str]) -> None:
        """Keeps since when subscribers are there, before they read anything. Raises what the database raises."""
        async with self._database.transaction() as connection:
            now_us = wall_now_us()
            began = {each: await starts.began_at_us(connection, each, now_us) for each in subscribers}
        self._began |= began

    async def __call__(
        self,
        connection: AsyncConnection,
        subscriber: str,
        place: Place,
        told: Told,
        recorded_at_us: int,
        clock_offset_us: int,
    ) -> None:
        """Notes it once; not what was recorded (wall-clock) before the subscriber began. Raises KeyError before `begin`."""
        if recorded_at_us < self._began[subscriber]:
            return
        stale_us = stale_at_us(told, recorded_at_us, clock_offset_us)
        await notices.add(connection, place, told, recorded_at_us, stale_us, wall_now_us())

    async def clock_offset_us(self, connection: AsyncConnection, programme: str) -> int:
        """Programme time less wall-clock time, as it was told last."""
        return await starts.clock_offset_us(connection, programme)

    async def keep_clock(self, connection: AsyncConnection, programme: str, offset_us: int) -> None:
        """Keeps what an event told of it."""
        await starts.set_clock_offset(connection, programme, offset_us)

    async def forget_clock(self, connection: AsyncConnection, programme: str) -> None:
        """Forgets it, before events are read from the first one on."""
        await starts.forget_clock(connection, programme)
