"""What `coalition doctor` looks at: each check says what it found, and how to mend it if it is wrong."""

import asyncio
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from services.launcher.connections import (
    PLAIN,
    Greets,
    grpc_connections,
    served_certificate,
    with_certificate,
)
from services.launcher.embedded import location, nats
from services.launcher.environment import ServicePorts
from services.launcher.errors import LauncherError
from services.launcher.findings import Finding, Verdict
from services.launcher.migrate import PG_VERSION_MIN, migration_state
from services.launcher.ports import LOOPBACK, is_free
from services.launcher.processes import SERVICES
from services.launcher.state import Running, StateDirectory
from services.runtime.bus_access import access_of
from services.runtime.bus_client import greet
from services.runtime.certificates import Misconfigured
from services.runtime.settings import BusSettings, settings_in

PYTHON_MIN: Final = (3, 11)
MEMORY_WANTED_BYTES: Final = 2 * 1024**3
DISK_WANTED_BYTES: Final = 4 * 1024**3
TIMEOUT_SECONDS: Final = 10.0
NATS_PORT: Final = 4222
POSTGRES_PORT: Final = 5432
#: Without these an acknowledged movement of points can be lost.
DURABILITY_SETTINGS: Final = ("fsync", "synchronous_commit", "full_page_writes")


def examine() -> list[Finding]:
    """Look at everything; changes nothing and takes some seconds at most."""
    state = StateDirectory.default()
    running = state.running()
    findings = [_python(), *_machine(state), _dependencies(), _user(), _state_directory(state)]
    admin_url = os.environ.get("DATABASE_URL") or (running.environment["DATABASE_URL"] if running else None)
    findings.append(asyncio.run(_database(admin_url)) if admin_url else _postgres_programs())
    # What is set here goes before what runs here.
    environment = {**(running.environment if running else {}), **os.environ}
    findings.append(_nats(environment) if environment.get("NATS_URL") else _nats_program())
    findings.extend(grpc_connections(environment))
    findings.extend(_ports(running))
    if admin_url and findings_are_ok(findings, "PostgreSQL"):
        findings.extend(asyncio.run(_migrations(admin_url, running)))
    return findings


def findings_are_ok(findings: list[Finding], subject: str | None = None) -> bool:
    """Whether nothing needed is missing, among all or about one subject."""
    return all(each.verdict is not Verdict.MISSING for each in findings if subject in (None, each.subject))


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= PYTHON_MIN:
        return Finding("Python", Verdict.OK, found)
    return Finding("Python", Verdict.MISSING, found, "install Python 3.11 or later, then `make setup`")


def _machine(state: StateDirectory) -> Iterator[Finding]:
    yield Finding("cores", Verdict.OK, str(len(os.sched_getaffinity(0))))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield _amount("memory", memory, MEMORY_WANTED_BYTES, "2 GiB or more, or fewer services on this machine")
    place = next(path for path in (state.path, *state.path.parents) if path.exists())
    yield _amount(
        "disk", shutil.disk_usage(place).free, DISK_WANTED_BYTES, f"free some space on the disk of {place}"
    )


def _amount(subject: str, amount: int, wanted: int, mend: str) -> Finding:
    found = f"{amount / 1024**3:.1f} GiB"
    return (
        Finding(subject, Verdict.OK, found)
        if amount >= wanted
        else Finding(subject, Verdict.WARNING, found, mend)
    )


def _dependencies() -> Finding:
    requirements = importlib.metadata.requires("coalition") or []
    # "name[extra]>=1 ; condition": optional ones carry a condition on an extra.
    names = [
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in requirements if "extra ==" not in line
    ]
    missing = [name for name in names if not _is_installed(name)]
    if missing:
        return Finding(
            "dependencies", Verdict.MISSING, f"not installed: {', '.join(missing)}", "`make setup`"
        )
    return Finding("dependencies", Verdict.OK, f"{len(names)} packages")


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _user() -> Finding:
    if os.geteuid() != 0:
        return Finding("user", Verdict.OK, "an ordinary user; PostgreSQL runs as the same")
    try:
        return Finding("user", Verdict.OK, f"root; PostgreSQL runs as {location.server_user().name}")
    except LauncherError as error:
        return Finding("user", Verdict.MISSING, "root", str(error))


def _state_directory(state: StateDirectory) -> Finding:
    place = next(path for path in (state.path, *state.path.parents) if path.exists())
    if os.access(place, os.W_OK | os.X_OK):
        return Finding("state directory", Verdict.OK, str(state.path))
    return Finding(
        "state directory",
        Verdict.MISSING,
        f"{place} is not writable",
        "another folder, or COALITION_STATE_DIR",
    )


def _postgres_programs() -> Finding:
    try:
        return Finding("PostgreSQL", Verdict.OK, f"embedded {location.programs_version()}, not running")
    except LauncherError as error:
        return Finding("PostgreSQL", Verdict.MISSING, "neither embedded nor DATABASE_URL", str(error))


