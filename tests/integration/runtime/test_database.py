from __future__ import annotations

import asyncio
import secrets

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.database import Database, constraint_of, sqlstate_of
from services.runtime.errors import Unavailable
from tests.integration.runtime.rig import database_of
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

INSERT = "INSERT INTO applied (subscriber, pos) VALUES (:name, :pos)"


def _name() -> str:
    return f"db-{secrets.token_hex(4)}"


async def _put(connection: AsyncConnection, name: str, pos: int) -> None:
    await connection.execute(text(INSERT), {"name": name, "pos": pos})


async def _found(database: Database, name: str) -> list[int]:
    async with database.reader.snapshot() as connection:
        query = text("SELECT pos FROM applied WHERE subscriber = :name ORDER BY pos")
        return list((await connection.execute(query, {"name": name})).scalars())


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.reader.snapshot() as connection:
            await connection.execute(text(INSERT), {"name": _name(), "pos": 1})
    assert sqlstate_of(caught.value) == "25006"


async def test_a_readers_driver_connection_cannot_write_either(database: Database) -> None:
    async with database.reader.snapshot() as connection:
        driver = await connection.driver()
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await driver.execute("INSERT INTO applied (pos) VALUES (1)")


async def test_a_snapshot_sees_one_moment_throughout(database: Database) -> None:
    name = _name()
    async with database.reader.snapshot() as connection:
        count = text("SELECT count(*) FROM applied WHERE subscriber = :name")
        before = (await connection.execute(count, {"name": name})).scalar_one()
        async with database.writer.transaction() as writing:
            await _put(writing, name, 1)
        driver = await connection.driver()
        assert before == (await connection.execute(count, {"name": name})).scalar_one() == 0
        assert await driver.fetchval("SELECT count(*) FROM applied WHERE subscriber = $1", name) == 0
    assert await _found(database, name) == [1]


async def test_a_transaction_that_is_left_by_an_exception_leaves_nothing(database: Database) -> None:
    name = _name()

    async def work(connection: AsyncConnection) -> None:
        await _put(connection, name, 1)
        raise RuntimeError("never mind")

    with pytest.raises(RuntimeError):
        await database.writer.run(work)
    assert await _found(database, name) == []


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_work_is_done_again_where_the_server_asks_for_it(database: Database, sqlstate: str) -> None:
    name, attempts = _name(), 0

    async def work(connection: AsyncConnection) -> int:
        nonlocal attempts
        attempts += 1
        await _put(connection, name, attempts)
        if attempts < 3:
            await connection.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING errcode = '{sqlstate}'; END $$")
            )
        return attempts

    assert await database.writer.run(work) == 3
    assert await _found(database, name) == [3]


async def test_work_that_is_refused_again_and_again_ends_as_unavailable(database: Database) -> None:
    attempts = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING errcode = '40001'; END $$"))

    with pytest.raises(Unavailable):
        await database.writer.run(work)
    assert attempts == 5


async def test_transactions_that_lock_each_other_are_sorted_out(database: Database) -> None:
    name = _name()
    async with database.writer.transaction() as connection:
        await _put(connection, name, 0)
        await _put(connection, name, 10)
    both = asyncio.Barrier(2)
    first_attempt = {0: True, 10: True}

    async def work(connection: AsyncConnection, start: int, then: int) -> None:
        update = text(
            "UPDATE applied SET pos = pos + 1 WHERE subscriber = :name AND pos BETWEEN :low AND :low + 5"
        )
        await connection.execute(update, {"name": name, "low": start})
        if first_attempt[start]:
            first_attempt[start] = False
            await both.wait()
        await connection.execute(update, {"name": name, "low": then})

    await asyncio.gather(
        database.writer.run(lambda connection: work(connection, 0, 10)),
        database.writer.run(lambda connection: work(connection, 10, 0)),
    )
    assert await _found(database, name) == [2, 12]


async def test_another_error_is_raised_at_once_with_its_constraint(database: Database) -> None:
    attempts = 0

    async def work(connection: AsyncConnection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute(text("INSERT INTO relay_cursor VALUES (32000, 1), (32000, 2)"))

    with pytest.raises(IntegrityError) as caught:
        await database.writer.run(work)
    assert (attempts, constraint_of(caught.value), sqlstate_of(caught.value)) == (
        1,
        "relay_cursor_pk",
        "23505",
    )


async def test_a_connection_lost_in_a_transaction_is_unavailable(
    database: Database, given: ServiceDatabase
) -> None:
    async def work(connection: AsyncConnection) -> None:
        pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with as_superuser(given) as superuser:
            await superuser.execute("SELECT pg_terminate_backend($1)", pid)
        await connection.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        await database.writer.run(work)


async def test_a_database_that_is_not_there_is_unavailable(given: ServiceDatabase) -> None:
    gone = Database("postgresql://nobody:nothing@127.0.0.1:1/nothing", "test", 2, 30)

    async def work(_: AsyncConnection) -> None:
        raise AssertionError("not reached")

    try:
        with pytest.raises(Unavailable):
            await gone.writer.run(work)
    finally:
        await gone.close()


async def test_connections_that_were_closed_meanwhile_are_passed_over(given: ServiceDatabase) -> None:
    database = database_of(given, "closed", pool_size=2)
    try:
        for _ in range(3):
            async with database.writer.transaction() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with as_superuser(given) as superuser:
                await superuser.execute("SELECT pg_terminate_backend($1)", pid)
            while not driver.is_closed():
                await asyncio.sleep(0.005)
        async with database.writer.transaction() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await database.close()


async def test_a_connection_says_who_it_is_and_has_its_limits(database: Database) -> None:
    async with database.writer.dedicated() as connection:
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in (
                "application_name",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "jit",
            )
        ]
    assert shown == ["coalition-test", "30s", "15s", "off"]


async def test_a_connection_of_ones_own_keeps_its_settings_and_the_services(database: Database) -> None:
    connection = await database.writer.connect_alone({"enable_seqscan": "off"})
    try:
        assert await connection.fetchval("SHOW enable_seqscan") == "off"
        assert await connection.fetchval("SHOW statement_timeout") == "30s"
    finally:
        await connection.close()


async def test_a_stalled_transaction_gives_its_locks_up(given: ServiceDatabase) -> None:
    """A process that stops inside a transaction must not hold a ledger's head for ever."""
    database = database_of(given, "stalled")
    try:
        connection = await database.writer.connect_alone({"idle_in_transaction_session_timeout": "50"})
        await connection.execute("BEGIN; LOCK TABLE applied IN ACCESS EXCLUSIVE MODE")
        async with as_superuser(given) as superuser:
            await superuser.execute("SET lock_timeout = '10s'")
            assert await superuser.fetchval("SELECT count(*) >= 0 FROM applied")
        connection.terminate()
    finally:
        await database.close()
