"""The members service, served once for each test module; every test has a programme of its own."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from services.runtime.principal import Programme
from tests.support.members import RunningMembers, new_programme, running_members
from tests.support.servers import ServiceDatabase


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[RunningMembers]:
    """The service, served in this process; tests run in its loop: `asyncio(loop_scope="module")`."""
    async with running_members(database_for("members")) as members:
        yield members


@pytest.fixture
def programme() -> Programme:
    """A programme of the test's own."""
    return new_programme()
