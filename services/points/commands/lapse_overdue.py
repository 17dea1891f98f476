"""Ends what is over, holds past their time, lots past their expiry, refunds that waited too long; lets mature what is due.

No answer depends on it: whoever comes to a wallet ends what is over there first, and reads leave it out. But statements
and events should not have to wait until somebody comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final
from uuid import UUID

from services.points.commands.every_ledger import EveryLedger
from services.points.commands.open_ledger import Doors
from services.points.storage import overdue
from services.points.storage.overdue import Walked
from services.runtime import logging
from services.runtime.database import PgConnection, ReadDatabase
from services.runtime.principal import Programme

_log = logging.get(__name__)
# Of one statement, which takes some 20 ms; between two the tills have the machine to themselves.
_WALLETS_A_STEP: Final = 2_000
_STEPS_A_RUN: Final = 20
_REST_SECONDS: Final = 0.1
# Handed to the door at once; tills wait no longer for them than for a bulk load's.
_WALLETS_A_BATCH: Final = 128
_HOLDS_A_RUN: Final = 5_000
_BATCHES_OF_WAITS: Final = 100


Walk = Callable[[PgConnection, int, int, int], Awaitable[Walked]]


class LapseOverdue:
    """The use case behind the job: every ledger once, each walked on from where the last run had come to."""

    def __init__(self, doors: Doors, database: ReadDatabase) -> None:
        self._doors, self._database = doors, database
        self._every_ledger = EveryLedger(doors, database, "lapse-overdue")
        # By ledger and what is walked: the wallet that has been come to; 0: all have been, or none yet.
        self._walked_to: dict[tuple[int, Walk], int] = {}

    async def __call__(self) -> None:
        """Goes through all ledgers once."""
        await self._every_ledger(self.of)

    async def of(self, programme: Programme) -> int:
        """Ends what is over in one ledger, as far as one run goes; answers how many postings that took."""
        ledger_id = programme.ledger_id
        async with self._database.snapshot() as connection:
            held = await overdue.of_holds(await connection.driver(), ledger_id, _HOLDS_A_RUN)
        postings = await self._lapse(programme, held)
        await self._end_waits(programme)
        for walk in (overdue.of_lots, overdue.of_pending):
            postings += await self._walk(programme, walk)
        if postings:
            _log.info("lapse.done", programme=programme.slug, postings=postings)
        return postings

    async def _walk(self, programme: Programme, walk: Walk) -> int:
        """Goes on where the last run had come to, up to the last wallet or as many steps as a run has."""
        place, postings = (programme.ledger_id, walk), 0
        for step in range(_STEPS_A_RUN):
            if step:
                await asyncio.sleep(_REST_SECONDS)
            async with self._database.snapshot() as connection:
                driver = await connection.driver()
                found = await walk(
                    driver, programme.ledger_id, self._walked_to.get(place, 0), _WALLETS_A_STEP
                )
            postings += await self._lapse(programme, found.wallets)
            self._walked_to[place] = found.next_no
            if not found.next_no:
                break
        return postings

    async def _lapse(self, programme: Programme, wallets: Collection[int]) -> int:
        if not wallets:
            return 0
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            members = await overdue.members_of(driver, programme.ledger_id, sorted(wallets))
        return await self._post(programme, members)

    async def _end_waits(self, programme: Programme) -> None:
        """Refunds whose originals did not come are refused, a batch of them at a time."""
        async with self._database.snapshot() as connection:
            waiting = await overdue.waiting_refunds(await connection.driver(), programme.ledger_id)
        if waiting:
            door = await self._doors.to(programme)
            for _ in range(_BATCHES_OF_WAITS):
                if not await door.end_waits():
                    break

    async def _post(self, programme: Programme, members: list[UUID]) -> int:
        door = await self._doors.to(programme)
        postings = 0
        for start in range(0, len(members), _WALLETS_A_BATCH):
            postings += await door.lapse(members[start : start + _WALLETS_A_BATCH])
        return postings
