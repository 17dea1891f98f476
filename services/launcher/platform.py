"""The whole platform on one machine: servers, migrations and services, supervised.

`coalition up`, the demo and the end-to-end tests all run this one object:

    async with Platform(state_dir, free_ports=True) as platform:
        client = Client(platform.gateway_url)
"""

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final

from services.launcher.credentials import Credentials
from services.launcher.embedded.nats import SYNC_INTERVAL_SECONDS_DEFAULT, EmbeddedNats, SyncInterval
from services.launcher.embedded.postgres import EmbeddedPostgres
from services.launcher.environment import ServicePorts, installation_environment, process_environment
from services.launcher.errors import ProcessFailed
from services.launcher.leftovers import MARKER, end_processes, processes_marked
from services.launcher.migrate import migrate
from services.launcher.ports import LOOPBACK
from services.launcher.processes import PROCESSES, SERVICES, ProcessSpec
from services.launcher.service_process import ServiceProcess
from services.launcher.state import Running, StateDirectory
from services.launcher.streams import reconcile_streams
from services.launcher.supervisor import Supervisor
from services.runtime.bus_access import access_of
from services.runtime.certificates import Misconfigured
from services.runtime.settings import BusSettings, settings_in
from services.runtime.tls import tls_in

log = logging.getLogger("coalition.launcher")

LEFTOVER_STEPS: Final = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


