"""A service that tells and one that listens, reduced to what the runtime gives them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus import Bus, Stream
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.event_log import EventLog, NewEvent, event_tables
from services.runtime.ids import new_id
from services.runtime.inbox import Inbox, inbox_table
from services.runtime.subscriber import Subscriber, Subscription
from tests.support.own_nats import new_stream
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase

_metadata: Final = MetaData()
EVENTS: Final = event_tables(_metadata)
INBOX: Final = inbox_table(_metadata)
MEMBERS: Final = [new_id() for _ in range(5)]

# Of all tellers: a relay finds every programme of the database, those of other tests too.
LEDGERS: Final[dict[str, int]] = {}

Handler = Callable[[str, Sequence[EventRecord]], Awaitable[None]]


def database_of(given: ServiceDatabase, process: str = "test", pool_size: int = 6) -> Database:
    """A handle with the rights of the service."""
    return Database(given.runtime_url, process, pool_size, 30)


@dataclass
class Teller:
    """A service with an event log, and programmes of the test's own in it."""

    database: Database
    log: EventLog = field(default_factory=lambda: EventLog(EVENTS))
    stream: Stream = field(default_factory=new_stream)

    @property
    def ledgers(self) -> dict[str, int]:
        return LEDGERS

    def programme(self) -> str:
        """A new programme."""
        slug = f"p-{secrets.token_hex(4)}"
        self.ledgers[slug] = len(self.ledgers) + 1
        return slug

    async def tell(self, programme: str, count: int = 1, block: int = 10) -> None:
        """Appends events, so many a transaction."""
        for first in range(0, count, block):
            events = [
                NewEvent(
                    "thing.happened",
                    secrets.token_bytes(8),
                    wall_now_us(),
                    member_id=secrets.choice(MEMBERS),
                    partner_id=new_id(),
                    seq=number + 1,
                )
                for number in range(first, min(first + block, count))
            ]
            async with self.database.writer.transaction() as connection:
                await self.log.append(connection, self.ledgers[programme], programme, events)

    async def told(self, programme: str) -> list[EventRecord]:
        """The log as it is."""
        return [
            record async for block in self.read_events(programme, 1, 0) for record in block
        ]  # fmt: skip

    def read_events(self, programme: str, from_pos: int, limit: int) -> AsyncIterator[list[EventRecord]]:
        """What the owner answers to a subscriber that has missed something."""
        return self.log.read(self.database.reader, self.ledgers[programme], from_pos, limit)

    async def relayed(self, programme: str) -> int:
        """How far the relay has come."""
        async with self.database.reader.snapshot() as connection:
            return (await self.log.positions(connection, self.ledgers[programme]))[1]


@dataclass
class Listener:
    """A subscriber that writes down what it applies, in the transaction that it is given."""

    database: Database
    bus: Bus
    owner: Teller
    name: str = field(default_factory=lambda: f"test-{secrets.token_hex(4)}")
    before: Handler | None = None
    known: Sequence[str] = ()

    @property
    def inbox(self) -> Inbox:
        return Inbox(INBOX, self.name, self.owner.stream.service)

    def subscriber(self) -> Subscriber:
        """Made anew for each run, as another process would."""

        async def programmes() -> Sequence[str]:
            heard = await self.inbox.programmes(self.database.writer)
            return sorted({*heard, *self.known})

        about = Subscription(self.name, self.owner.stream, self.owner, self._apply, programmes)
        return Subscriber(self.database, self.bus, self.inbox, about)

    async def _apply(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        if self.before is not None:
            await self.before(programme, records)
        await connection.execute(
            text("INSERT INTO applied (subscriber, programme, pos, payload) VALUES (:s, :p, :pos, :payload)"),
            [
                {"s": self.name, "p": programme, "pos": record.pos, "payload": record.payload}
                for record in records
            ],
        )

    async def applied(self, programme: str) -> list[tuple[int, bytes]]:
        """Position and payload of what was applied, in the order in which it was."""
        async with self.database.writer.transaction() as connection:
            found = await connection.execute(
                text("SELECT pos, payload FROM applied WHERE subscriber = :s AND programme = :p ORDER BY no"),
                {"s": self.name, "p": programme},
            )
            return [(row.pos, row.payload) for row in found]

    async def has_all(self, programme: str) -> bool:
        """Whether everything told has been applied."""
        return len(await self.applied(programme)) >= len(await self.owner.told(programme))

    async def assert_once_and_in_order(self, programme: str) -> None:
        """What was applied is the owner's log, once and in its order."""
        told = [(record.pos, record.payload) for record in await self.owner.told(programme)]
        assert await self.applied(programme) == told


async def make_applied_table(database: ServiceDatabase) -> None:
    """The table that listeners write to. No key on it: a double would be seen."""
    async with as_superuser(database) as connection:
        await connection.execute(
            """CREATE TABLE IF NOT EXISTS applied (
                no bigserial PRIMARY KEY, subscriber text, programme text, pos bigint, payload bytea
            )"""
        )
        await connection.execute("GRANT ALL ON applied, applied_no_seq TO PUBLIC")


@asynccontextmanager
async def running(*works: Awaitable[None]) -> AsyncGenerator[list[asyncio.Task[None]]]:
    """Runs background work until the block ends."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
