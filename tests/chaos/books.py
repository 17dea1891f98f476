"""The books at the end of a run, as they stand in the databases: journal, answers kept, batches, what was rated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from coalition.points.v1 import journal_pb2
from coalition.points.v1 import points_pb2 as pb

from services.operations.session import Session
from services.runtime.principal import Programme
from tests.support.decided import Decided, read_decided
from tests.support.ledger_facts import Posted
from tests.support.ledger_replay import journal_of
from tests.support.waiting import until

_READ_SECONDS: Final = 120.0


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
class Books(Decided):
    """All of it, and what clearing made of it."""

    records: Sequence[journal_pb2.JournalRecord] = ()
    rated: Sequence[Rated] = ()
    windows_stated: int = 0

    @cached_property
    def journal(self) -> list[Posted]:
        """The journal in the words of the model."""
        return journal_of(self.records)


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
        decided = await read_decided(points, programme.ledger_id, last)
        rated = await partners.fetch(
            """SELECT seq, kind, partner_id, issuer_id, points, amount_micros, point_type FROM rated_entry
            WHERE ledger_id = $1 AND seq <= $2 ORDER BY seq, line""",
            programme.ledger_id,
            last,
        )
        stated = await partners.fetchval(
            "SELECT count(DISTINCT window_number) FROM statement WHERE ledger_id = $1", programme.ledger_id
        )
    return Books(
        decided.kept, decided.batches, decided.parked, decided.waited, records, [Rated(*row) for row in rated], stated
    )  # fmt: skip


async def _until_rated(partners: asyncpg.Connection[asyncpg.Record], ledger_id: int, seq: int) -> None:
    async def rated() -> bool:
        reached = await partners.fetchval("SELECT rated_seq FROM rating_head WHERE ledger_id = $1", ledger_id)
        return reached >= seq

    await until(rated, _READ_SECONDS)


async def _connected(stack: AsyncExitStack, url: str) -> asyncpg.Connection[asyncpg.Record]:
    connection = await asyncpg.connect(url, command_timeout=_READ_SECONDS)
    stack.push_async_callback(connection.close)
    return connection
