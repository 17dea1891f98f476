"""The members service without its server, on the test module's database."""

from collections.abc import AsyncIterator, Callable

import pytest

from services.members import service
from services.members.app import Members
from services.members.settings import Settings
from services.runtime.principal import Programme
from tests.support.members import members_settings, new_programme
from tests.support.servers import ServiceDatabase


@pytest.fixture
def database(database_for: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """The database of the test module."""
    return database_for("members")


@pytest.fixture
def settings(database: ServiceDatabase) -> Settings:
    """Settings with a secret of the test's own."""
    return members_settings(database)


@pytest.fixture
async def members(settings: Settings) -> AsyncIterator[Members]:
    """Commands and queries."""
    built = service.build(settings)
    yield built
    await built.disconnect()


@pytest.fixture
def programme() -> Programme:
    """A programme of the test's own."""
    return new_programme()
