"""The whole platform for end-to-end tests: every process, on free ports, with a state directory of its own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from services.launcher.embedded import location
from services.launcher.platform import Platform
from tests.support.waiting import until


@asynccontextmanager
async def platform_folder() -> AsyncGenerator[Path]:
    """A state directory that is gone afterwards, PostgreSQL's part of it too."""
    folder = Path(tempfile.mkdtemp(prefix="coalition-e2e-"))
    if os.geteuid() == 0:
        # PostgreSQL runs as another user then, and must be able to pass through.
        folder.chmod(0o711)
    try:
        yield folder
    finally:
        location.erase_data(folder)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def running_platform() -> AsyncGenerator[Platform]:
    """A platform that is up and ready."""
    async with platform_folder() as folder, Platform(folder, free_ports=True) as platform:
        yield platform


async def kill(platform: Platform, name: str) -> int:
    """Kills a process with SIGKILL and waits for the supervisor to have put another in its place."""
    before = platform.pid_of(name)
    assert before is not None, f"{name} does not run"
    os.kill(before, signal.SIGKILL)
    await until(lambda: platform.pid_of(name) not in (None, before))
    return before
