"""The whole platform for end-to-end tests: every process, on free ports, with a state directory of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from services.launcher.embedded import location
from services.launcher.leftovers import processes_in
from services.launcher.platform import Platform
from tests.support.waiting import until

# Where folders are made that others shall get to, the first that will do.
_SHARED: Final = (Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/tmp"))


@asynccontextmanager
async def platform_folder(*, for_all: bool = False) -> AsyncGenerator[Path]:
    """A state directory that is gone afterwards, PostgreSQL's part of it too; `for_all`: where every user can get to it."""
    within = next((path for path in _SHARED if _passable(path)), None) if for_all else None
    folder = Path(tempfile.mkdtemp(prefix="coalition-e2e-", dir=within))
    if os.geteuid() == 0:
        # PostgreSQL runs as another user then, and must be able to pass through.
        folder.chmod(0o711)
    try:
        yield folder
    finally:
        location.erase_data(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _passable(path: Path) -> bool:
    """Whether whoever runs PostgreSQL can pass through; as root that is another user."""
    folders = (path, *path.parents) if os.geteuid() == 0 else ()
    return path.is_dir() and all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


@asynccontextmanager
async def running_platform() -> AsyncGenerator[Platform]:
    """A platform that is up and ready."""
    async with platform_folder() as folder, Platform(folder, free_ports=True) as platform:
        yield platform


@contextmanager
def platform_apart() -> Generator[Platform]:
    """A platform that is up on a thread and an event loop of its own, so that modules with other loops share it.

    What they share is what it tells of itself: URLs, environment. To kill a part of it is not theirs.
    """
    up: Future[tuple[Platform, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        stopped = asyncio.Event()
        async with running_platform() as platform:
            up.set_result((platform, asyncio.get_running_loop(), stopped))
            await stopped.wait()

    def serve() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            if up.done():
                raise
            up.set_exception(error)

    with ThreadPoolExecutor(1, thread_name_prefix="platform") as pool:
        running = pool.submit(serve)
        platform, loop, stopped = up.result()
        try:
            yield platform
        finally:
            loop.call_soon_threadsafe(stopped.set)
            running.result()


async def crash_postgres(platform: Platform, *, whole: bool = True) -> None:
    """Kills PostgreSQL with SIGKILL and waits for the supervisor to have put another in its place.

    `whole`: with all of its processes, as a power cut of the server alone; else its first one, so that the others see it gone.
    """
    before = platform.pid_of("postgres")
    assert before is not None, "PostgreSQL does not run"
    for pid in processes_in(Path(f"/proc/{before}/cwd").readlink(), "postgres") if whole else [before]:
        # One that has just ended by itself is as good.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    await until(lambda: platform.pid_of("postgres") not in (None, before))


async def kill(platform: Platform, name: str) -> int:
    """Kills a process with SIGKILL and waits for the supervisor to have put another in its place."""
    before = platform.pid_of(name)
    assert before is not None, f"{name} does not run"
    os.kill(before, signal.SIGKILL)
    await until(lambda: platform.pid_of(name) not in (None, before))
    return before
