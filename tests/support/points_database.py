"""The ledger's database from outside of the service: as its role, as an administrator, as one who locks and kills."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from services.launcher.embedded import location
from services.launcher.embedded.postgres import EmbeddedPostgres
from services.launcher.migrate import migrate_service
from services.runtime.database import PgConnection
from tests.support.servers import ServiceDatabase


@asynccontextmanager
async def as_superuser(
    database: ServiceDatabase, *, without_triggers: bool = False
) -> AsyncGenerator[PgConnection]:
    """The administrator's connection to a database; without triggers it can do what nothing else may."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        if without_triggers:
            await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def undone(connection: PgConnection) -> AsyncGenerator[None]:
    """Whatever the block does on the connection is rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


@asynccontextmanager
async def as_runtime_role(database: ServiceDatabase) -> AsyncGenerator[PgConnection]:
    """A connection with the rights of the service, no more."""
    connection = await asyncpg.connect(database.runtime_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked_table(database: ServiceDatabase, table: str) -> AsyncGenerator[None]:
    """Nobody reads or writes this table until the block ends."""
    async with as_superuser(database) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def own_postgres() -> AsyncGenerator[tuple[EmbeddedPostgres, ServiceDatabase]]:
    """A PostgreSQL of the test's own, which it may stop and start; with the ledger's database, migrated."""
    # Not in a folder of pytest's: a parent that is closed would have to be opened, and whose that is nobody knows.
    folder = Path(tempfile.mkdtemp(prefix="coalition-pg-"))
    if os.geteuid() == 0:
        # It runs as another user then, and must be able to pass through.
        await asyncio.to_thread(folder.chmod, 0o711)
    server = EmbeddedPostgres(
        folder, admin_password=secrets.token_urlsafe(16), settings={"shared_buffers": "64MB"}
    )
    admin_url = await asyncio.to_thread(server.start)
    try:
        parts = urlsplit(admin_url)
        runtime_url = (
            f"postgresql://coalition_points:{secrets.token_hex(16)}@{parts.hostname}:{parts.port}/points"
        )
        await migrate_service(admin_url, runtime_url, "points")
        own_url = parts._replace(path="/points").geturl()
        yield server, ServiceDatabase("points", "points", runtime_url, own_url)
    finally:
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(location.erase_data, folder)
        await asyncio.to_thread(shutil.rmtree, folder)
