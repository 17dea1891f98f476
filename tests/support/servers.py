"""PostgreSQL and NATS for tests: real servers, started when the first test asks for one.

One PostgreSQL serves a whole test run, shared by the workers of pytest-xdist; one nats-server serves each
worker. `DATABASE_URL` (an administrator's) and `NATS_URL` name real ones to use instead.

    database_for("points")      a database of the test module's own, migrated, as ServiceDatabase
    postgres_admin_url          the server, as administrator
    nats_url                    a nats-server with JetStream

A database is a clone of a template that is migrated once: some 50 ms. Everything here is an ordinary
(synchronous) fixture. Use as a plug-in: `pytest_plugins = ["tests.support.servers"]` in tests/conftest.py.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from services.launcher.embedded.nats import EmbeddedNats
from services.launcher.migrate import RuntimeAccess, migrate_service
from services.launcher.processes import SERVICES_DIR

RUN_DIR_VARIABLE: Final = "COALITION_TEST_RUN_DIR"
CONTROLLER_VARIABLE: Final = "COALITION_TEST_CONTROLLER_PID"
START_TIMEOUT_SECONDS: Final = 120.0
STOP_TIMEOUT_SECONDS: Final = 40.0
STATEMENT_TIMEOUT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05

T = TypeVar("T")


@dataclass(frozen=True)
class ServiceDatabase:
    """A database for tests. `runtime_url` has the service's rights only; `admin_url` may do everything."""

    service: str
    name: str
    runtime_url: str
    admin_url: str


