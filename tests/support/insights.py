"""The insights service on a real database, called through gRPC as anybody, beside event logs that a test fills."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg
from coalition.insights.v1 import insights_pb2 as pb
from coalition.insights.v1.insights_pb2_grpc import InsightsServiceStub
from coalition.operations.v1.subscribers_pb2_grpc import SubscribersServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord
from pydantic import SecretStr
from sqlalchemy import MetaData

from services.insights import service
from services.insights.app import Insights
from services.insights.events.consume import subscriptions
from services.insights.settings import Settings
from services.insights.storage import tables
from services.launcher.processes import SERVICES_DIR
from services.runtime import grpc_client
from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Bus, Stream
from services.runtime.database import Database
from services.runtime.event_log import EventLog, NewEvent, event_tables, payload_of
from services.runtime.grpc_client import open_channel
from services.runtime.inbox import Inbox
from services.runtime.principal import Kind, Programme, Signer, Verifier
from services.runtime.relay import Relay
from services.runtime.subscriber import Subscriber
from tests.support.insights_story import Story
from tests.support.insights_world import Told, World
from tests.support.keys import key_text
from tests.support.servers import ServiceDatabase

W = TypeVar("W", bound=World)

LOG: Final = EventLog(event_tables(MetaData()))
STREAMS: Final = (PARTNERS, MEMBERS, POINTS)
#: Every table of facts.
FACTS: Final = ("programme", "partner", "closed_window", "member", "merged", "sale", "refund", "movement")
_BLOCK_EVENTS: Final = 5_000
_QUERY: Final = re.compile(r"```sql\n-- (\w+):.*?\n(.*?)```", re.DOTALL)
QUERIES: Final = dict(_QUERY.findall((SERVICES_DIR.parent / "docs/insights.md").read_text()))


@dataclass
class Source:
    """A service that tells: a real event log, in a real database."""

    database: Database
    ledgers: dict[str, int] = field(default_factory=dict[str, int])

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """As the owner would answer."""
        if programme in self.ledgers:
            async for block in LOG.read(self.database.reader, self.ledgers[programme], from_pos, limit):
                yield block

    async def programmes(self) -> Sequence[str]:
        """Those of the test."""
        return list(self.ledgers)


@dataclass
class InsightsHouse:
    """A running insights service; `streams`: what each stream is called here."""

    app: Insights
    stub: InsightsServiceStub
    subscribers_stub: SubscribersServiceStub
    signer: Signer
    gateway: Signer
    database: ServiceDatabase
    sources: Mapping[Stream, Source]
    streams: Mapping[Stream, Stream]
    target: str
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    programmes: int = 0

    def begin(self, seed: int = 1) -> Story:
        """A new programme of which nothing has been told yet."""
        self.programmes += 1
        return Story.begin(f"p-{secrets.token_hex(4)}", self.programmes, seed)

    async def tell(self, world: World, events: Sequence[Told] | None = None) -> None:
        """Writes what a world has told into the logs."""
        for stream, source in self.sources.items():
            source.ledgers[world.slug] = world.ledger_id
            new = [
                NewEvent(each.type, payload_of(each.message), each.at_us, each.member_id, each.partner_id, each.seq)
                for each in (world.events if events is None else events)
                if each.stream is stream
            ]  # fmt: skip
            for first in range(0, len(new), _BLOCK_EVENTS):
                async with source.database.writer.transaction() as connection:
                    block = new[first : first + _BLOCK_EVENTS]
                    await LOG.append(connection, world.ledger_id, world.slug, block)

    def subscribers(self, bus: Bus | None = None) -> list[Subscriber]:
        """Made anew, as another process would; without a bus for `catch_up` alone."""
        app, found = self.app, list[Subscriber]()
        sources = {stream: self.sources[stream] for stream in STREAMS}
        for each in subscriptions(app.record, app.forget, sources, self.sources[PARTNERS].programmes):
            about = replace(each, stream=self.streams[each.stream])
            inbox = Inbox(tables.inbox, each.name, each.stream.service)
            found.append(Subscriber(app.database, bus or Bus("", "none"), inbox, about, tables.subscriptions))
        return found

    async def catch_up(self, world: World) -> None:
        """Has all that was told become facts, without a bus."""
        for each in self.subscribers():
            await each.catch_up_on(world.slug)

    async def told(self, world: W) -> W:
        """Tells all of a world, and has it become facts."""
        await self.tell(world)
        await self.catch_up(world)
        return world

    def start(self, bus: Bus) -> None:
        """Runs relays and subscribers in the background."""
        relays = [Relay(self.sources[stream].database, bus, self.streams[stream]).run() for stream in STREAMS]
        self.tasks += map(asyncio.create_task, relays)
        self.tasks += [asyncio.create_task(each.run()) for each in self.subscribers(bus)]

    def programme(self, world: World) -> Programme:
        return Programme(world.ledger_id, world.slug, "America/New_York", "USD", True)

    async def ask(self, world: World, method: str, principal: bytes | None = None, **request: Any) -> Any:
        """A figure, as the host or as somebody else."""
        message = getattr(pb, f"{method}Request")(**request)
        who = principal or self.signer.own(self.programme(world))
        return await grpc_client.call(getattr(self.stub, method), message, who)

    def as_staff(self, world: World, *roles: str) -> bytes:
        return self.signer.sign(Kind.STAFF, "stf_test", self.programme(world), grants=roles)

    def as_partner(self, world: World, partner: UUID, *scopes: str) -> bytes:
        return self.gateway.sign(Kind.PARTNER, "key_test", self.programme(world), partner, scopes)

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Looks at the database as an analyst with its run-time rights."""
        connection = await asyncpg.connect(self.database.runtime_url)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def documented(
        self, name: str, world: World, first: date, last: date, change: Iterable[tuple[str, str]] = ()
    ) -> list[tuple[Any, ...]]:
        """The rows of a query of docs/insights.md, as psql would run it."""
        sql = QUERIES[name].replace(":ledger_id", str(world.ledger_id))
        for old, new in (*change, (":'first'", f"'{first}'"), (":'last'", f"'{last}'")):
            sql = sql.replace(old, new)
        return [tuple(row) for row in await self.fetch(sql)]

    async def facts(self, world: World) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of facts of a programme, sorted."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for table in FACTS:
            rows = await self.fetch(f"SELECT t::text FROM {table} AS t WHERE ledger_id = $1", world.ledger_id)
            found[table] = sorted(tuple(row) for row in rows)
        return found


