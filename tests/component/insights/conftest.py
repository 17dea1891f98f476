from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest

from tests.support.insights import InsightsHouse, insights_house, logs_of
from tests.support.servers import ServiceDatabase


@pytest.fixture(scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[InsightsHouse]:
    """The insights service beside three event logs, without a bus; each test has a programme of its own."""
    async with insights_house(database_for("insights"), logs_of(database_for)) as running:
        yield running
