from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest

from tests.support.points import PointsHouse, new_programme, points_house
from tests.support.servers import ServiceDatabase


@pytest.fixture
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[PointsHouse]:
    """A points service on a ledger of its own."""
    async with points_house(database_for("points"), new_programme()) as running:
        yield running
