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


async def every_ledger(
    doors: Doors, database: ReadDatabase, job: str, act: Callable[[Programme], Awaitable[object]]
) -> None:
    """Does `act` in each ledger that is open, one after the other; its answer is not looked at."""
    async with database.snapshot() as connection:
        slugs = await overdue.ledgers(await connection.driver())
    for slug in slugs:
        try:
            await act(await doors.programme(slug))
        except CoalitionError as error:
            _log.warning("ledger.waiting", job=job, programme=slug, error=str(error))
        except Exception:
            _log.exception("ledger.failed", job=job, programme=slug)
