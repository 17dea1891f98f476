"""uvicorn, as a part of a process that has its own life and signals."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from services.gateway.http.protocol import bounded_protocol
from services.gateway.settings import Settings
from services.runtime import logging

_log = logging.get(__name__)
_BACKLOG = 2_048
_STARTING_SECONDS = 0.01
# uvloop takes one connection from a listening socket in each turn of its loop. Under load a turn lasts ten milliseconds, and tills that
# connect anew would stand behind each other for seconds; so the loop is given the socket several times.
_ACCEPTED_A_TURN = 32


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals alone."""
        yield


class HttpServer:
    """Serves an application over HTTP/1.1 until it is stopped."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._settings = settings
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                http=bounded_protocol(settings.header_bytes_max, settings.header_seconds_max),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=settings.keep_alive_seconds,
                timeout_graceful_shutdown=settings.stop_grace_seconds,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listens; answers the port. Raises OSError where it is taken."""
        self._task = asyncio.get_running_loop().create_task(self._serve(), name="http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise OSError(f"stopped listening on {self._settings.http_host}:{self._settings.http_port}")
            await asyncio.sleep(_STARTING_SECONDS)
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        _log.info("http.serving", host=self._settings.http_host, port=port)
        return port

    async def _serve(self) -> None:
        host, port = self._settings.http_host, self._settings.http_port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise OSError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        # (All of them are closed when it is told to stop, so that nobody connects to what takes no more.)
        with listening:
            sockets = [listening.dup() for _ in range(_ACCEPTED_A_TURN)]
        await self._server.serve(sockets)

    async def wait(self) -> None:
        """Waits until serving ends."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Takes no new connections, lets requests end, then closes."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
