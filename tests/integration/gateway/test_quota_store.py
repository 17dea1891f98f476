"""Quotas in the database: what SQL grants is what the rules say, and what nobody uses is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from uuid import UUID

import asyncpg
import pytest

from services.gateway.domain.quotas import NANOS, Ask, Grant, Quota, QuotaClass, grant
from services.gateway.storage.quotas import QuotaStore
from services.runtime.database import Database
from services.runtime.errors import Unavailable
from services.runtime.ids import new_id
from tests.support.servers import ServiceDatabase

# A unit comes back in a second: none does while a test runs a statement or two.
QUOTA = Quota(1, 3_600)


@pytest.fixture
async def database(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Database]:
    opened = Database(database_for("gateway").runtime_url, "tests", 2, 10)
    yield opened
    await opened.close()


def _ask(key_id: UUID, owed: int, wanted: int, kind: QuotaClass = QuotaClass.BULK) -> Ask:
    return Ask(1, key_id, kind, QUOTA, owed, wanted)


async def test_sql_grants_what_the_rules_say(database: Database) -> None:
    store, key_id = QuotaStore(database), new_id()
    (last,) = await store.take([_ask(key_id, 0, 50)])
    assert last == Grant(50, 0)
    for owed, wanted in ((0, 100), (40, 0), (7, 3_000), (0, 900), (5_000, 50), (0, 10)):
        expected = grant(QUOTA, last.spent_ns, owed, wanted)
        (last,) = await store.take([_ask(key_id, owed, wanted)])
        # What comes back between two statements is there, too.
        assert expected.granted <= last.granted <= expected.granted + 2
        assert abs(last.spent_ns - expected.spent_ns) <= 2 * NANOS
    store.drop()


async def test_each_ask_gets_its_own_answer_whatever_their_order(database: Database) -> None:
    store, keys = QuotaStore(database), [new_id() for _ in range(5)]
    await store.take([_ask(key, 0, 1) for key in keys])
    asks = [_ask(key, 0, 10 + number) for number, key in enumerate(keys)]
    asks.append(_ask(keys[0], 0, 99, QuotaClass.INTERACTIVE))
    assert [each.granted for each in await store.take(asks[::-1])] == [99, 14, 13, 12, 11, 10]
    store.drop()


async def test_gateways_that_ask_together_never_get_more_than_there_is(database: Database) -> None:
    stores, keys = [QuotaStore(database) for _ in range(4)], [new_id() for _ in range(8)]
    await stores[0].take([_ask(key, 0, 0) for key in keys])

    async def some(store: QuotaStore, backwards: bool) -> list[int]:
        got = [0] * len(keys)
        for _ in range(10):
            asks = [_ask(key, 0, 150) for key in (keys[::-1] if backwards else keys)]
            for number, each in enumerate(await store.take(asks)):
                got[len(keys) - 1 - number if backwards else number] += each.granted
        return got

    found = await asyncio.gather(*(some(store, backwards=bool(at % 2)) for at, store in enumerate(stores)))
    for each in map(sum, zip(*found, strict=True)):
        assert QUOTA.capacity <= each <= QUOTA.capacity + 60
    for store in stores:
        store.drop()


async def test_a_clock_that_is_set_back_refuses_nobody(
    database: Database, database_for: Callable[[str], ServiceDatabase]
) -> None:
    store, key_id = QuotaStore(database), new_id()
    await store.take([_ask(key_id, 0, 0)])
    await store.take([_ask(key_id, 0, 100)])
    # As if all of it had been asked a day ahead of now.
    admin = await asyncpg.connect(database_for("gateway").admin_url)
    day = 86_400 * NANOS
    await admin.execute(
        "UPDATE quota_bucket SET spent_until_ns = spent_until_ns + $1, asked_at_ns = asked_at_ns + $1 WHERE key_id = $2",
        day,
        key_id,
    )
    await admin.close()
    (found,) = await store.take([_ask(key_id, 0, 50)])
    # What was spent is spent still, and nothing more.
    assert found.granted == 50
    assert abs(found.spent_ns - 150 * QUOTA.interval_ns) <= 2 * NANOS
    store.drop()


async def test_a_lost_connection_is_opened_again(
    database: Database, database_for: Callable[[str], ServiceDatabase]
) -> None:
    store, key_id = QuotaStore(database), new_id()
    await store.take([_ask(key_id, 0, 1)])
    admin = await asyncpg.connect(database_for("gateway").admin_url)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'coalition-tests'"
    )
    await admin.close()
    for _ in range(2):
        try:
            (got,) = await store.take([_ask(key_id, 0, 2)])
        except Unavailable:
            continue
        assert got.granted == 2
        break
    else:
        pytest.fail("the connection was not opened again")
    store.drop()


async def test_what_nobody_has_used_for_a_day_is_forgotten(
    database: Database, database_for: Callable[[str], ServiceDatabase]
) -> None:
    store, idle, used = QuotaStore(database), new_id(), new_id()
    await store.take([_ask(idle, 0, 1), _ask(used, 0, 1)])
    await store.take([_ask(used, 0, 1)])
    assert await store.purge() >= 1
    admin = await asyncpg.connect(database_for("gateway").admin_url)
    left = {row[0] for row in await admin.fetch("SELECT key_id FROM quota_bucket")}
    await admin.close()
    assert used in left
    assert idle not in left
    store.drop()
