"""The whole platform under its supervisor, with stand-ins for the services."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import pytest
import pytest_asyncio

from services.launcher.embedded.location import erase_data
from services.launcher.errors import ProcessFailed, StateLocked
from services.launcher.leftovers import processes_in, processes_marked
from services.launcher.platform import Platform
from services.launcher.processes import ProcessSpec, Readiness
from services.launcher.state import StateDirectory
from tests.integration.launcher.rig import STAND_IN, runs, stand_ins, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROJECT = Path(__file__).parents[3]
DRIVER = Path(__file__).with_name("driver.py")


def new_state_dir() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="coalition-up-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    return folder


def remove(state_dir: Path) -> None:
    erase_data(state_dir)
    shutil.rmtree(state_dir)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform() -> AsyncIterator[Platform]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "NATS_URL"):
            patch.delenv(name, raising=False)
        state_dir = new_state_dir()
        async with Platform(state_dir, free_ports=True, processes=stand_ins()) as platform:
            yield platform
        assert everything_of(state_dir) == []
        assert not platform.run_file.exists()
        remove(state_dir)


@pytest.fixture
def state_dir() -> Iterator[Path]:
    folder = new_state_dir()
    yield folder
    remove(folder)


def everything_of(state_dir: Path) -> list[int]:
    """All processes that belong to a state directory."""
    location = state_dir / "postgres.location"
    data_dir = Path(location.read_text().strip() if location.exists() else state_dir / "postgres") / "data"
    return [
        *processes_in(data_dir, "postgres"),
        *processes_in(state_dir / "nats", "nats-server"),
        *processes_marked(state_dir),
    ]


async def restarted(platform: Platform, name: str, killed_pid: int) -> int:
    """Wait for a process to be ready again under another process id."""
    for _ in range(400):
        pid = platform.pid_of(name)
        if pid not in (None, killed_pid):
            await asyncio.wait_for(platform.wait_ready(), 30)
            return pid
        await asyncio.sleep(0.05)
    pytest.fail(f"{name} was not restarted")


async def test_the_run_file_says_what_runs(platform: Platform) -> None:
    assert platform.run_file.stat().st_mode & 0o777 == 0o600
    report = json.loads(platform.run_file.read_text())
    assert report["supervisor_pid"] == os.getpid()
    assert set(report["pids"]) == {"postgres", "nats", "points", "members", "gateway"}
    assert all(runs(pid) for pid in report["pids"].values())
    running = platform.state.running()
    assert running is not None
    assert running.environment == platform.environment


async def test_every_services_database_is_made_and_reachable_with_its_own_url(platform: Platform) -> None:
    for service in ("members", "points", "partners", "insights", "gateway"):
        url = platform.environment[f"COALITION_{service.upper()}_DATABASE_URL"]
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT current_user") == f"coalition_{service}"
        await connection.close()


async def test_a_service_sees_its_own_secrets_only(platform: Platform) -> None:
    def environment(name: str) -> dict[str, str]:
        raw = Path(f"/proc/{platform.pid_of(name)}/environ").read_text()
        return dict(part.split("=", 1) for part in raw.split("\0") if "=" in part)

    points, gateway = environment("points"), environment("gateway")
    assert points["COALITION_POINTS_DATABASE_URL"].startswith("postgresql://coalition_points:")
    assert points["COALITION_MEMBERS_TARGET"] == platform.environment["COALITION_MEMBERS_TARGET"]
    assert not {
        name for name in points if name.startswith(("COALITION_MEMBERS_DATABASE", "COALITION_GATEWAY"))
    }
    assert "DATABASE_URL" not in points
    signing_keys = {
        each["COALITION_PRINCIPAL_PRIVATE_KEY"] for each in (points, gateway, platform.environment)
    }
    assert len(signing_keys) == 3
    assert points["COALITION_PRINCIPAL_PUBLIC_KEYS"] == gateway["COALITION_PRINCIPAL_PUBLIC_KEYS"]


async def test_the_gateway_answers(platform: Platform) -> None:
    with pytest.raises(OSError, match="401"):
        await asyncio.to_thread(urlopen, f"{platform.gateway_url}/v1/ping", None, 5)


@pytest.mark.parametrize("name", ["points", "gateway", "nats", "postgres"])
async def test_what_dies_is_restarted_and_ready_again(platform: Platform, name: str) -> None:
    pid, restarts = platform.pid_of(name), platform.restarts_of(name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    new = await restarted(platform, name, pid)
    assert platform.restarts_of(name) == restarts + 1
    await asyncio.sleep(0.1)
    assert json.loads(platform.run_file.read_text())["pids"][name] == new


async def test_data_survives_a_killed_postgres(platform: Platform) -> None:
    url = platform.environment["DATABASE_URL"]
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    await connection.close()
    pid = platform.pid_of("postgres")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await restarted(platform, "postgres", pid)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT value FROM kept") == 7
    await connection.close()


async def test_a_second_platform_on_the_same_state_is_refused_and_told_who_has_it(platform: Platform) -> None:
    second = Platform(platform.state.path, free_ports=True, processes=stand_ins())
    with pytest.raises(StateLocked, match=f"in use by process {os.getpid()}"):
        await second.start()
    await second.stop()
    assert platform.run_file.exists()
    assert platform.pid_of("points") is not None


async def test_children_are_in_sessions_of_their_own(platform: Platform) -> None:
    """Ctrl-C in a terminal reaches the foreground group: the supervisor alone decides the order."""
    for name in ("postgres", "nats", "points"):
        pid = platform.pid_of(name)
        assert pid is not None
        assert os.getsid(pid) == pid


async def test_a_process_that_cannot_start_is_reported_with_its_log(state_dir: Path) -> None:
    crash = ProcessSpec("points", "points", "", Readiness.GRPC, (), (sys.executable, str(STAND_IN), "crash"))
    platform = Platform(state_dir, free_ports=True, processes=(crash,))
    with pytest.raises(ProcessFailed, match=r"points died(?s:.)*COALITION_X is not set"):
        async with platform:
            pytest.fail("it must not get ready")
    assert everything_of(state_dir) == []


class TestAsACommand:
    """`coalition up` as a process of its own, ended in the ways that processes are ended."""

    def start(self, state_dir: Path) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            (sys.executable, DRIVER, state_dir), cwd=PROJECT, stderr=subprocess.PIPE, text=True
        )
        state = StateDirectory.at(state_dir)

        def all_up() -> bool:
            running = state.running()
            return process.poll() is not None or (
                running is not None
                and running.supervisor_pid == process.pid
                and None not in running.pids.values()
            )

        try:
            until(all_up, "the platform comes up", 90)
            assert process.poll() is None, process.communicate()[1]
        except BaseException:
            process.kill()
            raise
        return process

    @pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
    async def test_a_signal_stops_everything_in_order(self, state_dir: Path, number: signal.Signals) -> None:
        process = self.start(state_dir)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert everything_of(state_dir) == []
        assert not (state_dir / "run.json").exists()
        assert (state_dir / "logs" / "points.log").read_text().splitlines()[1:] == [
            "NATS_URL answers",
            "COALITION_POINTS_DATABASE_URL answers",
        ]
        assert "database system is shut down" in (state_dir / "logs" / "postgres.log").read_text()

    async def test_kill_9_leaves_nothing_running_and_the_next_start_works(self, state_dir: Path) -> None:
        with self.start(state_dir) as process:
            process.kill()
        until(lambda: everything_of(state_dir) == [], "children end after their supervisor", 30)
        assert StateDirectory.at(state_dir).running() is None

        with self.start(state_dir) as process:
            process.terminate()
            process.communicate(timeout=60)
        assert everything_of(state_dir) == []
