"""Going through all ledgers, for jobs: what fails in one holds up no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.points.commands.open_ledger import Doors
from services.points.storage import overdue
from services.runtime import logging
from services.runtime.database import ReadDatabase
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme

_log = logging.get(__name__)


class EveryLedger:
    """The rounds of one job. A round that is cut off, since the job had no more time, is gone on with by the next."""

    def __init__(self, doors: Doors, database: ReadDatabase, job: str) -> None:
        self._doors, self._database, self._job = doors, database, job
        self._begun = ""

    async def __call__(self, act: Callable[[Programme], Awaitable[object]]) -> None:
        """Does `act` in each ledger that is open, one after the other; its answer is not looked at."""
        async with self._database.snapshot() as connection:
            slugs = sorted(await overdue.ledgers(await connection.driver()))
        last = self._begun
        for slug in [*(slug for slug in slugs if slug > last), *(slug for slug in slugs if slug <= last)]:
            self._begun = slug
            try:
                await act(await self._doors.programme(slug))
            except CoalitionError as error:
                _log.warning("ledger.waiting", job=self._job, programme=slug, error=str(error))
            except Exception:
                _log.exception("ledger.failed", job=self._job, programme=slug)
