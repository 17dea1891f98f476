"""The platform under faults: two gateways, two replicas of points, proxies in between, a clock that steps."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from services.launcher.credentials import Credentials
from services.launcher.embedded import location
from services.launcher.embedded.postgres import EmbeddedPostgres
from services.launcher.environment import process_environment
from services.launcher.leftovers import MARKER, processes_in
from services.launcher.platform import Platform
from services.launcher.ports import LOOPBACK, free_port
from services.launcher.processes import PROCESSES, SERVICES, ProcessSpec, Readiness
from services.launcher.service_process import ServiceProcess
from tests.chaos.clock import Clock
from tests.chaos.links import Link
from tests.chaos.postgres_link import CommitCuts

REPLICAS: Final = {"points-2": "points", "gateway-2": "gateway"}
GATEWAYS: Final = ("gateway", "gateway-2")
#: What the run sets: what is over is ended by the job as well as by those who come to a wallet.
SETTINGS: Final = {
    "COALITION_POINTS_LAPSE_SECONDS": "5",
    "COALITION_PARTNERS_CLOSE_EVERY_SECONDS": "5",
    "COALITION_GATEWAY_ACCESS_LOG": "false",
}

#: A run's books are small: a server that is started again and again should not make room for large ones each time.
_SERVER_SETTINGS: Final = {"shared_buffers": "64MB"}


class SteppedPostgres(EmbeddedPostgres):
    """A PostgreSQL that goes by the clock of the run."""

    def __init__(self, state_dir: Path, clock: Clock, admin_password: str) -> None:
        super().__init__(state_dir, admin_password=admin_password, settings=_SERVER_SETTINGS)
        self._clock = clock

    @property
    def placement(self) -> location.Placement:
        """As everywhere, but the server is started by a script that gives it its clock."""
        if self._placement is None:
            found = location.place(self._state_dir, self._outside)
            folder = self._state_dir / "programs"
            folder.mkdir(exist_ok=True)
            for path in (folder, self._state_dir / "clock"):
                path.chmod(0o755)
            _write_script(folder / "postgres", self._clock.command(str(found.bin_dir / "postgres")))
            _write_script(folder / "initdb", (str(found.bin_dir / "initdb"),))
            self._placement = replace(found, bin_dir=folder)
        return self._placement

    def crash(self) -> bool:
        """Kills the server with all of its processes, as a power cut of the server alone; answers whether it ran."""
        running = processes_in(self.data_dir, "postgres")
        for pid in running:
            # One that has just ended by itself is as good.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(running)

    def restart(self) -> bool:
        """Has it shut down at once and in order; the supervisor starts it again. Answers whether it ran."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGINT)
        return pid is not None


class ChaosPlatform(Platform):
    """A platform whose parts can be broken one by one.

    `points_command` takes the place of the points service's own; `settings` are what every service gets besides SETTINGS.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        points_command: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.clock, self._points_command = clock, tuple(points_command)
        self._replica_ports = {name: free_port() for name in REPLICAS}
        self.commits = CommitCuts()
        self.links = {
            "postgres": Link("postgres", self._postgres_ports, self.commits.tap),
            "points": Link("points", self._points_ports),
        }
        self._server: SteppedPostgres | None = None
        self._started: set[int] = set()
        super().__init__(folder, free_ports=True, processes=self._processes(), extra_environment=settings)

    @property
    def postgres(self) -> SteppedPostgres:
        """The server."""
        assert self._server is not None
        return self._server

    @property
    def names(self) -> Sequence[str]:
        """All processes, servers too."""
        return tuple(self._running_supervisor().pids())

    @property
    def gateway_urls(self) -> Sequence[str]:
        """Where the gateways answer."""
        return (self.gateway_url, f"http://{LOOPBACK}:{self._replica_ports['gateway-2']}")

    async def start(self) -> None:
        """As Platform.start, after the proxies."""
        for link in self.links.values():
            await link.open(free_port())
        await super().start()

    async def stop(self) -> None:
        """As Platform.stop, the proxies last."""
        await super().stop()
        for link in self.links.values():
            await link.close()
        self.clock.forget(self._started)

    def kill(self, name: str) -> bool:
        """Kills a process with SIGKILL; answers whether it ran."""
        pid = self.pid_of(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid is not None

    def _write_run_file(self) -> None:
        """Called whenever a process starts or ends."""
        if self._supervisor is not None:
            self._started |= {pid for pid in self._supervisor.pids().values() if pid is not None}
        super()._write_run_file()

    def _processes(self) -> Sequence[ProcessSpec]:
        specs: list[ProcessSpec] = []
        for spec in PROCESSES:
            command = (sys.executable, "-m", "services.launcher", "run", spec.name)
            if spec.name == "points" and self._points_command:
                command = self._points_command
            specs.append(replace(spec, command=self.clock.command(*command)))
            specs += [replace(specs[-1], name=name) for name, of in REPLICAS.items() if of == spec.name]
        return specs

    def _embedded_postgres(self, password: str) -> EmbeddedPostgres:
        self._server = SteppedPostgres(self._state.path, self.clock, password)
        return self._server

    def _service_process(self, spec: ProcessSpec, credentials: Credentials) -> ServiceProcess:
        """Each process reaches PostgreSQL and points by the proxies; a replica has a port of its own."""
        port = self._replica_ports.get(spec.name, self._ports.of(spec.service))
        protocol = "GRPC" if spec.readiness is Readiness.GRPC else "HTTP"
        installation = {
            **self._environment,
            **SETTINGS,
            **self._extra_environment,
            **{f"COALITION_{service.upper()}_DATABASE_URL": self._by_link(service) for service in SERVICES},
            "COALITION_POINTS_TARGET": f"{LOOPBACK}:{self.links['points'].port}",
            f"COALITION_{spec.service.upper()}_{protocol}_PORT": str(port),
        }
        environment = process_environment(spec.service, installation, credentials)
        environment[MARKER] = str(self._state.path)
        log_path = self._state.logs_dir / f"{spec.name}.log"
        return ServiceProcess(spec, port=port, environment=environment, log_path=log_path)

    def _by_link(self, service: str) -> str:
        url = urlsplit(self._environment[f"COALITION_{service.upper()}_DATABASE_URL"])
        credentials = url.netloc.rpartition("@")[0]
        return url._replace(netloc=f"{credentials}@{LOOPBACK}:{self.links['postgres'].port}").geturl()

    def _postgres_ports(self) -> Sequence[int]:
        return (self.postgres.port,)

    def _points_ports(self) -> Sequence[int]:
        return (self._ports.points, self._replica_ports["points-2"])


def _write_script(path: Path, command: Sequence[str]) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)
