"""The partners service, built once for each test module that asks for it; every example has a programme of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from tests.support.partners import partners_house
from tests.support.partners_office import office_of
from tests.support.plain_logs import use_plain_logs
from tests.support.rerating import Clearing
from tests.support.servers import ServiceDatabase

use_plain_logs()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clearing(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[Clearing]:
    """A house with two people, one of whom makes prices and the other checks."""
    async with (
        partners_house(database_for("partners"), database_for("points")) as house,
        office_of(house) as office,
    ):
        yield Clearing(office, await office.person("pricing"), await office.person("checker"))
