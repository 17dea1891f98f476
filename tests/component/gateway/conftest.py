"""A gateway for each test module: real HTTP in front, doubles of its neighbours over real gRPC behind."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest_asyncio

from services.runtime import logging
from tests.support.gateway import House, open_house
from tests.support.servers import ServiceDatabase

# A fault in a test is told in lines of JSON, not in pages of locals.
logging.configure("gateway", "ERROR")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncGenerator[House]:
    """A gateway without a database: whatever needs none must not ask for one."""
    async with open_house() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keeping_house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    """A gateway that keeps batches."""
    async with open_house(database_for("gateway").runtime_url) as opened:
        yield opened