async def _database(admin_url: str) -> Finding:
    subject, address = "PostgreSQL", _address(admin_url)
    try:
        connection = await asyncpg.connect(
            admin_url, timeout=TIMEOUT_SECONDS, command_timeout=TIMEOUT_SECONDS
        )
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Finding(
            subject, Verdict.MISSING, f"{address} cannot be reached: {error}", "check DATABASE_URL"
        )
    try:
        version_number = int(await connection.fetchval("SHOW server_version_num"))
        found = f"{await connection.fetchval('SHOW server_version')} at {address}"
        off = [name for name in DURABILITY_SETTINGS if await connection.fetchval(f"SHOW {name}") == "off"]
        may_create = await connection.fetchval(
            "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles WHERE rolname = current_user"
        )
        encrypted = await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await connection.close(timeout=TIMEOUT_SECONDS)
    if version_number < PG_VERSION_MIN:
        return Finding(subject, Verdict.MISSING, found, "PostgreSQL 15 or later is needed")
    if off:
        return Finding(
            subject, Verdict.MISSING, f"{found}, {' and '.join(off)} off", "turn on: data can be lost"
        )
    if not may_create:
        return Finding(subject, Verdict.MISSING, found, "DATABASE_URL's role needs CREATEROLE and CREATEDB")
    if not encrypted:
        return Finding(subject, Verdict.OK, f"{found}, {PLAIN}")
    parts = urlsplit(admin_url)
    shown = served_certificate(parts.hostname or LOOPBACK, parts.port or POSTGRES_PORT, Greets.POSTGRES)
    return with_certificate(subject, found, shown)


def _nats_program() -> Finding:
    try:
        finished = subprocess.run(
            (nats.program_path(), "--version"),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
    except (LauncherError, OSError, subprocess.SubprocessError) as error:
        return Finding("NATS", Verdict.MISSING, "neither embedded nor NATS_URL", str(error))
    version = finished.stdout.strip().rpartition("v")[2]
    return Finding("NATS", Verdict.OK, f"embedded {version}, not running")


def _nats(environment: Mapping[str, str]) -> Finding:
    try:
        access = access_of(settings_in(BusSettings, environment))
    except Misconfigured as error:
        return Finding("NATS", Verdict.MISSING, str(error), "correct the setting")
    first = urlsplit(access.servers[0])
    host, port = first.hostname or LOOPBACK, first.port or NATS_PORT
    address = f"{first.hostname}:{port}"
    if nats.read_greeting(host, port, TIMEOUT_SECONDS) is None:
        return Finding("NATS", Verdict.MISSING, f"nothing greets at {address}", "check NATS_URL")
    try:
        greeting = asyncio.run(greet(access, TIMEOUT_SECONDS))
    except ConnectionError as error:
        return Finding("NATS", Verdict.MISSING, f"{address}: {error}", "check NATS_URL and COALITION_NATS_…")
    found = f"{greeting.version or 'unknown version'} at {address}"
    if not greeting.jetstream:
        return Finding(
            "NATS", Verdict.MISSING, f"{found}, JetStream is off", "enable JetStream on the server"
        )
    found = f"{found}, JetStream on"
    if not greeting.encrypted:
        return Finding("NATS", Verdict.OK, f"{found}, {PLAIN}")
    return with_certificate("NATS", found, served_certificate(host, port, Greets.NATS))


def _ports(running: Running | None) -> Iterator[Finding]:
    if running is not None:
        yield Finding("ports", Verdict.OK, f"in use by our own run, {running.gateway_url}")
        return
    ports = ServicePorts.shifted(0)
    for service in SERVICES:
        port = ports.of(service)
        if is_free(port):
            yield Finding(f"port {port}", Verdict.OK, f"free for {service}")
        else:
            mend = "stop what listens there (`ss -ltnp`), or `coalition up --port-offset N`"
            yield Finding(f"port {port}", Verdict.WARNING, f"taken, {service} needs it", mend)


async def _migrations(admin_url: str, running: Running | None) -> list[Finding]:
    findings: list[Finding] = []
    for service in SERVICES:
        subject, name = f"tables of {service}", f"COALITION_{service.upper()}_DATABASE_URL"
        default = f"postgresql://coalition_{service}:-@localhost/coalition_{service}"
        url = os.environ.get(name) or (running.environment[name] if running else default)
        try:
            state = await migration_state(admin_url, url, service)
        except (OSError, TimeoutError, LauncherError, asyncpg.PostgresError) as error:
            findings.append(Finding(subject, Verdict.WARNING, str(error), "`coalition migrate`"))
            continue
        found = ", ".join(sorted(state.current)) or "none yet"
        verdict, mend = (Verdict.OK, "") if state.is_current else (Verdict.WARNING, "`coalition migrate`")
        findings.append(Finding(subject, verdict, found, mend))
    return findings


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}:{parts.port or POSTGRES_PORT}"
