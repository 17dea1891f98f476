"""Loads in processes of their own, so that what makes a load takes no time from what bears it.

Each reads an order from standard input, prepares, says `ready`, begins at a line, and prints what came of it as one
line of JSON. One that goes on until it is told to stop reads a second line for that.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from tests.performance.plan import ROOT, RowFailed

_BUILD_SECONDS_MAX: Final = 60.0
_LOAD_SECONDS_MAX: Final = 120.0
_LINE_BYTES_MAX: Final = 1 << 24


class LoadProcess:
    """A load that is ready."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RowFailed("the load could not be started")
        self._process, self._in, self._out = process, process.stdin, process.stdout

    async def prepared(self, order: str) -> None:
        """Hands it its order, and waits until all is prepared. Raises RowFailed."""
        self._in.write(order.encode())
        try:
            async with asyncio.timeout(_BUILD_SECONDS_MAX):
                told = await self._out.readline()
        except TimeoutError:
            told = b""
        if told != b"ready\n":
            raise RowFailed("the load could not be built (see above)")

    def begin(self) -> None:
        """Lets it begin."""
        self._in.write(b"go\n")

    def stop(self) -> None:
        """Tells one that goes on until then to stop."""
        self._in.write(b"stop\n")

    async def outcome(self) -> dict[str, Any]:
        """What came of it, once it has ended. Raises RowFailed."""
        try:
            async with asyncio.timeout(_LOAD_SECONDS_MAX):
                line = await self._out.readline()
                await self._process.wait()
        except TimeoutError:
            raise RowFailed("the load did not end") from None
        if not line:
            raise RowFailed("the load failed (see above)")
        told: dict[str, Any] = json.loads(line)
        return told


@asynccontextmanager
async def prepared(module: str, order: str) -> AsyncGenerator[LoadProcess]:
    """A load of a module of this package, ready to begin. Raises RowFailed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.performance.{module}"),
        cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES_MAX,
    )  # fmt: skip
    try:
        load = LoadProcess(process)
        await load.prepared(order)
        yield load
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
