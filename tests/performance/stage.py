"""The platform under measurement, and what the rows need of it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from services.launcher.child import ChildProcess
from services.launcher.environment import process_environment
from services.launcher.platform import Platform
from services.launcher.ports import LOOPBACK, free_port
from services.launcher.service_process import answers_http
from services.runtime.database import PgConnection
from tests.performance.backlog import Backlog
from tests.performance.cpu import POSTGRES, CpuMeter
from tests.performance.pgbench import Pgbench
from tests.performance.plan import BARE, NOOP, RowFailed, Scale
from tests.performance.programme import Bench

PROCESSES: Final = ("gateway", "members", "points", "points-relay", "partners", "nats")
_APPLICATION: Final = "bench"
_READY_SECONDS: Final = 30.0
_READY_LOOK_SECONDS: Final = 0.1
#: Rows with a server of their own, and how that is started.
_SERVERS: Final = {BARE.name: "tests.performance.bare_app", NOOP.name: "tests.performance.noop_gateway"}


class Progress:
    """Tells how far the run is, with the time since its start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        """A line with the time."""
        minutes, seconds = divmod(int(self.seconds), 60)
        print(f"[{minutes}:{seconds:02}] {text}", flush=True)


@dataclass(slots=True)
class Stage:
    """Everything a row works with. `servers`: the extra processes that run now, by row."""

    platform: Platform
    bench: Bench
    scale: Scale
    pgbench: Pgbench
    backlog: Backlog
    points: PgConnection
    progress: Progress
    servers: dict[str, ChildProcess] = field(default_factory=dict[str, ChildProcess])
    urls: dict[str, str] = field(default_factory=dict[str, str])
    #: Postings a second as last seen, by row: how many requests a load is made of.
    posting_rates: dict[str, float] = field(default_factory=dict[str, float])
    runs: int = 0

    @property
    def cpu(self) -> CpuMeter:
        """CPU time of all processes that run now."""
        return CpuMeter(self.points, self.pids)

    def pids(self) -> Mapping[str, int | None]:
        """Process ids by name."""
        found = {name: self.platform.pid_of(name) for name in (*PROCESSES, POSTGRES)}
        return {**found, **{f"{name} server": server.pid for name, server in self.servers.items()}}

    def restarts(self) -> int:
        """How often any process was restarted."""
        return sum(self.platform.restarts_of(name) for name in (*PROCESSES, POSTGRES))

    def next_run(self, name: str) -> str:
        """A name that makes keys and references of a load distinct from all others."""
        self.runs += 1
        return f"{name.replace('.', '-')}-{self.runs}"

    async def checkpoints(self) -> int:
        """How many checkpoints there were."""
        return int(
            await self.points.fetchval("SELECT num_timed + num_requested FROM pg_stat_checkpointer") or 0
        )

    @asynccontextmanager
    async def serving(self, name: str) -> AsyncGenerator[None]:
        """Runs the server of a row, if it has one of its own, until the block ends."""
        if name not in _SERVERS:
            yield
            return
        port = free_port()
        installation = {**self.platform.environment, "COALITION_GATEWAY_HTTP_PORT": str(port)}
        server = ChildProcess(
            [sys.executable, "-m", _SERVERS[name], str(port)],
            log_path=self.platform.state.logs_dir / f"{name}.log",
            environment=process_environment("gateway", installation, self.platform.state.credentials()),
        )
        try:
            _wait_until_ready(name, server, port)
            self.servers[name], self.urls[name] = server, f"http://{LOOPBACK}:{port}"
            yield
        finally:
            self.servers.pop(name, None)
            server.stop()


def _wait_until_ready(name: str, server: ChildProcess, port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not answers_http(port):
        if not server.is_alive() or time.monotonic() > deadline:
            raise RowFailed(f"the server of {name} did not start:\n{server.log_tail()}")
        time.sleep(_READY_LOOK_SECONDS)


def database_url(environment: Mapping[str, str], service: str) -> str:
    """The administrator's URL of a service's database."""
    path = urlsplit(environment[f"COALITION_{service.upper()}_DATABASE_URL"]).path
    return urlsplit(environment["DATABASE_URL"])._replace(path=path).geturl()


async def connect(url: str) -> PgConnection:
    """A connection for looking on, under a name of its own in PostgreSQL's list."""
    return await asyncpg.connect(url, server_settings={"application_name": _APPLICATION})


def forget_settings() -> None:
    """Drops the user's own settings of the platform: a benchmark runs on servers and defaults of its own."""
    for name in list(os.environ):
        if name.startswith("COALITION_") or name in ("DATABASE_URL", "NATS_URL"):
            del os.environ[name]
