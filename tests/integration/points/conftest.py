"""The ledger's database with a busy ledger in it, made by the real service once for each test module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from services.runtime.database import PgConnection
from tests.integration.points.busy import Busy, make_busy
from tests.support.plain_logs import use_plain_logs
from tests.support.points import running_points
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

use_plain_logs()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[Busy]:
    """Two ledgers with everything in them: earns, burns, lapses, refusals, replays, a moved clock, cuts."""
    async with running_points(database_for("points")) as running:
        yield await make_busy(running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def administrator(busy: Busy) -> AsyncIterator[PgConnection]:
    """An administrator's connection to the busy ledger's database, past all triggers, on which each query is planned once.

    Hundreds of faults are looked for one after the other with the same long queries. On tables whose statistics say that
    they are empty, planned anew each time, those take three times as long.
    """
    async with as_superuser(busy.house.database, without_triggers=True) as connection:
        await connection.execute("ANALYZE; SET plan_cache_mode = force_generic_plan")
        yield connection
