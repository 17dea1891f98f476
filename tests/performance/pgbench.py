"""pgbench's TPC-B-like script on the same server: the reference for postings."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import asyncpg

from tests.performance.machine import program
from tests.performance.plan import RowFailed, Scale
from tests.performance.results import Measured

DATABASE: Final = "bench_pgbench"
_INIT_SECONDS_MAX: Final = 180.0
_GRACE_SECONDS: Final = 30.0
_TPS: Final = re.compile(r"^tps = ([\d.]+) \(without initial connection time\)", re.MULTILINE)
_DONE: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_FAILED: Final = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)
_AVERAGE: Final = re.compile(r"^latency average = ([\d.]+) ms", re.MULTILINE)


@dataclass(slots=True)
class Pgbench:
    """Runs pgbench in a database of its own. `clients` is what was best; 0: not found yet."""

    admin_url: str
    scale: Scale
    clients: int = 0

    async def prepare(self) -> None:
        """Makes and fills the database. Raises RowFailed."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        await self._run("-i", "-q", "-s", str(self.scale.pgbench_scale), seconds_max=_INIT_SECONDS_MAX)

    async def find_clients(self) -> dict[int, float]:
        """Tries every number of clients for a while; answers transactions a second by clients."""
        found: dict[int, float] = {}
        for clients in self.scale.pgbench_clients:
            found[clients] = (await self.measure(clients, self.scale.pgbench_trial_seconds)).value
        self.clients = max(found, key=lambda clients: found[clients])
        return found

    async def measure(self, clients: int = 0, seconds: int = 0) -> Measured:
        """One run: with the best number of clients and for the scale's time, where nothing else is said."""
        clients, seconds = clients or self.clients, seconds or self.scale.pgbench_seconds
        threads = min(clients, os.cpu_count() or 1)
        told = await self._run(
            *("-M", "prepared", "-n", "-T", str(seconds), "-c", str(clients), "-j", str(threads)),
            seconds_max=seconds + _GRACE_SECONDS,
        )
        tps, done, failed = _TPS.search(told), _DONE.search(told), _FAILED.search(told)
        if tps is None or done is None or failed is None or failed[1] != "0":
            raise RowFailed(f"pgbench answered:\n{told}")
        average = _AVERAGE.search(told)
        operations = int(done[1])
        return Measured(
            operations,
            operations / float(tps[1]),
            remarks=(f"{clients} clients, mean {float(average[1]):.2f} ms" if average else "",),
        )

    async def _run(self, *arguments: str, seconds_max: float) -> str:
        parts = urlsplit(self.admin_url)
        process = await asyncio.create_subprocess_exec(
            program("pgbench"),
            *("-h", parts.hostname or "", "-p", str(parts.port), "-U", parts.username or "", *arguments, DATABASE),
            env={"PATH": os.environ.get("PATH", ""), "PGPASSWORD": unquote(parts.password or "")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(seconds_max):
                told, complaints = await process.communicate()
        except TimeoutError:
            raise RowFailed(f"pgbench took longer than {seconds_max:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise RowFailed(f"pgbench failed: {complaints.decode()[-500:]}")
        return told.decode()
