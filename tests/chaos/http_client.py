"""The HTTP that a till needs and no more: one request at a time on a connection that is kept while it is good.

A client that is made for browsers takes as much of the machine as the gateway that it asks, and has an opinion of its own
on when to try again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_IDLE_MAX: Final = 32
_HEAD_BYTES_MAX: Final = 64 * 1024

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoAnswer(Exception):
    """Nothing came back, or half of it; why is in the name of what it says."""


class HttpClient:
    """Asks one server as one caller."""

    def __init__(self, base_url: str, secret: str) -> None:
        url = urlsplit(base_url)
        self._host, self._port = url.hostname or "", url.port or 80
        self._authorization = f"Bearer {secret}"
        self._idle: list[_Connection] = []

    async def request(
        self, method: str, path: str, seconds: float, body: object = None, key: str = ""
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        """Status, headers by lower-case name, and the JSON of an answer. Raises NoAnswer."""
        content = json.dumps(body).encode() if body is not None else b""
        head = [
            f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}",
            f"Authorization: {self._authorization}", f"Content-Length: {len(content)}",
            *(["Content-Type: application/json"] if content else []),
            *([f"Idempotency-Key: {key}"] if key else []), "", "",
        ]  # fmt: skip
        connection: _Connection | None = None
        good = False
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connected()
                reader, writer = connection
                writer.write("\r\n".join(head).encode() + content)
                await writer.drain()
                status, headers = await _head(reader)
                told = await reader.readexactly(int(headers.get("content-length", "0")))
                answer: dict[str, Any] = json.loads(told) if told else {}
                good = headers.get("connection", "").lower() != "close"
                return status, headers, answer
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            # Cancelled, timed out or broken off: what may still come on it belongs to nobody.
            if connection is not None:
                self._put_back(connection, good)

    async def close(self) -> None:
        """Closes what is idle."""
        while self._idle:
            _, writer = self._idle.pop()
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _connected(self) -> _Connection:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.transport.abort()
        return await asyncio.open_connection(self._host, self._port, limit=_HEAD_BYTES_MAX)

    def _put_back(self, connection: _Connection, good: bool) -> None:
        if good and len(self._idle) < _IDLE_MAX:
            self._idle.append(connection)
        else:
            connection[1].transport.abort()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = (line.partition(":") for line in lines if line)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in headers}
