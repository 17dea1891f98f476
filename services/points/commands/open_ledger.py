"""Opens ledgers on first use and keeps a door to each."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Sequence

from services.points.clients.partners import Partners
from services.points.commands.door import Door, DoorLimits
from services.points.commands.door_connections import DoorConnections
from services.points.domain.telling import Telling
from services.points.settings import Settings
from services.points.storage import ledgers
from services.points.storage.words import ReferenceMac
from services.runtime import logging
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import NotFound
from services.runtime.principal import Programme

_log = logging.get(__name__)


class Doors:
    """A door per ledger. A programme's ledger is opened when it is first asked for."""

    def __init__(
        self,
        settings: Settings,
        database: WriteDatabase,
        partners: Partners,
        telling: Telling,
        mac: ReferenceMac,
    ) -> None:
        self._settings, self._database, self._mac = settings, database, mac
        self._partners, self._telling = partners, telling
        self._doors: dict[int, Door] = {}
        self._programmes: dict[str, Programme] = {}
        self._opening = asyncio.Lock()
        self._connections = DoorConnections(settings.door_connections_max)
        # A door's batches run in the context that it is made in: the wiring's, not that of the first caller.
        self._context = contextvars.copy_context()
        self._learning: set[asyncio.Task[None]] = set()
        # Each takes a connection of the pool, which callers need too.
        self._learners = asyncio.Semaphore(1)

    async def programme(self, slug: str) -> Programme:
        """A programme by slug. Raises NotFound (PROGRAMME_UNKNOWN), Unavailable."""
        found = self._programmes.get(slug)
        if found is None:
            found = (await self._partners.programme(slug)).programme
            self._programmes[slug] = found
        return found

    async def opened(self, slug: str) -> Programme:
        """A programme by slug, its ledger open. Raises NotFound (PROGRAMME_UNKNOWN), Unavailable."""
        found = await self.programme(slug)
        await self.to(found)
        return found

    async def to(self, programme: Programme) -> Door:
        """The door to a programme's ledger. Raises NotFound (PROGRAMME_UNKNOWN), Unavailable."""
        door = self._doors.get(programme.ledger_id)
        if door is not None:
            return door
        async with self._opening:
            if programme.ledger_id not in self._doors:
                self._doors[programme.ledger_id] = await self._open(programme)
            return self._doors[programme.ledger_id]

    async def _open(self, programme: Programme) -> Door:
        settings = self._settings
        async with self._database.dedicated() as connection:
            rules = await ledgers.rules(connection, programme.ledger_id, settings.backdate_days_max)
            if rules is None:
                facts = await self._partners.programme(programme.slug)
                offset_us = facts.starts_at_us - wall_now_us() if programme.is_test else 0
                await ledgers.open_ledger(connection, facts.programme, facts.expiry, offset_us)
                rules = await ledgers.rules(connection, programme.ledger_id, settings.backdate_days_max)
        if rules is None:
            raise NotFound("the ledger could not be opened")
        limits = DoorLimits(
            settings.batch_items_max,
            settings.bulk_beside_items_max,
            settings.queue_items_max,
            settings.post_retry_seconds,
        )
        door = self._context.run(
            Door, programme, rules, self._database, self._telling, limits, self._connections, self._mac
        )
        task = asyncio.get_running_loop().create_task(self._learn(door), context=self._context.copy())
        self._learning.add(task)
        task.add_done_callback(self._learning.discard)
        return door

    async def _learn(self, door: Door) -> None:
        try:
            async with self._learners:
                await door.learn_accounts()
        except Exception as error:
            # Nothing is wrong without it: accounts are looked up as they turn up.
            _log.warning("door.learns_later", error=repr(error)[:200])

    def open_doors(self) -> Sequence[Door]:
        """All doors that are open."""
        return list(self._doors.values())

    async def close(self) -> None:
        """Closes all doors, finishing what is queued."""
        for task in self._learning:
            task.cancel()
        await asyncio.gather(*(door.close() for door in self._doors.values()))
