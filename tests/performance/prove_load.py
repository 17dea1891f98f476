"""Proves a window of rated entries as stating it does, and writes every partner's file; or hashes as often, for comparison.

Both in a process like this one. Reads an order from standard input, says `ready`, begins at a line, and prints what came
of it.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

import uvloop

from services.partners.domain.proof.leaves import PartnerTrees, owner_of
from services.partners.domain.windows import Window, WindowState
from services.partners.queries.statement_files import entries_of
from services.partners.storage import proofs
from services.runtime.database import Database, ReadConnection
from services.runtime.process import collect_seldom

HASHES: Final = 2_000_000
_BLOCK: Final = b"\x00" * 64
_ROOT_KEY: Final = bytes(32)
_STATEMENT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Order:
    """What to prove: the entries of so many seqs from the first, of every partner. `entries` 0: hash instead."""

    database_url: str
    ledger_id: int
    entries: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. Seconds of trees and files; `memory_bytes`: the most that this process ever held."""

    entries: int
    partners: int
    tree_seconds: float
    file_seconds: float
    file_bytes: int
    memory_bytes: int


async def prove(order: Order) -> Outcome:
    """The trees of all partners, then the entries of each partner's file."""
    database = Database(order.database_url, "bench", 2, _STATEMENT_SECONDS)
    window = Window(1, 0, 1, 1, order.entries, WindowState.CLOSED)
    try:
        async with database.reader.snapshot() as connection:
            began = time.perf_counter()
            trees = PartnerTrees(_ROOT_KEY, order.ledger_id, window.number)
            async with aclosing(proofs.rows_of(await connection.driver(), order.ledger_id, window)) as pieces:
                async for piece in pieces:
                    trees.add(piece)
            roots = trees.roots()
            treed = time.perf_counter()
            written = 0
            for partner_id in roots:
                written += await _write(connection, order.ledger_id, window, partner_id)
            done = time.perf_counter()
    finally:
        await database.close()
    return Outcome(
        sum(root[1] for root in roots.values()),
        len(roots),
        treed - began,
        done - treed,
        written,
        _memory_bytes(),
    )


async def _write(connection: ReadConnection, ledger_id: int, window: Window, partner_id: UUID) -> int:
    """How many bytes the entries of a partner's file have."""
    owner, written = owner_of(_ROOT_KEY, ledger_id, partner_id, window.number), 0
    async with aclosing(entries_of(connection, ledger_id, window, owner)) as parts:
        async for part in parts:
            written += len(part.encode())
    return written


def hash_blocks() -> Outcome:
    """As many hashes as leaves and nodes of a million entries are."""
    began = time.perf_counter()
    for _ in range(HASHES):
        hashlib.sha256(_BLOCK).digest()
    return Outcome(HASHES, 0, time.perf_counter() - began, 0.0, 0, _memory_bytes())


def _memory_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


def main() -> None:
    """Does one load."""
    collect_seldom()
    order = Order(**json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    sys.stdin.readline()
    outcome = uvloop.run(prove(order)) if order.entries else hash_blocks()
    print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main()
