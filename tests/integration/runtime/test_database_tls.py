"""A database URL with sslmode and sslrootcert: for the pool and for connections beside it, as PostgreSQL's own clients take it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from services.launcher.connections import Greets, served_certificate, with_certificate
from services.runtime.database import Database
from services.runtime.errors import Unavailable
from tests.support.certificates import Authority, Issued
from tests.support.servers import ServiceDatabase

_REQUEST: Final = bytes.fromhex("0000000804d2162f")


@asynccontextmanager
async def tls_before(database: ServiceDatabase, issued: Issued) -> AsyncGenerator[tuple[str, list[bool]]]:
    """A server that speaks TLS as PostgreSQL does, before the real one; its URL, and whether each connection came over TLS."""
    target, encrypted = urlsplit(database.runtime_url), list[bool]()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(issued.certificate, issued.key)

    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        ends = [writer]
        try:
            first = await reader.readexactly(len(_REQUEST))
            encrypted.append(first == _REQUEST)
            if first == _REQUEST:
                writer.write(b"S")
                await writer.start_tls(context)
            answers, onward = await asyncio.open_connection(target.hostname, target.port)
            ends.append(onward)
            if first != _REQUEST:
                onward.write(first)
            await asyncio.gather(_pass_on(reader, onward), _pass_on(answers, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for end in ends:
                end.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = target.netloc.rpartition("@")[0]
    async with server:
        yield target._replace(netloc=f"{user}@127.0.0.1:{port}").geturl(), encrypted
    for task in filter(None, serving):
        task.cancel()
    await asyncio.gather(*filter(None, serving), return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    database = Database(url, "test", 2, 30)
    try:
        yield database
    finally:
        await database.close()


async def _works(database: Database) -> bool:
    connection = await database.writer.connect_alone({"jit": "on"})
    alone = await connection.fetchval("SHOW jit") == "on"
    await connection.close()
    return alone and await database.writer.run(lambda own: own.scalar(text("SELECT true")))


async def test_sslmode_and_sslrootcert_count_for_every_connection(
    database_for: Callable[[str], ServiceDatabase], tmp_path: Path
) -> None:
    given, ours = database_for("points"), Authority(tmp_path / "ours")
    theirs = Authority(tmp_path / "theirs", "another authority").certificate
    async with tls_before(given, ours.issue("postgres")) as (url, encrypted):
        async with opened(f"{url}?sslmode=verify-full&sslrootcert={ours.certificate}") as database:
            assert await _works(database)
            assert encrypted == [True, True]
        port = urlsplit(url).port or 0
        shown = await asyncio.to_thread(served_certificate, "127.0.0.1", port, Greets.POSTGRES)
        assert "TLS, certificate until 20" in with_certificate("PostgreSQL", "it", shown).found
        async with opened(f"{url}?sslmode=verify-full&sslrootcert={theirs}") as database:
            with pytest.raises(Unavailable, match="the database cannot be reached"):
                await database.writer.run(lambda own: own.execute(text("SELECT 1")))
            with pytest.raises(ssl.SSLCertVerificationError):
                await database.writer.connect_alone({})
    elsewhere = tls_before(given, ours.issue("elsewhere", "elsewhere.example"))
    async with (
        elsewhere as (url, _),
        opened(f"{url}?sslmode=verify-full&sslrootcert={ours.certificate}") as database,
    ):
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            await database.writer.connect_alone({})


async def test_a_server_without_tls_is_refused_where_tls_is_asked_for(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    async with opened(f"{database_for('points').runtime_url}?sslmode=require") as database:
        with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
            await database.writer.connect_alone({})
        with pytest.raises(Unavailable, match="the database cannot be reached"):
            await database.writer.run(lambda own: own.execute(text("SELECT 1")))
