"""The platform under measurement, and what the rows need of it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from services.launcher.child import ChildProcess
from services.launcher.environment import process_environment
from services.launcher.platform import Platform
from services.launcher.ports import LOOPBACK, free_port
from services.launcher.processes import process_named
from services.launcher.service_process import answers_http, grpc_is_serving
from services.runtime.database import PgConnection
from services.runtime.principal import Kind, Signer
from services.runtime.secrets import read_key
from tests.performance.backlog import Backlog
from tests.performance.cpu import POSTGRES, CpuMeter
from tests.performance.followers import FOLLOWERS, Followers
from tests.performance.pgbench import Pgbench
from tests.performance.plan import BARE, NOOP, REPLICAS, RowFailed, Scale
from tests.performance.programme import Bench, BenchPartner
from tests.performance.results import Latency
from tests.performance.settled_month import Month

PROCESSES: Final = ("gateway", "members", "points", "points-relay", "partners", *FOLLOWERS, "nats")
_APPLICATION: Final = "bench"
_READY_SECONDS: Final = 30.0
_READY_LOOK_SECONDS: Final = 0.1
_GRANTS: Final = ("points:earn", "points:redeem", "points:read")


@dataclass(frozen=True, slots=True)
class _Server:
    """A server that a row has of its own: its command less the port, whose settings it gets, and how it is ready."""

    command: tuple[str, ...]
    service: str
    port_variable: str
    is_ready: Callable[[int], bool]


_SERVERS: Final[Mapping[str, _Server]] = {
    BARE.name: _Server(("-m", "tests.performance.bare_app"), "gateway", "COALITION_GATEWAY_HTTP_PORT", answers_http),
    NOOP.name: _Server(("-m", "tests.performance.noop_gateway"), "gateway", "COALITION_GATEWAY_HTTP_PORT", answers_http),
    REPLICAS.name: _Server(
        process_named("points").command_line()[1:], "points", "COALITION_POINTS_GRPC_PORT", grpc_is_serving
    ),
}  # fmt: skip


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
    followers: Followers
    points: PgConnection
    progress: Progress
    servers: dict[str, ChildProcess] = field(default_factory=dict[str, ChildProcess])
    #: host:port of each of them.
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    #: Postings a second as last seen, by row: how many requests a load is made of.
    posting_rates: dict[str, float] = field(default_factory=dict[str, float])
    #: URL of the database of the events' rows; empty: not made yet.
    events_url: str = ""
    #: The stream that has all its events; empty: none has yet.
    events_stream: str = ""
    runs: int = 0
    #: Earns a second that tills send, where they send them at a fixed rate; 0: not known yet.
    till_rate: int = 0
    #: What the rows of a settled month settle, where they run.
    month: Month | None = None

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
        port, plan = free_port(), _SERVERS[name]
        installation = {**self.platform.environment, plan.port_variable: str(port)}
        own_port = () if plan.service == "points" else (str(port),)
        server = ChildProcess(
            [sys.executable, *plan.command, *own_port],
            log_path=self.platform.state.logs_dir / f"{name}.log",
            environment=process_environment(plan.service, installation, self.platform.state.credentials()),
        )
        try:
            _wait_until_ready(name, server, lambda: plan.is_ready(port))
            self.servers[name], self.addresses[name] = server, f"{LOOPBACK}:{port}"
            yield
        finally:
            self.servers.pop(name, None)
            server.stop()

    @property
    def points_address(self) -> str:
        """host:port of the points service."""
        return self.platform.environment["COALITION_POINTS_TARGET"]

    def own_principal(self) -> bytes:
        """A principal of the gateway itself."""
        return self._signer().sign(Kind.SERVICE, "gateway", self.bench.programme)

    def principal_of(self, partner: BenchPartner) -> bytes:
        """A partner's principal, as the gateway signs one for its key."""
        programme = self.bench.programme
        return self._signer().sign(Kind.PARTNER, "key_bench", programme, partner.partner_id, _GRANTS)

    def _signer(self) -> Signer:
        keys = self.platform.state.credentials().principal_private_keys
        return Signer("gateway", read_key(keys["gateway"], "the gateway's key"))


@dataclass(frozen=True, slots=True)
class Load:
    """What a load did. `cpu_us`: CPU time of the load itself; None: that of the child that has ended.

    `figure`: what was measured, where that is not operations a second.
    """

    operations: int
    seconds: float
    latency: Latency | None = None
    cpu_us: int | None = None
    remarks: tuple[str, ...] = ()
    figure: float | None = None


Loader = Callable[[Stage, float], Awaitable[Load]]


def _wait_until_ready(name: str, server: ChildProcess, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not is_ready():
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
