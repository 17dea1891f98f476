"""The points service, served once for each test module; every example has a ledger of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from tests.support.plain_logs import use_plain_logs
from tests.support.points import RunningPoints, running_points
from tests.support.servers import ServiceDatabase

use_plain_logs()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningPoints]:
    """One replica."""
    async with running_points(database_for("points")) as points:
        yield points
