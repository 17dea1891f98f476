"""Keeps processes running: starts them in order, restarts what dies, stops them in reverse.

No thread and no process of ours decides anything by itself: one asyncio task per unit watches it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from services.launcher.child import describe_exit
from services.launcher.errors import LauncherError, MissingServer, ProcessFailed

log = logging.getLogger("coalition.launcher")

BACKOFF_FIRST_SECONDS: Final = 0.1
BACKOFF_MAX_SECONDS: Final = 5.0
#: A process that lived this long had recovered: its next restart is prompt again.
HEALTHY_AFTER_SECONDS: Final = 30.0
#: Deaths before a process was ever ready, after which starting is given up.
FAILED_STARTS_MAX: Final = 3
WATCH_SECONDS: Final = 0.05
ALIVE_WATCH_SECONDS: Final = 0.1
THREADS_MAX: Final = 32

T = TypeVar("T")


class Unit(Protocol):
    """A process to supervise. `launch` is called on the event loop's thread, the other methods on any.

    prepare, is_ready and stop may block: for long, for 1 s, for the sum of its stop steps.
    """

    ready_timeout_seconds: float

    @property
    def name(self) -> str:
        """Unique name."""
        ...

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        ...

    def prepare(self) -> None:
        """Make what the process needs; clear what an earlier one left. Raises LauncherError."""
        ...

    def launch(self) -> None:
        """Fork. Raises OSError."""
        ...

    def is_ready(self) -> bool:
        """Probe once."""
        ...

    def exit_status(self) -> int | None:
        """How it ended; None while it runs."""
        ...

    def log_tail(self) -> str:
        """The end of its output, for an error message."""
        ...

    def stop(self) -> None:
        """End it, by force in the end."""
        ...


@dataclass
class _Watched:
    """A unit with what the supervisor knows of it."""

    unit: Unit
    after: tuple[str, ...]
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    restarts: int = 0
    was_ready: bool = False
    failed_starts: int = 0
    failure: LauncherError | None = None
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Runs units until `stop`. One event loop's; `on_change` is called when a unit starts, dies or gets ready."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._watched: dict[str, _Watched] = {}
        self._on_change = on_change
        self._pool = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="supervisor")
        self._stopping = False

    def add(self, unit: Unit, after: Iterable[str] = ()) -> None:
        """Start the unit as soon as those it comes `after` are ready; they must have been added before."""
        watched = _Watched(unit, tuple(after))
        unknown = [name for name in watched.after if name not in self._watched]
        if unknown or unit.name in self._watched:
            raise ValueError(f"{unit.name} is added twice, or comes after unknown {unknown}")
        self._watched[unit.name] = watched
        watched.task = asyncio.create_task(self._watch(watched), name=f"supervise {unit.name}")

    async def wait_ready(self, names: Iterable[str] | None = None) -> None:
        """Until all (or `names`) are ready. Raises the LauncherError of the first that cannot be started."""
        watched = [self._watched[name] for name in (self._watched if names is None else names)]
        while not all(each.ready.is_set() for each in watched):
            for each in watched:
                if each.failure is not None:
                    raise each.failure
            await asyncio.sleep(WATCH_SECONDS)

    def pids(self) -> dict[str, int | None]:
        """Process id of each unit, None for those that are down."""
        return {name: watched.unit.pid for name, watched in self._watched.items()}

    def restarts(self) -> dict[str, int]:
        """How often each unit was restarted."""
        return {name: watched.restarts for name, watched in self._watched.items()}

    async def stop(self) -> None:
        """Stop all, those that others depend on last; each in its own time limit. Never raises for a unit."""
        self._stopping = True
        tasks = [watched.task for watched in self._watched.values() if watched.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for level in reversed(self._levels()):
            results = await asyncio.gather(
                *(self._apart(each.unit.stop) for each in level), return_exceptions=True
            )
            for each, result in zip(level, results, strict=True):
                if isinstance(result, BaseException):
                    log.error("%s could not be stopped: %s", each.unit.name, result)
        self._pool.shutdown(wait=False)

    def _levels(self) -> list[list[_Watched]]:
        """Units by the length of the longest chain they come after."""
        depths: dict[str, int] = {}
        levels: list[list[_Watched]] = []
        # Insertion order: whatever a unit comes after was added before it.
        for name, watched in self._watched.items():
            depth = max((depths[other] + 1 for other in watched.after), default=0)
            depths[name] = depth
            if depth == len(levels):
                levels.append([])
            levels[depth].append(watched)
        return levels

    async def _watch(self, watched: _Watched) -> None:
        for name in watched.after:
            await self._watched[name].ready.wait()
        delay_seconds = BACKOFF_FIRST_SECONDS
        while True:
            reason, lived_seconds = await self._live_once(watched)
            if watched.failure is not None:
                return
            if lived_seconds >= HEALTHY_AFTER_SECONDS:
                delay_seconds = BACKOFF_FIRST_SECONDS
            watched.restarts += 1
            log.warning(
                "%s %s; restart %d in %.1f s", watched.unit.name, reason, watched.restarts, delay_seconds
            )
            self._on_change()
            await asyncio.sleep(delay_seconds)
            delay_seconds = min(delay_seconds * 2, BACKOFF_MAX_SECONDS)

    async def _live_once(self, watched: _Watched) -> tuple[str, float]:
        """Start the unit and wait for its end; why it ended, and the seconds it was ready."""
        unit = watched.unit
        try:
            await self._apart(unit.prepare)
            unit.launch()
            self._on_change()
            reason = await self._until_ready(unit)
        except MissingServer as error:
            # Trying again will not install it.
            watched.failure = error
            return str(error), 0.0
        except (LauncherError, OSError) as error:
            reason = f"cannot start: {error}"
        if reason is not None:
            await self._apart(unit.stop)
            self._count_failed_start(watched, reason)
            return reason, 0.0
        ready_at = time.monotonic()
        watched.was_ready = True
        watched.ready.set()
        log.info("%s ready (pid %s)", unit.name, unit.pid)
        self._on_change()
        while unit.exit_status() is None:  # noqa: ASYNC110 (the kernel has no event for us here)
            await asyncio.sleep(ALIVE_WATCH_SECONDS)
        watched.ready.clear()
        return f"died ({describe_exit(unit.exit_status())})", time.monotonic() - ready_at

    async def _until_ready(self, unit: Unit) -> str | None:
        """None once it is ready, else why it is not."""
        deadline = time.monotonic() + unit.ready_timeout_seconds
        while time.monotonic() < deadline:
            status = unit.exit_status()
            if status is not None:
                return f"died while starting ({describe_exit(status)})"
            if await self._apart(unit.is_ready):
                return None
            await asyncio.sleep(WATCH_SECONDS)
        return f"was not ready within {unit.ready_timeout_seconds:.0f} s"

    def _count_failed_start(self, watched: _Watched, reason: str) -> None:
        """A unit that never was ready is given up after some tries; one that was is restarted for ever."""
        watched.failed_starts += 1
        if not watched.was_ready and watched.failed_starts >= FAILED_STARTS_MAX:
            watched.failure = ProcessFailed(
                f"{watched.unit.name} {reason}, {watched.failed_starts} times; the end of its log:\n"
                f"{watched.unit.log_tail()}"
            )

    async def _apart(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
