"""The insights service, built once for the module; every example has a programme of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest_asyncio

from tests.support.insights import InsightsHouse, insights_house, logs_of
from tests.support.plain_logs import use_plain_logs
from tests.support.servers import ServiceDatabase

use_plain_logs()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[InsightsHouse]:
    """Without a bus."""
    async with insights_house(database_for("insights"), logs_of(database_for)) as running:
        yield running
