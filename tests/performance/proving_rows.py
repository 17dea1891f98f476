"""The row of proofs, and the hashing that it is compared with."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from tests.performance.load_process import prepared
from tests.performance.plan import RowFailed
from tests.performance.prove_load import Order, Outcome
from tests.performance.stage import Load, Stage, database_url

_MEMORY_BYTES_MAX: Final = 1_000_000_000
_MIB: Final = 1 << 20


async def hashes(stage: Stage, seconds: float) -> Load:
    """Two million hashes, one after the other; the value is how long they take."""
    del seconds
    found = await _measured(Order("", stage.bench.programme.ledger_id, 0))
    return Load(found.entries, found.tree_seconds, figure=found.tree_seconds)


async def proofs(stage: Stage, seconds: float) -> Load:
    """A window of the filled books; the value is how long its trees and files take. Raises RowFailed where memory is not bounded."""
    del seconds
    order = Order(
        database_url(stage.platform.environment, "partners"), stage.bench.programme.ledger_id, stage.scale.postings
    )  # fmt: skip
    found = await _measured(order)
    if found.entries != stage.scale.postings:
        raise RowFailed(f"{found.entries:,} entries were proved of {stage.scale.postings:,}")
    if found.memory_bytes > _MEMORY_BYTES_MAX:
        raise RowFailed(f"{found.memory_bytes:,} bytes of memory are more than a gigabyte")
    took = found.tree_seconds + found.file_seconds
    trees, files = f"trees {found.tree_seconds:.1f} s", f"files {found.file_seconds:.1f} s"
    told = (
        f"{found.entries:,} entries of {found.partners} partners: {trees}, {files} and {found.file_bytes / _MIB:.0f} MiB",
        f"{found.memory_bytes / _MIB:.0f} MiB of memory at most",
    )
    return Load(found.entries, took, remarks=told, figure=took)


async def _measured(order: Order) -> Outcome:
    async with prepared("prove_load", json.dumps(asdict(order)) + "\n") as load:
        load.begin()
        return Outcome(**await load.outcome())
