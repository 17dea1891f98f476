"""Jobs that run every so often: one replica at a time, bounded, and never two runs of one job at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from services.runtime import logging, telemetry
from services.runtime.database import LOST, Database
from services.runtime.errors import CoalitionError

_log = logging.get(__name__)
_LOCK_CLASS: Final = 0x4A4F4253


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every `every_seconds`, in at most `limit_seconds`. Safe to run again at any time."""

    name: str
    every_seconds: float
    limit_seconds: float
    run: Callable[[], Awaitable[None]]


class Scheduler:
    """Runs jobs until cancelled. An advisory lock keeps replicas from running the same job at once."""

    def __init__(self, database: Database, jobs: tuple[Job, ...]) -> None:
        self._database, self._jobs = database, jobs

    async def run(self) -> None:
        """Runs all jobs, each at its own pace."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs:
                group.create_task(self._repeat(job), name=f"job {job.name}")

    async def _repeat(self, job: Job) -> None:
        while True:
            # Replicas that started together drift apart.
            await asyncio.sleep(job.every_seconds * random.uniform(0.9, 1.1))  # noqa: S311
            await self.run_once(job)

    async def run_once(self, job: Job) -> bool:
        """Runs a job now unless another replica does; answers whether it ran to its end."""
        try:
            async with self._database.writer.dedicated() as connection:
                if not await connection.fetchval(
                    "SELECT pg_try_advisory_lock($1, hashtext($2))", _LOCK_CLASS, job.name
                ):
                    return False
                try:
                    with telemetry.span(f"job {job.name}"):
                        async with asyncio.timeout(job.limit_seconds):
                            await job.run()
                    return True
                finally:
                    await connection.execute(
                        "SELECT pg_advisory_unlock($1, hashtext($2))", _LOCK_CLASS, job.name
                    )
        except TimeoutError:
            _log.warning("job.too_long", job=job.name, limit_seconds=job.limit_seconds)
        except CoalitionError as error:
            _log.warning("job.refused", job=job.name, error=str(error))
        except (SQLAlchemyError, asyncpg.PostgresError, *LOST) as error:
            _log.warning("job.database", job=job.name, error=type(error).__name__)
        except Exception:
            _log.exception("job.failed", job=job.name)
        return False
