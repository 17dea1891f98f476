"""Shares the partitions of one subscription out among replicas; the events of one member stay in their order.

Each partition is a lane: a subscriber with cursors of its own, run by the replica that holds the lane's advisory
lock. Replicas count each other by a shared lock, and each holds its share of the lanes and no more. All locks are
of one connection, so that a replica that dies gives up everything with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from zlib import crc32

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from services.runtime import logging
from services.runtime.bus import Bus
from services.runtime.database import LOST, Database, PgConnection
from services.runtime.event_log import PARTITIONS
from services.runtime.inbox import Inbox
from services.runtime.subscriber import Subscriber, Subscription
from services.runtime.subscribing.tables import SubscriptionTables

_log = logging.get(__name__)
# First keys of the advisory locks of replicas (shared) and of lanes; the second is made of the subscriber's name.
_PRESENT_CLASS: Final = 0x53554254
_LANE_CLASS: Final = 0x53554255
_KEYS: Final = 0x7FFFFFF0
_LOOK_SECONDS: Final = 1.0
_COUNT: Final = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted
    AND classid = $1 AND objid = $2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Lanes:
    """One replica's part of a subscription."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        inbox_of: Callable[[int], Inbox],
        subscription: Subscription,
        tables: SubscriptionTables | None = None,
    ) -> None:
        """`inbox_of` makes the inbox of a partition; `tables` as the subscriber takes them."""
        self._database, self._bus, self._inbox_of = database, bus, inbox_of
        self._about, self._tables = subscription, tables
        self._key = crc32(subscription.name.encode()) % _KEYS
        self._running: dict[int, asyncio.Task[None]] = {}

    @property
    def held(self) -> list[int]:
        """The partitions that this replica works at."""
        return sorted(self._running)

    async def run(self) -> None:
        """Works at its share until cancelled."""
        while True:
            try:
                async with self._database.writer.dedicated() as connection:
                    await self._share(connection)
            except (SQLAlchemyError, asyncpg.PostgresError, *LOST) as error:
                _log.warning("lanes.database", subscriber=self._about.name, error=repr(error)[:300])
            finally:
                for partition in self.held:
                    await self._stop(partition)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _share(self, connection: PgConnection) -> None:
        await connection.execute("SELECT pg_advisory_lock_shared($1, $2)", _PRESENT_CLASS, self._key)
        while True:
            replicas = await connection.fetchval(_COUNT, _PRESENT_CLASS, self._key)
            share = -(-PARTITIONS // max(1, replicas))
            for partition in self.held[share:]:
                await self._stop(partition)
                await connection.execute(
                    "SELECT pg_advisory_unlock($1, $2)", _LANE_CLASS, self._lane(partition)
                )
            for partition in range(PARTITIONS):
                if len(self._running) >= share:
                    break
                if partition not in self._running and await connection.fetchval(
                    "SELECT pg_try_advisory_lock($1, $2)", _LANE_CLASS, self._lane(partition)
                ):
                    self._start(partition)
            await asyncio.sleep(_LOOK_SECONDS)

    def _lane(self, partition: int) -> int:
        return self._key + partition

    def _start(self, partition: int) -> None:
        subscriber = Subscriber(
            self._database, self._bus, self._inbox_of(partition), self._about, self._tables
        )
        self._running[partition] = asyncio.create_task(subscriber.run_lane())
        _log.info("lanes.taken", subscriber=self._about.name, partition=partition)

    async def _stop(self, partition: int) -> None:
        task = self._running.pop(partition)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
