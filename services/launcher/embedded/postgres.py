"""PostgreSQL 18 from its wheel, as a child process of ours on 127.0.0.1."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from services.launcher.child import ChildProcess, StopSteps, SystemUser
from services.launcher.embedded import location, tether
from services.launcher.embedded.server import EmbeddedServer
from services.launcher.errors import ServerFailed
from services.launcher.leftovers import end_processes, processes_in
from services.launcher.ports import LOOPBACK, accepts_connections

ADMIN: Final = "coalition_admin"
INIT_TIMEOUT_SECONDS: Final = 120

#: SIGINT is PostgreSQL's fast shutdown (checkpoint, no waiting for clients), SIGQUIT the immediate one.
STOP_STEPS: Final[StopSteps] = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
#: For backends whose postmaster is gone: nothing of theirs can be kept.
ORPHAN_STEPS: Final[StopSteps] = ((signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0))

#: Everything we set, and the only names a caller may set otherwise. fsync, synchronous_commit and
#: full_page_writes are absent on purpose: they stay on.
SETTINGS: Final[Mapping[str, str]] = {
    # Sockets: TCP on loopback only. A socket file's path may have 107 bytes; ours can be longer.
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    # Four services with pools, workers, tests and a few people with psql.
    "max_connections": "200",
    # The hot rows, their indexes and the newest postings of a year's demo fit.
    "shared_buffers": "512MB",
    # Few, long checkpoints: after each one the first change of a page logs the whole page.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # (wal_compression stays off: the wheel is built without lz4, and pglz costs more time than it saves.)
    # Vacuum rests five times as long as by default, and so takes five times as long: otherwise it takes half a core from the
    # tills for seconds (p99 of an earn beside a bulk load: 75 ms, and 200 while one went on).
    "autovacuum_vacuum_cost_delay": "10ms",
    # Crash recovery and streaming replicas; logical decoding is not used (the outbox does that work).
    "wal_level": "replica",
    # Statements are short: compiling them costs more than it gains.
    "jit": "off",
    # Times are stored and compared in UTC everywhere.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C.UTF-8",
    "password_encryption": "scram-sha-256",
    # Slow statements and lock waits are worth a line; ordinary ones are not.
    "log_min_duration_statement": "1000",
    "log_lock_waits": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


class EmbeddedPostgres(EmbeddedServer):
    """One PostgreSQL server. Its superuser is `coalition_admin`.

    As root it runs as an unprivileged user (`placement.user`).
    """

    name = "postgres"
    program = "PostgreSQL"
    #: Recovery after a crash replays up to max_wal_size; slow disks need minutes for it.
    ready_timeout_seconds = 180.0

    def __init__(
        self,
        state_dir: Path,
        *,
        admin_password: str,
        log_path: Path | None = None,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        outside: Path | None = None,
    ) -> None:
        """`state_dir` exists; `port` None: a free one; `settings` overrides names of SETTINGS.

        `outside` is where folders go that cannot be in the state directory (see location.py).
        Raises ValueError for a setting that is not in SETTINGS.
        """
        unknown = set(settings or ()) - set(SETTINGS)
        if unknown:
            raise ValueError(f"PostgreSQL settings not in the allow-list: {', '.join(sorted(unknown))}")
        super().__init__(log_path or state_dir.resolve() / "logs" / "postgres.log", port, STOP_STEPS)
        self._state_dir = state_dir.resolve()
        self._password = admin_password
        self._settings = {**SETTINGS, **(settings or {})}
        self._outside = outside
        self._placement: location.Placement | None = None

    @property
    def url(self) -> str:
        """The administrator's URL, database `postgres`. Final once `start` has returned."""
        return f"postgresql://{ADMIN}:{quote(self._password, safe='')}@{LOOPBACK}:{self._port}/postgres"

    @property
    def placement(self) -> location.Placement:
        """User, folder and programs. Raises MissingServer, ServerFailed."""
        if self._placement is None:
            self._placement = location.place(self._state_dir, self._outside)
        return self._placement

    @property
    def data_dir(self) -> Path:
        """PostgreSQL's data directory."""
        return self.placement.folder / "data"

    def prepare(self) -> None:
        """Initialise the data directory if it is new; end our own leftovers in it."""
        self._clear_leftovers()
        self._find_port()
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()

    def launch(self) -> None:
        """Fork the postmaster."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._child = ChildProcess(
            [
                str(self.placement.bin_dir / "postgres"),
                "-D",
                str(self.data_dir),
                "-p",
                str(self._port),
                *options,
            ],
            log_path=self._log_path,
            environment=_environment(),
            user=self.placement.user,
            # Fast shutdown when we die: the data is consistent and no recovery is needed next time.
            death_signal=signal.SIGINT,
            working_directory=Path("/"),
        )

    def stop(self) -> None:
        """Fast shutdown, then immediate, then kill; 25 s at most."""
        super().stop()
        if self._child is not None:
            self._clear_leftovers()

    def _accepts_clients(self) -> bool:
        # The eighth line of postmaster.pid says `ready`, as pg_ctl reads it.
        lines = self._pid_file_lines()
        reports_ready = len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return reports_ready and accepts_connections(self._port)

    def _recorded_pid(self) -> str:
        return next(iter(self._pid_file_lines()), "")

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _clear_leftovers(self) -> None:
        """End processes that work in our data directory, then drop the pid file that would stop a start.

        After kill -9 of the postmaster its backends may hold the shared memory for a while. And the id in
        postmaster.pid may belong to somebody else by now, which PostgreSQL cannot tell and refuses.
        """
        found = processes_in(self.data_dir, "postgres")
        postmaster = [pid for pid in found if self._recorded_pid() == str(pid)]
        end_processes(postmaster, STOP_STEPS)
        left = end_processes(processes_in(self.data_dir, "postgres"), ORPHAN_STEPS)
        if left:
            raise ServerFailed(
                f"processes {left} of an earlier PostgreSQL in {self.data_dir} cannot be ended"
            )
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Initdb into a folder beside the final one: a run that is cut short leaves nothing half-made."""
        fresh = self.placement.folder / "data.new"
        password_file = self.placement.folder / "password.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        fd = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(self._password)
        try:
            if self.placement.user is not None:
                os.chown(password_file, self.placement.user.uid, self.placement.user.gid)
            _run_initdb(self.placement.bin_dir / "initdb", fresh, password_file, self.placement.user)
        finally:
            password_file.unlink(missing_ok=True)
        shutil.rmtree(self.data_dir, ignore_errors=True)
        fresh.rename(self.data_dir)


def _run_initdb(initdb: Path, folder: Path, password_file: Path, user: SystemUser | None) -> None:
    identity = (str(user.uid), str(user.gid)) if user else ("-", "-")
    command = (
        *(sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), str(int(signal.SIGTERM)), *identity),
        *(str(initdb), "-D", str(folder), "-U", ADMIN, f"--pwfile={password_file}", "--auth=scram-sha-256"),
        # The built-in provider: same order on every machine, no dependence on its locales.
        *("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        "--no-instructions",
    )
    try:
        finished = subprocess.run(
            command,
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INIT_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(f"initdb in {folder} took longer than {INIT_TIMEOUT_SECONDS} s") from error
    if finished.returncode != 0:
        raise ServerFailed(f"initdb in {folder} failed:\n{finished.stdout}{finished.stderr}".rstrip())


def _environment() -> dict[str, str]:
    """A bare environment: PG* variables of the user's would change what the programs do."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
