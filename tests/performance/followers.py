"""The services that follow the ledger's events beside those that are measured: what they do costs the machine too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from services.insights.events.consume import POINTS_SUBSCRIBER
from services.notifications.events.consume import SUBSCRIBERS
from services.runtime.bus import POINTS
from services.runtime.database import PgConnection
from tests.performance.plan import DRAIN_SECONDS_MAX, RowFailed

#: Services with a database of their own, and the name under which each reads the events of the ledger.
FOLLOWERS: Final[Mapping[str, str]] = {
    "insights": POINTS_SUBSCRIBER,
    "notifications": SUBSCRIBERS[POINTS.service],
}
_LOOK_SECONDS: Final = 0.05


async def begin_at(url: str, name: str, programme: str, pos: int) -> None:
    """Has a follower take what was told up to a position for known: it would read the filled books while others are measured."""
    async with connected(url) as connection:
        await connection.execute(
            """INSERT INTO inbox (subscriber, source, programme, pos) VALUES ($1, $2, $3, $4)
            ON CONFLICT (subscriber, source, programme) DO UPDATE SET pos = excluded.pos""",
            name, POINTS.service, programme, pos,
        )  # fmt: skip


class Followers:
    """How far they are."""

    def __init__(self, connections: Mapping[str, PgConnection], programme: str) -> None:
        """`connections`: to the database of each."""
        self._connections, self._programme = connections, programme

    async def caught_up(self, pos: int) -> float:
        """Waits until all are at a position; answers the seconds that took. Raises RowFailed after a minute."""
        started = time.monotonic()
        while True:
            behind = {name: reached for name in FOLLOWERS if (reached := await self._reached(name)) < pos}
            seconds = time.monotonic() - started
            if not behind:
                return seconds
            if seconds > DRAIN_SECONDS_MAX:
                raise RowFailed(f"after {DRAIN_SECONDS_MAX:.0f} s not at event {pos}: {behind}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _reached(self, name: str) -> int:
        reached = await self._connections[name].fetchval(
            "SELECT pos FROM inbox WHERE subscriber = $1 AND source = $2 AND programme = $3",
            FOLLOWERS[name], POINTS.service, self._programme,
        )  # fmt: skip
        return int(reached or 0)


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[PgConnection]:
    """A connection for looking on."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "bench"})
    try:
        yield connection
    finally:
        await connection.close()
