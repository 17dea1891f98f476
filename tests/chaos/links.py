"""TCP connections that can be cut, delayed, frozen and refused: a proxy between a process and what it calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from services.launcher.ports import LOOPBACK

_CHUNK_BYTES: Final = 64 * 1024
_CONNECT_SECONDS: Final = 5.0


class Cut(ConnectionError):
    """The connection ends here, for both sides."""


class Tap(Protocol):
    """Sees what passes on one connection and may hold back some of it. All raise Cut where the connection is to end."""

    def from_client(self, data: bytes) -> bytes:
        """What is passed on to the server now."""
        ...

    def from_server(self, data: bytes) -> bytes:
        """What is passed on to the client now."""
        ...

    def passed(self) -> None:
        """Told that what was passed on is on its way."""
        ...


class _Plain:
    """Passes everything on."""

    def from_client(self, data: bytes) -> bytes:
        return data

    def from_server(self, data: bytes) -> bytes:
        return data

    def passed(self) -> None:
        return


class _Connection:
    """Two streams under way. `frozen`: what is sent is lost, and nobody is told."""

    def __init__(self, task: asyncio.Task[None], client: asyncio.StreamWriter) -> None:
        self.task, self.client = task, client
        self.frozen = False


class Link:
    """One proxy. `upstreams` says at each new connection where it may lead; they take turns.

    `delay_seconds` is added to each way; while `refusing`, new connections are dropped.
    """

    def __init__(
        self, name: str, upstreams: Callable[[], Sequence[int]], tap: Callable[[], Tap] = _Plain
    ) -> None:
        self.name = name
        self.port = 0
        self.delay_seconds = 0.0
        self.refusing = False
        self._upstreams, self._tap = upstreams, tap
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def open(self, port: int) -> None:
        """Listens from now on; port 0 stands for a free one."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends all connections and listens no more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*(each.task for each in list(self._connections)), return_exceptions=True)

    def cut(self) -> int:
        """Ends every connection at once; answers how many there were."""
        for each in list(self._connections):
            each.task.cancel()
        return len(self._connections)

    def freeze(self) -> Callable[[], None]:
        """From now on nothing arrives on the connections that there are; calling what is answered ends them."""
        frozen = list(self._connections)
        for each in frozen:
            each.frozen = True

        def end() -> None:
            for each in frozen:
                each.task.cancel()

        return end

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(task, writer)
        self._connections.add(connection)
        try:
            # Cancelled by a cut: an end like any other, which the server need not hear of.
            with suppress(asyncio.CancelledError):
                await self._relay(connection, reader, writer)
        finally:
            await _abort(writer)
            self._connections.discard(connection)

    async def _relay(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.refusing:
            return
        found = await self._connect()
        if found is None:
            return
        server_reader, server_writer = found
        tap = self._tap()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(connection, reader, server_writer, tap, tap.from_client))
                group.create_task(self._pump(connection, server_reader, writer, tap, tap.from_server))
        except* (ConnectionError, OSError):
            pass
        finally:
            await _abort(server_writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        ports = self._upstreams()
        self._turn += 1
        for offset in range(len(ports)):
            port = ports[(self._turn + offset) % len(ports)]
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(LOOPBACK, port)
        return None

    async def _pump(
        self,
        connection: _Connection,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        tap: Tap,
        seen: Callable[[bytes], bytes],
    ) -> None:
        while data := await source.read(_CHUNK_BYTES):
            passed = seen(data)
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            if passed and not connection.frozen:
                sink.write(passed)
                await sink.drain()
            tap.passed()
        raise Cut


async def _abort(writer: asyncio.StreamWriter) -> None:
    """Ends a connection at once, without what is still to be sent."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
