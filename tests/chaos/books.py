"""The books at the end of a run, as they stand in the databases: journal, answers kept, batches, what was rated."""

from __future__ import annotations

import json
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from coalition.points.v1 import journal_pb2
from coalition.points.v1 import points_pb2 as pb

from services.operations.session import Session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme
from tests.support.ledger_facts import Posted
from tests.support.ledger_replay import journal_of
from tests.support.waiting import until

Place = tuple[UUID, str]
_READ_SECONDS: Final = 120.0


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


class Rated(NamedTuple):
    """What clearing made of a posting: points that make a partner owe or be owed an amount in micros."""

    seq: int
    kind: str
    partner: UUID | None
    issuer: UUID | None
    points: int
    amount_micros: int
    point_type: str | None


@dataclass(frozen=True)
class Books:
    """All of it. `waiting`: where refunds wait for their originals."""

    records: Sequence[journal_pb2.JournalRecord]
    kept: Sequence[Kept]
    batches: Sequence[Batch]
    rated: Sequence[Rated]
    waiting: frozenset[Place] = frozenset()
    windows_stated: int = 0

    @cached_property
    def journal(self) -> list[Posted]:
        """The journal in the words of the model."""
        return journal_of(self.records)

    @cached_property
    def by_place(self) -> dict[Place, Kept]:
        """What is kept under each key."""
        return {kept.place: kept for kept in self.kept}


async def read_books(session: Session, programme: Programme, urls: Mapping[str, str]) -> Books:
    """Reads them, as the service tells the journal and as the tables say the rest. `urls`: by service, an administrator's."""
    async with AsyncExitStack() as stack:
        points = await _connected(stack, urls["points"])
        partners = await _connected(stack, urls["partners"])
        request = pb.ReadJournalRequest(from_seq=1)
        records = [
            record
            async for block in session.stream(session.ledger.ReadJournal, request, programme)
            for record in block.records
        ]
        # The job may post at any time: what follows is read up to where this journal ends.
        last = len(records)
        await _until_rated(partners, programme.ledger_id, last)
        kept = await points.fetch(
            """SELECT i.owner_id, a.key, a.batch_no, a.item_no, a.seq, a.refusal, a.metadata, a.tombstone FROM (
                SELECT ledger_id, partner_no, key, batch_no, item_no, seq, refusal, metadata, content_hash = '' AS tombstone
                FROM decision
                UNION ALL
                SELECT ledger_id, partner_no, key, NULL, item_no, seq, NULL, NULL, false FROM posting WHERE key IS NOT NULL
            ) a JOIN account i ON i.ledger_id = a.ledger_id AND i.account_no = a.partner_no
            WHERE a.ledger_id = $1""",
            programme.ledger_id,
        )
        batches = await points.fetch(
            """SELECT batch_no, first_seq, n, recorded_at FROM batch WHERE ledger_id = $1 AND first_seq + n - 1 <= $2
            ORDER BY batch_no""",
            programme.ledger_id,
            last,
        )
        rated = await partners.fetch(
            """SELECT seq, kind, partner_id, issuer_id, points, amount_micros, point_type FROM rated_entry
            WHERE ledger_id = $1 AND seq <= $2 ORDER BY seq, line""",
            programme.ledger_id,
            last,
        )
        waiting = await points.fetch(
            """SELECT i.owner_id, w.key FROM waiting_refund w
            JOIN account i ON i.ledger_id = w.ledger_id AND i.account_no = w.partner_no
            WHERE w.ledger_id = $1 AND w.open""",
            programme.ledger_id,
        )
        stated = await partners.fetchval(
            "SELECT count(DISTINCT window_number) FROM statement WHERE ledger_id = $1", programme.ledger_id
        )
    found = [Batch(row[0], row[1], row[2], to_micros(row[3])) for row in batches]
    return Books(
        records,
        sorted((_kept(row, found) for row in kept), key=_order),
        found,
        [Rated(*row) for row in rated],
        frozenset((UUID(bytes=row[0].bytes), row[1]) for row in waiting),
        stated,
    )


async def _until_rated(partners: asyncpg.Connection[asyncpg.Record], ledger_id: int, seq: int) -> None:
    async def rated() -> bool:
        reached = await partners.fetchval("SELECT rated_seq FROM rating_head WHERE ledger_id = $1", ledger_id)
        return reached >= seq

    await until(rated, _READ_SECONDS)


def _kept(row: Any, batches: Sequence[Batch]) -> Kept:
    owner, key, batch_no, item_no, seq, refusal, metadata, tombstone = row
    if batch_no is None:
        # (Of those that start there a batch of refusals alone comes first, and the one with the posting last.)
        batch_no = batches[bisect_right(batches, seq, key=lambda batch: batch.first_seq) - 1].batch_no
    available = json.loads(metadata).get("available") if metadata else None
    return Kept(
        (UUID(bytes=owner.bytes), key), batch_no, item_no, seq, refusal or "",
        int(available) if available is not None else None, tombstone,
    )  # fmt: skip


def _order(kept: Kept) -> tuple[int, int, int]:
    """In which it was decided: of one item a posting before what was refused right after it."""
    return kept.batch_no, kept.item_no, sys.maxsize if kept.seq is None else kept.seq


async def _connected(stack: AsyncExitStack, url: str) -> asyncpg.Connection[asyncpg.Record]:
    connection = await asyncpg.connect(url, command_timeout=_READ_SECONDS)
    stack.push_async_callback(connection.close)
    return connection
