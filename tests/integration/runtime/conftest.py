"""Real servers for the runtime: a PostgreSQL database with its tables, and a nats-server of the module's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from services.launcher.embedded.nats import EmbeddedNats
from services.runtime.bus import Bus
from services.runtime.database import Database
from tests.integration.runtime.rig import Teller, database_of, make_applied_table
from tests.support.own_nats import connected, own_nats
from tests.support.plain_logs import use_plain_logs
from tests.support.servers import ServiceDatabase

use_plain_logs()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are seconds in earnest are fractions of one here."""
    for name, seconds in (
        ("relay._ACK_SECONDS", 1.0),
        ("relay._RETRY_SECONDS", 0.05),
        ("subscriber._BLOCK_SECONDS", 0.1),
        ("subscriber._CATCH_UP_SECONDS", 0.3),
        ("subscriber._RETRY_SECONDS_MAX", 0.2),
        ("pull._REQUEST_SECONDS", 0.5),
        ("pull._LOST_SECONDS", 0.2),
    ):
        monkeypatch.setattr(f"services.runtime.{name}", seconds)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def given(database_for: Callable[[str], ServiceDatabase]) -> ServiceDatabase:
    """A database with an event log, a relay's cursor and an inbox in it."""
    database = database_for("points")
    await make_applied_table(database)
    return database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(given: ServiceDatabase) -> AsyncIterator[Database]:
    handle = database_of(given)
    yield handle
    await handle.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nats_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedNats]:
    async with own_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bus(nats_server: EmbeddedNats) -> AsyncIterator[Bus]:
    async with connected(nats_server) as connection:
        yield connection


@pytest.fixture
def teller(database: Database) -> Teller:
    """A service that tells, with a stream of the test's own."""
    return Teller(database)
