"""What a ledger decided and in which order, from its tables: answers, what is parked, what waits, batches."""

from __future__ import annotations

import json
import sys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.runtime.clock import to_micros
from tests.support.ledger_facts import figure_of

Place = tuple[UUID, str]


class Kept(NamedTuple):
    """What the ledger keeps under a partner's key: the posting `seq`, or a refusal.

    `tombstone`: left there by a reversal, for whatever arrives late.
    """

    place: Place
    batch_no: int
    item_no: int
    seq: int | None
    refusal: str
    available: int | None
    tombstone: bool
    headroom: int | None = None


class Parked(NamedTuple):
    """An earn that the posting `seq` parked, and whether it still is."""

    place: Place
    seq: int
    open: bool


class Waited(NamedTuple):
    """A refund that arrived before its original, in that place, and whether it still waits."""

    place: Place
    batch_no: int
    item_no: int
    open: bool


class Batch(NamedTuple):
    """A stretch of the journal that was posted together, at one moment of programme time."""

    batch_no: int
    first_seq: int
    postings: int
    recorded_us: int

    @property
    def decided_us(self) -> int:
        """When it was decided: each of its postings is recorded a microsecond after the one before."""
        return self.recorded_us - max(0, self.postings - 1)

    @property
    def last_seq(self) -> int:
        """The last posting of it; the one before it where it has none."""
        return self.first_seq + self.postings - 1


@dataclass(frozen=True)
class Decided:
    """All of it; `kept` in the order in which it was decided."""

    kept: Sequence[Kept]
    batches: Sequence[Batch]
    parked: Sequence[Parked] = ()
    waited: Sequence[Waited] = ()

    @cached_property
    def by_place(self) -> dict[Place, Kept]:
        """What is kept under each key."""
        return {kept.place: kept for kept in self.kept}

    @cached_property
    def parked_by_seq(self) -> dict[int, Parked]:
        """What was parked, by the posting that did."""
        return {parked.seq: parked for parked in self.parked}

    @cached_property
    def parked_by_place(self) -> dict[Place, Parked]:
        """What was parked, by key."""
        return {parked.place: parked for parked in self.parked}

    @cached_property
    def waiting(self) -> frozenset[Place]:
        """Where refunds wait for their originals."""
        return frozenset(waited.place for waited in self.waited if waited.open)


async def read_decided(connection: asyncpg.Connection[asyncpg.Record], ledger_id: int, last: int) -> Decided:
    """Reads it, up to where a journal of so many postings ends."""
    kept = await connection.fetch(
        """SELECT i.owner_id, a.key, a.batch_no, a.item_no, a.seq, a.refusal, a.metadata, a.tombstone FROM (
            SELECT ledger_id, partner_no, key, batch_no, item_no, seq, refusal, metadata, content_hash = '' AS tombstone
            FROM decision
            UNION ALL
            SELECT ledger_id, partner_no, key, NULL, item_no, seq, NULL, NULL, false FROM posting WHERE key IS NOT NULL
        ) a JOIN account i ON i.ledger_id = a.ledger_id AND i.account_no = a.partner_no
        WHERE a.ledger_id = $1""",
        ledger_id,
    )
    batches = await connection.fetch(
        """SELECT batch_no, first_seq, n, recorded_at FROM batch WHERE ledger_id = $1 AND first_seq + n - 1 <= $2
        ORDER BY batch_no""",
        ledger_id,
        last,
    )
    parked = await connection.fetch(
        """SELECT i.owner_id, k.key, k.seq, k.open FROM parked_earn k
        JOIN account i ON i.ledger_id = k.ledger_id AND i.account_no = k.partner_no
        WHERE k.ledger_id = $1 ORDER BY k.seq""",
        ledger_id,
    )
    waited = await connection.fetch(
        """SELECT i.owner_id, w.key, w.batch_no, w.item_no, w.open FROM waiting_refund w
        JOIN account i ON i.ledger_id = w.ledger_id AND i.account_no = w.partner_no
        WHERE w.ledger_id = $1 ORDER BY w.batch_no, w.item_no""",
        ledger_id,
    )
    found = [Batch(row[0], row[1], row[2], to_micros(row[3])) for row in batches]
    return Decided(
        sorted((_kept(row, found) for row in kept), key=_order),
        found,
        [Parked(_place(row), row[2], row[3]) for row in parked],
        [Waited(_place(row), row[2], row[3], row[4]) for row in waited],
    )


def _place(row: Any) -> Place:
    return UUID(bytes=row[0].bytes), row[1]


def _kept(row: Any, batches: Sequence[Batch]) -> Kept:
    _, _, batch_no, item_no, seq, refusal, metadata, tombstone = row
    if batch_no is None:
        # (Of those that start there a batch of refusals alone comes first, and the one with the posting last.)
        batch_no = batches[bisect_right(batches, seq, key=lambda batch: batch.first_seq) - 1].batch_no
    figures: dict[str, str] = json.loads(metadata) if metadata else {}
    headroom = int(figures["headroom"]) if "headroom" in figures else None
    available = figure_of(refusal or "", figures)
    return Kept(_place(row), batch_no, item_no, seq, refusal or "", available, tombstone, headroom)


def _order(kept: Kept) -> tuple[int, int, int]:
    """In which it was decided: of one item a posting before what was refused right after it."""
    return kept.batch_no, kept.item_no, sys.maxsize if kept.seq is None else kept.seq
