from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest

from tests.support.partners import House, partners_house
from tests.support.partners_office import Office, office_of
from tests.support.servers import ServiceDatabase


# One service for all tests of a module, on the module's event loop: each test has a programme of its own there. A test that does
# something to the service itself asks for one of its own.
@pytest.fixture(scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    """The partners service beside a stand-in for the ledger, without a bus."""
    async with partners_house(database_for("partners"), database_for("points")) as running:
        yield running


@pytest.fixture
async def own_house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    """The same for one test alone, on the module's databases."""
    async with partners_house(database_for("partners"), database_for("points")) as running:
        yield running


@pytest.fixture(scope="module")
async def office(house: House) -> AsyncGenerator[Office]:
    """The same, with its services for people, drafts, limits and the audit log."""
    async with office_of(house) as working:
        yield working


@pytest.fixture
async def house_on_bus(
    database_for: Callable[[str], ServiceDatabase], nats_url: str
) -> AsyncGenerator[House]:
    """The same with a real NATS between the two; rating and relay are for the test to start."""
    async with partners_house(database_for("partners"), database_for("points"), nats_url) as running:
        yield running
