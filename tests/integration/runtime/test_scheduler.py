from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.runtime.database import Database
from services.runtime.errors import Unavailable
from services.runtime.scheduler import Job, Scheduler
from tests.integration.runtime.rig import database_of, running
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Chore:
    """A job that counts its runs, and holds still where it is told to."""

    def __init__(self, limit_seconds: float = 30) -> None:
        self.begun = self.ended = self.at_once = self.most_at_once = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None
        self.job = Job(f"chore {secrets.token_hex(4)}", 0.01, limit_seconds, self._run)

    async def _run(self) -> None:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.go.wait()
            if self.error is not None:
                raise self.error
            self.ended += 1
        finally:
            self.at_once -= 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def second(given: ServiceDatabase) -> AsyncIterator[Database]:
    handle = database_of(given, "second")
    yield handle
    await handle.close()


async def test_a_job_runs_again_and_again(database: Database) -> None:
    chore = Chore()
    async with running(Scheduler(database, (chore.job,)).run()):
        await until(lambda: chore.ended >= 3)


async def test_of_two_replicas_one_runs_a_job_and_the_other_passes(
    database: Database, second: Database
) -> None:
    chore = Chore()
    chore.go.clear()
    first = asyncio.create_task(Scheduler(database, (chore.job,)).run_once(chore.job))
    await until(lambda: chore.begun == 1)
    assert not await Scheduler(second, (chore.job,)).run_once(chore.job)
    chore.go.set()
    assert await first
    assert await Scheduler(second, (chore.job,)).run_once(chore.job)
    assert (chore.begun, chore.ended) == (2, 2)


async def test_two_replicas_at_their_own_pace_never_run_a_job_at_once(
    database: Database, second: Database
) -> None:
    chore = Chore()
    async with running(Scheduler(database, (chore.job,)).run(), Scheduler(second, (chore.job,)).run()):
        await until(lambda: chore.ended >= 10)
    assert chore.most_at_once == 1


async def test_jobs_do_not_hold_each_other_up(database: Database) -> None:
    slow, quick = Chore(), Chore()
    slow.go.clear()
    async with running(Scheduler(database, (slow.job, quick.job)).run()):
        await until(lambda: slow.begun == 1 and quick.ended >= 3)


async def test_a_job_that_takes_too_long_is_ended_and_its_lock_is_free_again(
    database: Database, second: Database
) -> None:
    chore = Chore(limit_seconds=0.05)
    chore.go.clear()
    assert not await Scheduler(database, (chore.job,)).run_once(chore.job)
    chore.go.set()
    assert await Scheduler(second, (chore.job,)).run_once(chore.job)


@pytest.mark.parametrize(
    "error", [RuntimeError("a mistake"), Unavailable("a neighbour"), OSError("a socket")]
)
async def test_a_job_that_fails_is_run_again_at_its_time(
    database: Database, second: Database, error: Exception
) -> None:
    chore = Chore()
    chore.error = error
    assert not await Scheduler(database, (chore.job,)).run_once(chore.job)
    chore.error = None
    assert await Scheduler(second, (chore.job,)).run_once(chore.job)


async def test_a_replica_that_loses_its_connection_in_a_job_goes_on_with_the_next(
    database: Database, given: ServiceDatabase
) -> None:
    chore = Chore()
    chore.go.clear()
    async with running(Scheduler(database, (chore.job,)).run()):
        await until(lambda: chore.begun == 1)
        async with as_superuser(given) as connection:
            await connection.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'coalition-test'"""
            )
        chore.go.set()
        await until(lambda: chore.ended >= 3)
