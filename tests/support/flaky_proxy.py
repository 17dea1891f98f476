"""A proxy in front of PostgreSQL that breaks the connection at the worst moment: around a COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

_CHUNK_BYTES: Final = 64 * 1024


class Cut(Enum):
    """When the connection goes, seen from the client that sent COMMIT."""

    BEFORE_COMMIT = "the server never hears of it"
    AFTER_COMMIT = "the server has done it, the client never hears of that"


class FlakyProxy:
    """Relays bytes. A cut that is armed strikes the next COMMIT of a connection that has sent `marker`."""

    def __init__(self, host: str, port: int, marker: bytes) -> None:
        self._host, self._port, self._marker = host, port, marker
        self._armed: list[Cut] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.cuts = 0

    def arm(self, *cuts: Cut) -> None:
        """Strikes the next COMMITs so, one each."""
        self._armed += cuts

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        try:
            async with asyncio.TaskGroup() as group:
                swallow = asyncio.Event()
                group.create_task(self._up(reader, server_writer, swallow))
                group.create_task(self._down(server_reader, writer, swallow))
        except* (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in (writer, server_writer):
                each.transport.abort()

    async def _up(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, swallow: asyncio.Event
    ) -> None:
        marked = False
        while data := await client.read(_CHUNK_BYTES):
            marked = marked or self._marker in data
            if marked and self._armed and b"COMMIT" in data:
                self.cuts += 1
                if self._armed.pop(0) is Cut.BEFORE_COMMIT:
                    raise ConnectionResetError
                swallow.set()
            server.write(data)
            await server.drain()
        raise ConnectionResetError

    @staticmethod
    async def _down(
        server: asyncio.StreamReader, client: asyncio.StreamWriter, swallow: asyncio.Event
    ) -> None:
        while data := await server.read(_CHUNK_BYTES):
            if swallow.is_set():
                raise ConnectionResetError
            client.write(data)
            await client.drain()
        raise ConnectionResetError

    async def close(self) -> None:
        """Drops everybody."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def flaky_proxy(url: str, marker: bytes) -> AsyncGenerator[tuple[FlakyProxy, str]]:
    """A proxy in front of a database, and the database's URL through it."""
    parts = urlsplit(url)
    proxy = FlakyProxy(parts.hostname or "", parts.port or 5432, marker)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    try:
        yield proxy, parts._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}").geturl()
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