def pytest_configure(config: pytest.Config) -> None:
    """In the controller (or the only process): make the run's folder; workers inherit its name."""
    if hasattr(config, "workerinput"):
        return
    run_dir = Path(tempfile.mkdtemp(prefix="coalition-test-"))
    if os.geteuid() == 0:
        # PostgreSQL runs as another user then, and must be able to pass through.
        run_dir.chmod(0o711)
    os.environ[RUN_DIR_VARIABLE] = str(run_dir)
    os.environ[CONTROLLER_VARIABLE] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    """In the controller: stop what the run started and remove its folder."""
    if hasattr(config, "workerinput") or RUN_DIR_VARIABLE not in os.environ:
        return
    run_dir = Path(os.environ.pop(RUN_DIR_VARIABLE))
    _stop_holder(run_dir)
    shutil.rmtree(run_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_admin_url() -> str:
    """Administrator's URL of the PostgreSQL that all workers share."""
    return os.environ.get("DATABASE_URL") or _shared_postgres_url(Path(os.environ[RUN_DIR_VARIABLE]))


@pytest.fixture(scope="session")
def nats_url(worker_id: str) -> Iterator[str]:
    """A nats-server with JetStream, alone for this worker; streams outlive a test, so name yours uniquely."""
    given = os.environ.get("NATS_URL")
    if given:
        yield given
        return
    server = EmbeddedNats(
        Path(os.environ[RUN_DIR_VARIABLE]), password=secrets.token_urlsafe(16), folder=f"nats-{worker_id}"
    )
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def database_for(postgres_admin_url: str) -> Iterator[Callable[[str], ServiceDatabase]]:
    """Call with a service's name: its database for this test module, the same one at each call."""
    made: dict[str, ServiceDatabase] = {}

    def database(service: str) -> ServiceDatabase:
        if service not in made:
            made[service] = create_database(postgres_admin_url, service)
        return made[service]

    yield database
    for each in made.values():
        drop_database(postgres_admin_url, each.name)


def create_database(admin_url: str, service: str) -> ServiceDatabase:
    """Clone a new database from the service's migrated template, which is built if need be."""
    return run_apart(_create_database(admin_url, service))


def drop_database(admin_url: str, name: str) -> None:
    """Drop it, closing whatever connections a test left open."""
    run_apart(_execute(admin_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on an event loop of its own, away from the test's."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def target() -> None:
        try:
            outcome.append(asyncio.run(work))
        except BaseException as error:
            # Raised again below, in the caller's thread.
            failure.append(error)

    thread = threading.Thread(target=target, name="fixture")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


async def _create_database(admin_url: str, service: str) -> ServiceDatabase:
    template = f"coalition_test_{service}_{_migrations_digest(service)}"
    await _ensure_template(admin_url, service, template)
    name = f"t_{service}_{secrets.token_hex(6)}"
    access = RuntimeAccess.of(_runtime_url(admin_url, service, name))
    await _execute(
        admin_url,
        f'CREATE DATABASE "{name}" OWNER "{access.owner}" TEMPLATE "{template}"',
        f'REVOKE CONNECT, TEMPORARY ON DATABASE "{name}" FROM PUBLIC',
        f'GRANT CONNECT ON DATABASE "{name}" TO "{access.role}"',
    )
    return ServiceDatabase(
        service,
        name,
        _runtime_url(admin_url, service, name),
        urlsplit(admin_url)._replace(path=f"/{name}").geturl(),
    )


async def _ensure_template(admin_url: str, service: str, template: str) -> None:
    """Build under another name and rename: a build that was cut short is never mistaken for a template."""
    connection = await _connect(admin_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", f"test template of {service}")
        if await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", template):
            return
        building = f"{template}_new"
        await connection.execute(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)')
        await migrate_service(admin_url, _runtime_url(admin_url, service, building), service)
        await connection.execute(f'ALTER DATABASE "{building}" RENAME TO "{template}"')
        # Nobody in it, ever: a template that somebody is connected to cannot be cloned.
        await connection.execute(f'ALTER DATABASE "{template}" ALLOW_CONNECTIONS false')
    finally:
        await connection.close()


async def _execute(admin_url: str, *statements: str) -> None:
    connection = await _connect(admin_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _connect(admin_url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(admin_url, command_timeout=STATEMENT_TIMEOUT_SECONDS)


def _runtime_url(admin_url: str, service: str, database: str) -> str:
    """All runs on one server share the roles, so their passwords follow from the administrator's URL."""
    parts = urlsplit(admin_url)
    password = hashlib.sha256(f"{parts.netloc} {service}".encode()).hexdigest()
    server = parts.netloc.rpartition("@")[2]
    return f"postgresql://coalition_test_{service}:{quote(password)}@{server}/{database}"


def _migrations_digest(service: str) -> str:
    """Changes with anything that decides what a migrated database looks like."""
    digest = hashlib.sha256()
    folder = SERVICES_DIR / service
    files = [*folder.glob("migrations/**/*.py"), *folder.glob("**/*.sql")]
    files += [
        SERVICES_DIR / path
        for path in (
            "runtime/alembic_env.py",
            "runtime/subscribing/subscriptions.sql",
            "launcher/migrate.py",
            "launcher/revisions.py",
        )
    ]
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _shared_postgres_url(run_dir: Path) -> str:
    """The run's PostgreSQL; whoever asks first starts its holder."""
    with _locked(run_dir / "postgres.lock"):
        report = run_dir / "postgres.json"
        if not report.exists():
            _start_holder(run_dir, report)
        return cast("str", json.loads(report.read_text())["url"])


def _start_holder(run_dir: Path, report: Path) -> None:
    log_path = run_dir / "holder.log"
    command = (
        sys.executable,
        "-m",
        "tests.support.postgres_holder",
        str(run_dir),
        os.environ[CONTROLLER_VARIABLE],
    )
    with log_path.open("ab") as log:
        # Spawned rather than a Popen: it is meant to outlive this worker, which a Popen complains about.
        pid = os.posix_spawn(
            sys.executable,
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            setsid=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not report.exists():
        if not _runs(pid) or time.monotonic() > deadline:
            pytest.exit(f"PostgreSQL for the tests did not start:\n{log_path.read_text()}", returncode=3)
        time.sleep(POLL_SECONDS)


def _stop_holder(run_dir: Path) -> None:
    try:
        pid = int((run_dir / "holder.pid").read_text())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _runs(pid: int) -> bool:
    try:
        # It may be our own child; a zombie counts as gone.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