class Platform:
    """One run of an installation whose data and secrets are in `state_dir`.

    Start it on a thread that lives as long as the platform should: the kernel ends the processes when the
    thread that forked them does. PostgreSQL and NATS are embedded unless DATABASE_URL or NATS_URL is set.
    """

    def __init__(
        self,
        state_dir: Path | None = None,
        *,
        free_ports: bool = False,
        port_offset: int = 0,
        processes: Sequence[ProcessSpec] = PROCESSES,
        database_prefix: str = "coalition",
        postgres_settings: Mapping[str, str] | None = None,
        nats_sync_interval: SyncInterval = SYNC_INTERVAL_SECONDS_DEFAULT,
        extra_environment: Mapping[str, str] | None = None,
    ) -> None:
        """`state_dir` None: the default one. `free_ports`: services on free ports; else defaults + offset.

        `database_prefix` begins database and role names, for several installations on one PostgreSQL.
        `extra_environment` is added to what every service gets.
        """
        self._state = StateDirectory.at(state_dir) if state_dir else StateDirectory.default()
        self._ports = ServicePorts.free() if free_ports else ServicePorts.shifted(port_offset)
        self._specs = tuple(processes)
        self._database_prefix = database_prefix
        self._postgres_settings = postgres_settings
        self._nats_sync_interval: SyncInterval = nats_sync_interval
        self._extra_environment = dict(extra_environment or {})
        self._environment: dict[str, str] = {}
        self._held = ExitStack()
        self._supervisor: Supervisor | None = None
        self._all_added = False

    @property
    def state(self) -> StateDirectory:
        """Where data, logs and secrets are."""
        return self._state

    @property
    def run_file(self) -> Path:
        """The file that tells other commands what runs here."""
        return self._state.run_file

    @property
    def gateway_url(self) -> str:
        """Base URL of the public API."""
        return f"http://{LOOPBACK}:{self._ports.gateway}"

    @property
    def environment(self) -> dict[str, str]:
        """Every variable of the contract, for clients and tools; complete once `start` has returned."""
        return dict(self._environment)

    async def __aenter__(self) -> "Platform":
        """Start and wait until all is ready."""
        try:
            await self.start()
            await self.wait_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self.stop()

    async def start(self) -> None:
        """Start the servers, migrate, and begin to start the services.

        Raises LauncherError (StateLocked when another supervisor has the directory); call `stop` then too.
        """
        self._check_connections()
        self._state.ensure()
        self._held.enter_context(self._state.locked())
        self._end_leftovers()
        self._supervisor = Supervisor(self._write_run_file)
        credentials = self._state.credentials()
        admin_url, nats_url = await self._start_servers(
            credentials.postgres_admin_password, credentials.nats_password
        )
        self._environment = installation_environment(
            credentials,
            self._ports,
            admin_url=admin_url,
            nats_url=nats_url,
            database_prefix=self._database_prefix,
        )
        await migrate(
            admin_url,
            {name: self._environment[f"COALITION_{name.upper()}_DATABASE_URL"] for name in SERVICES},
        )
        await reconcile_streams(nats_url)
        log.info("databases migrated, streams made")
        # After the servers, so that these stop last: services still write while they drain.
        servers = tuple(self._supervisor.pids())
        for spec in self._specs:
            self._supervisor.add(self._service_process(spec, credentials), (*servers, *spec.after))
        self._all_added = True
        self._write_run_file()

    async def wait_ready(self) -> None:
        """Until every process is ready. Raises ProcessFailed with the log of one that cannot be started."""
        await self._running_supervisor().wait_ready()

    async def stop(self) -> None:
        """Stop everything in reverse order and release the state directory; does nothing the second time."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            await supervisor.stop()
            self._state.clear_running()
        self._held.close()

    def pid_of(self, name: str) -> int | None:
        """Process id of a service's process, of `postgres` or of `nats`; None while it is down.

        Raises KeyError for a name that this platform does not run.
        """
        return self._running_supervisor().pids()[name]

    def restarts_of(self, name: str) -> int:
        """How often it was restarted. Raises KeyError."""
        return self._running_supervisor().restarts()[name]

    def _check_connections(self) -> None:
        """What every process would refuse at its start is told before anything starts."""
        environment = {**os.environ, **self._extra_environment}
        try:
            tls_in(environment)
            if environment.get("NATS_URL"):
                access_of(settings_in(BusSettings, environment))
        except Misconfigured as error:
            raise ProcessFailed(str(error)) from error

    def _running_supervisor(self) -> Supervisor:
        if self._supervisor is None:
            raise ProcessFailed("the platform is not started")
        return self._supervisor

    async def _start_servers(self, postgres_password: str, nats_password: str) -> tuple[str, str]:
        """Start the embedded ones that are needed, side by side; the administrator's URL and NATS's."""
        supervisor = self._running_supervisor()
        admin_url, nats_url = os.environ.get("DATABASE_URL"), os.environ.get("NATS_URL")
        postgres = nats = None
        if not admin_url:
            postgres = self._embedded_postgres(postgres_password)
            supervisor.add(postgres)
        if not nats_url:
            nats = EmbeddedNats(
                self._state.path, password=nats_password, sync_interval=self._nats_sync_interval
            )
            supervisor.add(nats)
        await supervisor.wait_ready()
        return (postgres.url if postgres else admin_url or ""), (nats.url if nats else nats_url or "")

    def _embedded_postgres(self, password: str) -> EmbeddedPostgres:
        return EmbeddedPostgres(self._state.path, admin_password=password, settings=self._postgres_settings)

    def _service_process(self, spec: ProcessSpec, credentials: Credentials) -> ServiceProcess:
        installation = {**self._environment, **self._extra_environment}
        environment = process_environment(spec.service, installation, credentials)
        environment[MARKER] = str(self._state.path)
        return ServiceProcess(
            spec,
            port=self._ports.of(spec.service),
            environment=environment,
            log_path=self._state.logs_dir / f"{spec.name}.log",
        )

    def _end_leftovers(self) -> None:
        """Services of a supervisor that was killed: they were told to stop then, and may still be at it."""
        left = end_processes(processes_marked(self._state.path), LEFTOVER_STEPS)
        if left:
            raise ProcessFailed(
                f"processes {left} of an earlier run of {self._state.path} cannot be ended: kill them"
            )

    def _write_run_file(self) -> None:
        if self._supervisor is None or not self._all_added:
            return
        self._state.write_running(
            Running(
                supervisor_pid=os.getpid(),
                gateway_url=self.gateway_url,
                pids=self._supervisor.pids(),
                restarts=self._supervisor.restarts(),
                environment=self._environment,
            )
        )
