"""Child processes, ports and what an earlier run left behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.launcher import child as children
from services.launcher.child import ChildProcess
from services.launcher.leftovers import MARKER, end_processes, processes_marked
from services.launcher.ports import free_port, is_free
from tests.integration.launcher.rig import STAND_IN, runs, until


def start(tmp_path: Path, mode: str, **environment: str) -> ChildProcess:
    log_path = tmp_path / "child.log"
    child = ChildProcess(
        (sys.executable, str(STAND_IN), mode), log_path=log_path, environment={**os.environ, **environment}
    )
    until(lambda: "stand-in" in child.log_tail(), "child has started")
    return child


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = start(tmp_path, "deaf")
    until(lambda: ignores(child.pid, signal.SIGTERM), "child ignores SIGTERM")
    child.stop(((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0)))
    assert child.exit_status() == -signal.SIGKILL


def ignores(pid: int, number: signal.Signals) -> bool:
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn")
    )
    return bool(int(line.split()[1], 16) & 1 << (number - 1))


def test_the_end_of_the_log_is_of_this_process_only(tmp_path: Path) -> None:
    (tmp_path / "child.log").write_text("an earlier run\n")
    child = start(tmp_path, "crash")
    until(lambda: not child.is_alive(), "child crashes")
    assert child.log_tail() == "stand-in crash\nCOALITION_X is not set"


def test_a_large_log_is_moved_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "LOG_SIZE_MAX_BYTES", 10)
    (tmp_path / "child.log").write_text("more than ten bytes\n")
    start(tmp_path, "alive").stop()
    assert (tmp_path / "child.log.1").read_text() == "more than ten bytes\n"


def test_only_processes_with_our_marker_count_as_left_behind(tmp_path: Path) -> None:
    ours = start(tmp_path, "alive", **{MARKER: str(tmp_path)})
    others = start(tmp_path, "alive", **{MARKER: f"{tmp_path}-other"})
    assert processes_marked(tmp_path) == [ours.pid]
    assert end_processes([ours.pid], ((signal.SIGTERM, 5.0),)) == []
    assert not runs(ours.pid)
    assert runs(others.pid)
    ours.stop()
    others.stop()


def test_a_child_never_starts_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    from services.launcher.embedded import tether

    finished = subprocess.run(
        (sys.executable, tether.__file__, "1", "15", "-", "-", "/bin/true"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, "died before" in finished.stderr) == (1, True)


def test_free_ports_are_free_and_outside_the_range_of_outgoing_connections() -> None:
    port = free_port()
    assert 15_000 <= port < 32_768
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)
