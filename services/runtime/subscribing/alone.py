"""A subscriber as a program of its own: a handler, a name, and the environment is all that it takes.

For trying things out and for small tools. What runs for good has a service's settings, migrations and key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import MetaData

from services.runtime.bus import Bus, Stream
from services.runtime.database import Database
from services.runtime.grpc_client import open_channel
from services.runtime.inbox import Inbox, inbox_table
from services.runtime.principal import HOST, Signer
from services.runtime.process import Process
from services.runtime.secrets import read_key
from services.runtime.settings import PlatformSettings, settings_in, variable_of
from services.runtime.subscriber import Each, Subscriber, Subscription
from services.runtime.subscribing.owners import GrpcOwner
from services.runtime.subscribing.tables import subscription_tables
from services.runtime.tls import tls_of

#: Tables of the program are defined here, and made at its start where they are not there.
METADATA: Final = MetaData()
_INBOX: Final = inbox_table(METADATA)
_SUBSCRIPTIONS: Final = subscription_tables(METADATA)
_CONNECTIONS: Final = 4
_STATEMENT_SECONDS: Final = 30


async def run_alone(name: str, stream: Stream, each: Each, environment: Mapping[str, str]) -> None:
    """Handles every event of a stream, of all programmes, from the first one on, until SIGINT or SIGTERM.

    `name` names the subscriber and the database `coalition_<name>`, which is made on the PostgreSQL of DATABASE_URL
    where it is not there: lower-case letters, digits and underscores. `environment`: that of the command line. Raises
    ValueError, and KeyError for a variable that is missing.
    """
    if not name.isidentifier() or not name.isascii() or name != name.lower():
        raise ValueError(f"{name!r}: lower-case letters, digits and underscores, a letter first")
    quiet = {variable_of(PlatformSettings, "log_level"): "WARNING"}
    platform = settings_in(PlatformSettings, {**environment, "NATS_URL": environment["NATS_URL"], **quiet})
    tls = tls_of(platform)
    process = Process(name, platform)
    url = await _database(environment["DATABASE_URL"], f"coalition_{name}")
    database, bus = (
        Database(url, name, _CONNECTIONS, _STATEMENT_SECONDS),
        Bus.of(platform, name),
    )
    key = environment["COALITION_PRINCIPAL_PRIVATE_KEY"]
    partners = open_channel(environment["COALITION_PARTNERS_TARGET"], tls)
    channel = open_channel(environment[f"COALITION_{stream.service.upper()}_TARGET"], tls)
    owner = GrpcOwner(
        stream, channel, partners, Signer(HOST, read_key(key, "COALITION_PRINCIPAL_PRIVATE_KEY"))
    )
    for close in (database.close, bus.close, lambda: partners.close(None), lambda: channel.close(None)):
        process.at_stop(close)
    async with database.writer.transaction() as connection:
        await connection.run_sync(METADATA.create_all)
    subscription = Subscription(name, stream, owner, each, owner.programmes)
    subscriber = Subscriber(database, bus, Inbox(_INBOX, name, stream.service), subscription, _SUBSCRIPTIONS)
    process.background(subscriber.run(), name)
    await process.run()


async def _database(admin_url: str, name: str) -> str:
    """The URL of a database on the administrator's server, which is made where it is not there."""
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close(timeout=5)
    return urlsplit(admin_url)._replace(path=f"/{name}").geturl()
