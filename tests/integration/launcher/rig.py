"""What the launcher's tests share: a platform of stand-ins, and waiting."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.launcher.processes import ProcessSpec, Readiness

STAND_IN = Path(__file__).with_name("stand_in.py")


def stand_ins() -> tuple[ProcessSpec, ...]:
    """The platform's processes, played by a small program."""

    def spec(name: str, readiness: Readiness, mode: str, after: tuple[str, ...] = ()) -> ProcessSpec:
        return ProcessSpec(name, name, "", readiness, after, (sys.executable, str(STAND_IN), mode))

    return (
        spec("points", Readiness.GRPC, "grpc"),
        spec("members", Readiness.ALIVE, "alive"),
        spec("gateway", Readiness.HTTP, "http", ("points", "members")),
    )


def until(condition: Callable[[], bool], what: str, timeout_seconds: float = 20.0) -> None:
    """Wait for a condition; fails the test when it does not come true."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"timed out: {what}")
        time.sleep(0.02)


def runs(pid: int | None) -> bool:
    """Whether a process exists; a zombie does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
