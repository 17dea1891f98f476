"""The processes of the subscribers: started, killed, and started again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from services.launcher.child import ChildProcess
from services.launcher.leftovers import MARKER
from tests.events_chaos import listener
from tests.events_chaos.wanted import WANTED

_LOOK_SECONDS: Final = 0.2
_ROOT: Final = Path(__file__).resolve().parents[2]


def database_url(environment: Mapping[str, str], name: str) -> str:
    """The administrator's URL of a subscriber's database."""
    return urlsplit(environment["DATABASE_URL"])._replace(path=f"/coalition_{name}").geturl()


class Listeners:
    """All of them. `restarts`: how often each was started again."""

    def __init__(self, environment: Mapping[str, str], folder: Path, partner: bytes) -> None:
        """`environment`: the command line's; `partner`: whose events one of them takes."""
        self.restarts: Counter[str] = Counter()
        self._environment, self._folder, self._partner = environment, folder, partner
        self._running: dict[str, ChildProcess] = {}
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Makes their databases, and starts them."""
        admin = await asyncpg.connect(self._environment["DATABASE_URL"])
        try:
            for name in WANTED:
                await admin.execute(f"CREATE DATABASE coalition_{name}")
        finally:
            await admin.close()
        for wanted in WANTED.values():
            url = database_url(self._environment, wanted.name).replace(
                "postgresql://", "postgresql+asyncpg://"
            )
            engine = create_async_engine(url)
            async with engine.begin() as connection:
                await connection.run_sync(listener.METADATA.create_all)
            await engine.dispose()
            for number in range(wanted.processes):
                self._launch(f"{wanted.name}#{number}")
        self._watching = asyncio.create_task(self._watch(), name="listeners")

    def kill(self, rng: random.Random) -> str:
        """Kills one with SIGKILL; answers which."""
        process = rng.choice(sorted(self._running))
        # One that has just ended by itself is as good.
        with suppress(ProcessLookupError):
            os.kill(self._running[process].pid, signal.SIGKILL)
        return process

    async def stop(self) -> None:
        """Ends all of them."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for child in self._running.values():
            await asyncio.to_thread(child.stop)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for process, child in list(self._running.items()):
                if not child.is_alive():
                    self.restarts[process.partition("#")[0]] += 1
                    self._launch(process)

    def _launch(self, process: str) -> None:
        name = process.partition("#")[0]
        environment = {
            **{each: os.environ[each] for each in ("PATH", "HOME", "LANG") if each in os.environ},
            **self._environment,
            listener.URL: database_url(self._environment, name),
            MARKER: str(self._folder),
        }
        self._running[process] = ChildProcess(
            [sys.executable, "-m", "tests.events_chaos.listener", name, self._partner.hex()],
            log_path=self._folder / "logs" / f"{process.replace('#', '-')}.log",
            environment=environment,
            working_directory=_ROOT,
        )