def period(first: date, last: date) -> pb.Period:
    """As the wire has it."""
    return pb.Period(first_day=first.isoformat(), last_day=last.isoformat())


@asynccontextmanager
async def insights_house(
    database: ServiceDatabase, logs: Mapping[Stream, ServiceDatabase]
) -> AsyncGenerator[InsightsHouse]:
    """Runs the service until the block ends; its subscribers are for the test to start."""
    settings = Settings(database_url=SecretStr(database.runtime_url), grpc_port=0)
    async with AsyncExitStack() as exits:
        signer, gateway = Signer("cli", secrets.token_bytes(32)), Signer("gateway", secrets.token_bytes(32))
        public = f"cli:{key_text(signer.public_key)},gateway:{key_text(gateway.public_key)}"
        pool = Database.of(settings, service.NAME)
        exits.push_async_callback(pool.close)
        sources: dict[Stream, Source] = {}
        for stream, log in logs.items():
            sources[stream] = Source(Database(log.admin_url, "log", 5, 30))
            exits.push_async_callback(sources[stream].database.close)
        app = service.build(pool)
        server = service.server(app, settings, Verifier(public))
        target = f"127.0.0.1:{await server.start()}"
        exits.push_async_callback(server.stop, 0)
        channel = open_channel(target)
        exits.push_async_callback(channel.close)
        # Streams outlive a test: these have subjects of their own.
        streams = {
            each: Stream(f"{each.name}_{secrets.token_hex(4)}", f"{each.service}-{secrets.token_hex(4)}")
            for each in STREAMS
        }
        house = InsightsHouse(
            app, InsightsServiceStub(channel), SubscribersServiceStub(channel), signer, gateway, database,
            sources, streams, target,
        )  # fmt: skip
        exits.push_async_callback(_stop, house.tasks)
        yield house


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def logs_of(database_for: Any) -> dict[Stream, ServiceDatabase]:
    """The event logs of the three services that are read."""
    return {stream: database_for(stream.service) for stream in STREAMS}
