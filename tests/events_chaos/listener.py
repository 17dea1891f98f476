"""A subscriber in a process of its own: `python -m tests.events_chaos.listener NAME PARTNER`.

It writes down each event that it takes in its own database, where a double would be a second row.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus import Bus, Stream
from services.runtime.database import Database
from services.runtime.grpc_client import open_channel
from services.runtime.inbox import Inbox, inbox_table
from services.runtime.principal import HOST, Signer
from services.runtime.process import Process
from services.runtime.secrets import read_key
from services.runtime.settings import PlatformSettings, settings_in
from services.runtime.subscriber import Each, Subscriber, Subscription
from services.runtime.subscribing.handling import Event
from services.runtime.subscribing.lanes import Lanes
from services.runtime.subscribing.owners import GrpcOwner
from services.runtime.subscribing.tables import subscription_tables
from tests.events_chaos.wanted import WANTED, Wanted

METADATA: Final = MetaData()
INBOX: Final = inbox_table(METADATA)
TABLES: Final = subscription_tables(METADATA)
#: No key on what it is about: a double would be seen.
EFFECT: Final = Table(
    "effect", METADATA,
    Column("no", BigInteger, primary_key=True, autoincrement=True), Column("source", Text), Column("programme", Text),
    Column("pos", BigInteger), Column("type", Text), Column("key", Text), Column("payload", LargeBinary),
)  # fmt: skip
#: The URL of the subscriber's database.
URL: Final = "CHAOS_DATABASE_URL"
#: Tried again for longer than any run lasts.
_BACKOFF_SECONDS: Final = (0.2, 0.5, *[1.0] * 600)
_STUMBLES_EVERY: Final = 100
_CONNECTIONS: Final = 20
_STATEMENT_SECONDS: Final = 30


class _Handler:
    """Writes down what it takes, and stumbles where it is to."""

    def __init__(self, wanted: Wanted, source: str, partner: bytes) -> None:
        self._wanted, self._source, self._partner = wanted, source, partner
        self._stumbled: set[tuple[str, int]] = set()

    async def __call__(self, connection: AsyncConnection, event: Event) -> None:
        record = event.record
        if not self._wanted.takes(record.type, record.partner_id, self._partner):
            return
        row = {
            "source": self._source, "programme": event.programme, "pos": record.pos, "type": record.type,
            "key": event.member_id.hex if event.member_id else "", "payload": record.payload,
        }  # fmt: skip
        await connection.execute(insert(EFFECT).values(row))
        place = event.programme, record.pos
        if self._wanted.stumbles and record.pos % _STUMBLES_EVERY == 0 and place not in self._stumbled:
            self._stumbled.add(place)
            raise ValueError("stumbled")


async def serve(wanted: Wanted, partner: bytes) -> None:
    """Subscribes until it is killed."""
    environment = {**os.environ, "COALITION_LOG_LEVEL": "INFO"}
    platform = settings_in(PlatformSettings, environment)
    process = Process(wanted.name, platform)
    database, bus = (
        Database(environment[URL], wanted.name, _CONNECTIONS, _STATEMENT_SECONDS),
        Bus.of(platform, wanted.name),
    )
    key = environment["COALITION_PRINCIPAL_PRIVATE_KEY"]
    signer = Signer(HOST, read_key(key, "COALITION_PRINCIPAL_PRIVATE_KEY"))
    partners = open_channel(environment["COALITION_PARTNERS_TARGET"])
    for stream in wanted.streams:
        channel = open_channel(environment[f"COALITION_{stream.service.upper()}_TARGET"])
        owner = GrpcOwner(stream, channel, partners, signer)
        handler = _Handler(wanted, stream.service, partner)
        each = Each(handler, backoff_seconds=_BACKOFF_SECONDS)
        name = f"{wanted.name}-{stream.service}"
        about = Subscription(name, stream, owner, each, owner.programmes)
        process.background(_running(wanted, about, database, bus, stream), name)
    await process.run()


async def _running(wanted: Wanted, about: Subscription, database: Database, bus: Bus, stream: Stream) -> None:
    if wanted.shared:

        def lane(partition: int) -> Inbox:
            return Inbox(INBOX, about.name, stream.service, partition)

        await Lanes(database, bus, lane, about, TABLES).run()
    else:
        inbox = Inbox(INBOX, about.name, stream.service)
        await Subscriber(database, bus, inbox, about, TABLES).run()


if __name__ == "__main__":
    asyncio.run(serve(WANTED[sys.argv[1]], bytes.fromhex(sys.argv[2])))
