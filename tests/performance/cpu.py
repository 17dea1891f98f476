"""CPU time by process, from /proc: where the next bottleneck is.

PostgreSQL's processes are told apart by what their connection calls itself. Those that ended between two
samples count under their parent, so that the sum is whole.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from services.runtime.database import PgConnection

TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
MICROS_PER_TICK: Final = 1_000_000 // TICKS_PER_SECOND
POSTGRES: Final = "postgres"
LOAD: Final = "load"
_OURS: Final = "coalition-"
#: Backends with less than this share of all CPU time are not named one by one.
_NAMED_SHARE_MIN: Final = 0.02

Sample = Mapping[str, int]


class CpuMeter:
    """Samples CPU time in microseconds by name: processes, PostgreSQL in all and by connection, the load."""

    def __init__(self, connection: PgConnection, pids: Callable[[], Mapping[str, int | None]]) -> None:
        """`pids` answers the processes by name, the postmaster as `postgres`."""
        self._connection, self._pids = connection, pids

    async def sample(self) -> Sample:
        """CPU time so far."""
        rows = await self._connection.fetch(
            "SELECT pid, coalesce(nullif(application_name, ''), backend_type) AS name FROM pg_stat_activity"
        )
        names = {int(row["pid"]): str(row["name"]).removeprefix(_OURS) for row in rows}
        found: dict[str, int] = {}
        for name, pid in self._pids().items():
            if pid is not None and name != POSTGRES:
                found[name] = _own_us(pid)
        postmaster = self._pids().get(POSTGRES)
        if postmaster is not None:
            ended = _own_us(postmaster) + _ended_children_us(postmaster)
            backends = {pid: _own_us(pid) for pid in _children(postmaster)}
            found[POSTGRES] = ended + sum(backends.values())
            for pid, micros in backends.items():
                label = f"{POSTGRES}: {names.get(pid, 'other')}"
                found[label] = found.get(label, 0) + micros
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        found[LOAD] = int((children.ru_utime + children.ru_stime) * 1_000_000)
        return found


def per_operation(before: Sample, after: Sample, operations: int) -> dict[str, float]:
    """Microseconds per operation by name, the largest first; small backends of PostgreSQL are left out."""
    spent = {name: micros - before.get(name, 0) for name, micros in after.items()}
    # A backend that ended has moved to its parent's account.
    spent = {name: micros for name, micros in spent.items() if micros > 0}
    total = sum(micros for name, micros in spent.items() if not name.startswith(f"{POSTGRES}:"))
    kept = {
        name: micros / operations
        for name, micros in spent.items()
        if not name.startswith(f"{POSTGRES}:") or micros >= total * _NAMED_SHARE_MIN
    }
    return dict(sorted(kept.items(), key=lambda item: -item[1]))


def _own_us(pid: int) -> int:
    """User and system time of a process; 0 where it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) * MICROS_PER_TICK if fields else 0


def _ended_children_us(pid: int) -> int:
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) * MICROS_PER_TICK if fields else 0


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may itself hold brackets and blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields and int(fields[1]) == parent:
                found.append(int(entry.name))
    return found
