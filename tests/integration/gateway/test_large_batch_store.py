"""Where large batches are kept: one at work on each, nothing of what was never whole, and what the database itself refuses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

import asyncpg
import pytest

from services.gateway.domain.batches import StoredBatch
from services.gateway.domain.large_batches.runs import LineOutcome, LineResult, NewLine
from services.gateway.domain.pages import Cursor
from services.gateway.storage.batches import BatchStore
from services.gateway.storage.large_batches.reading import BatchLineStore
from services.gateway.storage.large_batches.working import OpenRuns
from services.runtime.database import Database
from services.runtime.errors import Unavailable
from services.runtime.ids import new_id
from tests.support.servers import ServiceDatabase

_HASH = bytes(32)


@pytest.fixture
async def database(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[Database]:
    opened = Database(database_for("gateway").runtime_url, "test", 6, 30)
    yield opened
    await opened.close()


async def _stored(database: Database, lines: int) -> StoredBatch:
    async with BatchStore(database).turn(1, new_id(), "k") as turn:
        receiving = turn.receiving(_HASH, from_file=True)
        await receiving.begin()
        await receiving.add([NewLine(line, "earn", f"R{line}", "{}", "") for line in range(1, lines + 1)])
        await receiving.add([NewLine(lines + 1, None, None, "", '{"code":"invalid_request"}')])
        return await receiving.whole(_HASH)


async def test_one_works_on_a_batch_and_what_came_of_lines_is_counted(database: Database) -> None:
    batch, runs = await _stored(database, 5), OpenRuns(database)
    run = next(each for each in await runs.due(100) if each.batch_id == batch.batch_id)
    async with runs.turn(run) as working:
        assert working is not None
        async with runs.turn(run) as another:
            assert another is None
        later_us = run.received_at_us + 3_600_000_000
        lines = await working.lines(-1, run.received_at_us, 3)
        assert [line.line for line in lines] == [1, 2, 3]
        results = [
            LineResult(1, LineOutcome.ACCEPTED, 1, 0, '{"id":"txn_1"}', ""),
            LineResult(2, LineOutcome.RETRYING, 1, later_us, "", '{"code":"store_unknown"}'),
            LineResult(3, LineOutcome.REFUSED, 1, 0, "", '{"code":"member_unknown"}'),
        ]
        await working.record(lines, results)
        assert [line.line for line in await working.lines(-1, run.received_at_us, 9)] == [4, 5]
        await working.rest()
    async with BatchStore(database).turn(1, new_id(), "other") as turn:
        assert await turn.find() is None
    page = await BatchLineStore(database).page(1, batch.batch_id, "", Cursor())
    assert [(line.line, line.outcome) for line in page.entries] == [
        (1, "accepted"), (2, "retrying"), (3, "refused"), (4, "queued"), (5, "queued"), (6, "refused"),
    ]  # fmt: skip


async def test_a_cancellation_is_not_put_off_with_what_is_put_off(database: Database) -> None:
    batch, runs = await _stored(database, 1), OpenRuns(database)
    run = next(each for each in await runs.due(100) if each.batch_id == batch.batch_id)
    async with runs.turn(run) as working:
        assert working is not None
        assert await BatchLineStore(database).cancel(1, batch.batch_id) is not None
        await working.put_off(run.received_at_us + 3_600_000_000)
    assert batch.batch_id in [each.batch_id for each in await runs.due(100)]


async def test_what_was_never_whole_is_not_worked_on_and_is_forgotten(
    database: Database, database_for: Callable[[str], ServiceDatabase]
) -> None:
    store = BatchStore(database)
    async with store.turn(1, new_id(), "k") as turn:
        receiving = turn.receiving(_HASH, from_file=True)
        await receiving.begin()
        await receiving.add([NewLine(1, "earn", "never-whole", "{}", "")])
        assert await turn.find() is None
    admin = await asyncpg.connect(database_for("gateway").admin_url)
    lines = "SELECT count(*) FROM batch_line WHERE reference = 'never-whole'"
    left = "SELECT count(*) FROM batch_run WHERE received_at IS NULL"
    assert await store.purge(90) == 0
    assert (await admin.fetchval(left), await admin.fetchval(lines)) == (1, 1)
    received = await admin.fetchval("SELECT count(*) FROM batch_run WHERE received_at IS NOT NULL")
    assert len(await OpenRuns(database).due(100)) <= received
    await admin.execute("UPDATE batch_run SET begun_at = begun_at - $1::interval", timedelta(days=2))
    assert await store.purge(90) == 0
    assert (await admin.fetchval(left), await admin.fetchval(lines)) == (0, 0)
    await admin.close()


async def test_the_run_time_role_can_say_what_became_of_a_line_but_not_what_it_was(
    database: Database,
) -> None:
    for table, column in (("batch_line", "reference"), ("batch_line", "line"), ("batch_run", "key_sha256")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.writer.dedicated() as connection:
                await connection.execute(f"UPDATE {table} SET {column} = {column}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.writer.dedicated() as connection:
            await connection.execute("DELETE FROM batch_line")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE batch_run SET accepted = accepted + 1",
        "UPDATE batch_run SET finished_at = now()",
        "UPDATE batch_line SET due_at = NULL WHERE outcome = 'queued'",
        "UPDATE batch_line SET outcome = 'done'",
    ],
)
async def test_what_cannot_be_is_refused_by_the_database(database: Database, change: str) -> None:
    await _stored(database, 1)
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.writer.dedicated() as connection:
            await connection.execute(change)


async def test_a_database_that_cannot_be_reached_is_told_as_such() -> None:
    nowhere = Database("postgresql://nobody:nothing@127.0.0.1:1/nowhere", "test", 2, 30)
    with pytest.raises(Unavailable):
        await OpenRuns(nowhere).due(1)
    with pytest.raises(Unavailable):
        await BatchLineStore(nowhere).page(1, new_id(), "", Cursor())
    await nowhere.close()
