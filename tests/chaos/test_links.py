"""Connections through a proxy are cut, frozen, delayed and refused, and work again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from services.launcher.ports import LOOPBACK
from tests.chaos.links import Link


@asynccontextmanager
async def echoing(*names: bytes) -> AsyncGenerator[Link]:
    """A link to servers that send back what they get, each with its name before it."""
    servers: list[asyncio.Server] = []
    for name in names:

        async def echo(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: bytes = name
        ) -> None:
            while line := await _line(reader):
                writer.write(name + line)
            writer.transport.abort()

        servers.append(await asyncio.start_server(echo, LOOPBACK, 0))
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    link = Link("echo", lambda: ports)
    await link.open(0)
    try:
        yield link
    finally:
        await link.close()
        for server in servers:
            server.close()
        # Their ends of the connections close in the next turn of the loop.
        await asyncio.sleep(0)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next one; empty at the end, however it comes."""
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(link: Link) -> AsyncGenerator[Ends]:
    reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def asked(ends: Ends) -> bytes:
    """What comes back for a line; nothing where the connection ends."""
    reader, writer = ends
    writer.write(b"hello\n")
    return await _line(reader)


async def asked_anew(link: Link) -> bytes:
    """What comes back for a line on a connection of its own."""
    async with connected(link) as ends:
        return await asked(ends)


async def test_connections_take_turns_at_the_servers() -> None:
    async with echoing(b"a ", b"b ") as link:
        heard = [await asked_anew(link) for _ in range(4)]
        assert sorted(heard) == [b"a hello\n", b"a hello\n", b"b hello\n", b"b hello\n"]


async def test_a_cut_ends_what_there_is_and_the_next_connection_works() -> None:
    async with echoing(b"a ") as link, connected(link) as ends:
        assert await asked(ends) == b"a hello\n"
        assert link.cut() == 1
        assert await asked(ends) == b""
        assert await asked_anew(link) == b"a hello\n"


async def test_what_is_sent_on_a_frozen_connection_is_lost_and_nobody_is_told() -> None:
    async with echoing(b"a ") as link, connected(link) as ends:
        assert await asked(ends) == b"a hello\n"
        end = link.freeze()
        waiting = asyncio.create_task(asked(ends))
        assert await asked_anew(link) == b"a hello\n"
        assert not waiting.done()
        end()
        assert await waiting == b""


@pytest.mark.parametrize("refusing", [True, False])
async def test_a_link_refuses_while_it_is_told_to(refusing: bool) -> None:
    async with echoing(b"a ") as link:
        link.refusing = refusing
        assert await asked_anew(link) == (b"" if refusing else b"a hello\n")


async def test_a_connection_whose_server_goes_ends() -> None:
    async with echoing(b"a ") as link, connected(link) as (reader, writer):
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 10) == b""
