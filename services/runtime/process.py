"""The life of a process: start, run until told to stop, stop in order."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from services.runtime import logging, telemetry
from services.runtime.settings import PlatformSettings

_log = logging.get(__name__)
_ASK_AGAIN_SECONDS: Final = 0.5
_GC_OBJECTS: Final = 20_000


def collect_seldom() -> None:
    """Has the collector of cycles look less often, as in every process that serves.

    What is loaded by now stays for good; and a busy process makes so many short-lived objects that the default threshold
    would walk them all thousands of times a second (measured: a tenth of the time).
    """
    gc.freeze()
    gc.set_threshold(_GC_OBJECTS, 20, 50)


class Process:
    """What a service's wiring fills: background work, and what to do at the stop, last in first out."""

    def __init__(self, name: str, platform: PlatformSettings) -> None:
        self.name = name
        self._stop = asyncio.Event()
        self._exits = AsyncExitStack()
        self._background: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None
        collect_seldom()
        logging.configure(name, platform.log_level)
        telemetry.configure(name, platform.otlp_endpoint, platform.trace_share_percent)

    def at_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Registers something to close; closed in the reverse order of registration."""
        self._exits.push_async_callback(close)

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs work until the stop.

        Work that ends or fails by itself ends the process: better a restart that is seen than a part that is
        missing.
        """
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._background.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._failure = task.exception() or RuntimeError(f"{task.get_name()} ended by itself")
            self._stop.set()

    async def run(self) -> None:
        """Waits for SIGTERM or SIGINT, then stops. Raises what ended background work."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        _log.info("process.ready")
        await self._stop.wait()
        await self.close()
        if self._failure is not None:
            _log.error("process.background_failed", exc_info=self._failure)
            raise self._failure

    async def close(self) -> None:
        """Stops background work and closes what was registered."""
        _log.info("process.stopping")
        left = set(self._background)
        while left:
            # Asked again and again: asyncio.wait_for on Python 3.11 loses a cancellation that comes together
            # with what it waits for.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_ASK_AGAIN_SECONDS)
        await self._exits.aclose()
        telemetry.shutdown()
