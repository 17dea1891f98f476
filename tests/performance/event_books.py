"""The log, and the database, that the rows of events work on: nothing of the platform's own but its two servers."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from coalition.events.v1 import points_pb2
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from services.runtime.clock import to_micros
from services.runtime.database import Database
from services.runtime.event_log import PARTITIONS, EventLog, NewEvent, event_tables
from services.runtime.inbox import inbox_table
from services.runtime.subscribing.tables import subscription_tables

NAME: Final = "coalition_bench_events"
PROGRAMME: Final = "bench"
LEDGER_ID: Final = 1
METADATA: Final = MetaData()
EVENTS: Final = event_tables(METADATA)
INBOX: Final = inbox_table(METADATA)
SUBSCRIPTIONS: Final = subscription_tables(METADATA)
#: What subscribers make of events: a row each, or a row for each partner.
EFFECT: Final = Table("effect", METADATA, Column("pos", BigInteger), Column("type", Text))
SALES: Final = Table(
    "sales", METADATA, Column("partner", Text, primary_key=True), Column("sales", BigInteger)
)
_MEMBERS: Final = 10_000
_PARTNERS: Final = 20
_STARTS_AT: Final = datetime(2024, 1, 1, 12, tzinfo=UTC)
_CONNECTIONS: Final = 4
_STATEMENT_SECONDS: Final = 60
_COLUMNS: Final = ("ledger_id", "pos", "type", "partition", "partition_prev", "partner_id", "seq", "recorded_at", "payload")  # fmt: skip


def url_of(admin_url: str) -> str:
    """The database's URL on an administrator's server."""
    return urlsplit(admin_url)._replace(path=f"/{NAME}").geturl()


async def make(admin_url: str, events: int) -> str:
    """Makes the database with a log of so many earns; answers its URL."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {NAME}")
    finally:
        await connection.close()
    url = url_of(admin_url)
    async with database_at(url, "bench-fill") as database, database.writer.transaction() as made:
        await made.run_sync(METADATA.create_all)
    connection = await asyncpg.connect(url)
    try:
        partition_pos = [0] * PARTITIONS
        rows = [_row(event, pos, partition_pos) for pos, event in enumerate(sales(events), start=1)]
        await connection.copy_records_to_table("event_log", records=rows, columns=_COLUMNS)
        await connection.execute(
            "INSERT INTO event_head (ledger_id, programme, pos, partition_pos) VALUES ($1, $2, $3, $4)",
            LEDGER_ID, PROGRAMME, events, partition_pos,
        )  # fmt: skip
        await connection.execute("VACUUM ANALYZE event_log")
    finally:
        await connection.close()
    return url


def sales(count: int, seed: int = 1) -> list[NewEvent]:
    """Earns as the ledger tells them: of random members at a few partners."""
    rng = Random(seed)
    members = [UUID(int=rng.getrandbits(128)) for _ in range(_MEMBERS)]
    partners = [UUID(int=rng.getrandbits(128)) for _ in range(_PARTNERS)]
    return [_sale(rng, number, rng.choice(members), rng.choice(partners)) for number in range(1, count + 1)]


def _sale(rng: Random, number: int, member: UUID, partner: UUID) -> NewEvent:
    at_us = to_micros(_STARTS_AT + timedelta(milliseconds=number))
    amount = rng.randint(100, 20_000)
    message = points_pb2.PointsEarned(
        transaction_id=rng.randbytes(16),
        seq=number,
        member_id=member.bytes,
        partner_id=partner.bytes,
        points=amount // 100,
        balance_after=amount,
        occurred_at_us=at_us,
        recorded_at_us=at_us,
    )
    return NewEvent("points.earned", message.SerializeToString(), at_us, member, partner, number)


def _row(event: NewEvent, pos: int, partition_pos: list[int]) -> tuple[Any, ...]:
    before, partition_pos[event.partition] = partition_pos[event.partition], pos
    at = _STARTS_AT + timedelta(milliseconds=pos)
    return (
        LEDGER_ID,
        pos,
        event.type,
        event.partition,
        before,
        event.partner_id,
        event.seq,
        at,
        event.payload,
    )


@asynccontextmanager
async def database_at(url: str, process: str) -> AsyncGenerator[Database]:
    """A handle as a service has one."""
    database = Database(url, process, _CONNECTIONS, _STATEMENT_SECONDS)
    try:
        yield database
    finally:
        await database.close()


class LogOwner:
    """The owner of a log, asked for what the bus has lost without a service in between."""

    def __init__(self, database: Database, ledger_id: int) -> None:
        self._database, self._ledger_id, self._log = database, ledger_id, EventLog(EVENTS)

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on."""
        del programme
        async for block in self._log.read(self._database.reader, self._ledger_id, from_pos, limit):
            yield block

    async def last_pos(self) -> int:
        """Where the log ends."""
        async with self._database.reader.snapshot() as connection:
            return (await self._log.positions(connection, self._ledger_id))[0]


def new_name(what: str) -> str:
    """A name that nothing has had before."""
    return f"bench-{what}-{secrets.token_hex(4)}"
