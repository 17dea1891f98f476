"""The listening socket: many connections at once, a port that is taken, and the end."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest
import uvloop
from pydantic import SecretStr

from services.gateway.http.server import HttpServer
from services.gateway.settings import Settings
from tests.support.keys import key_text

_TURN_SECONDS = 0.005
_BURST = 200


async def _app(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def _settings(port: int = 0) -> Settings:
    # (Nothing is asked of the database.)
    return Settings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        secret_key=SecretStr(key_text()),
        http_host="127.0.0.1",
        http_port=port,
        stop_grace_seconds=1,
    )


def test_a_burst_of_new_tills_is_let_in_within_a_few_turns_of_a_busy_loop() -> None:
    async def burst() -> int:
        server = HttpServer(_app, _settings())
        address = ("127.0.0.1", await server.start())
        tills = [socket.create_connection(address) for _ in range(_BURST)]
        for each in tills:
            each.sendall(b"GET / HTTP/1.1\r\nHost: till\r\n\r\n")
            each.setblocking(False)
        turns, waiting = 0, set(tills)
        while waiting and turns < _BURST:
            time.sleep(_TURN_SECONDS)
            await asyncio.sleep(0)
            turns += 1
            waiting -= {each for each in waiting if _is_answered(each)}
        for each in tills:
            each.close()
        await server.stop()
        return turns

    # One each turn would make 200; a few more until all are read and answered.
    assert uvloop.run(burst()) < _BURST / 4


def _is_answered(till: socket.socket) -> bool:
    try:
        return till.recv(64).startswith(b"HTTP/1.1 200")
    except BlockingIOError:
        return False


def test_a_port_that_is_taken_is_told_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = HttpServer(_app, _settings(port))
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            uvloop.run(server.start())


def test_after_the_end_nobody_connects() -> None:
    async def end() -> int:
        server = HttpServer(_app, _settings())
        port = await server.start()
        await server.stop()
        return port

    port = uvloop.run(end())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
