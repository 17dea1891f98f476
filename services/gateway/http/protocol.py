"""Limits on the head of a request, which the server itself does not set."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_THROWN_AWAY_BYTES_MAX: Final = 16 * 1024 * 1024
_TITLES: Final = {
    400: ("Bad Request", "Request not valid"),
    408: ("Request Timeout", "Request too slow"),
    431: ("Request Header Fields Too Large", "Request head too large"),
}


class _HeadTooLarge(Exception):
    pass


def bounded_protocol(bytes_max: int, seconds_max: float) -> type[asyncio.Protocol]:
    """The protocol of a connection whose request heads have so many bytes and arrive in so many seconds."""
    limits = {"head_bytes_max": bytes_max, "head_seconds_max": seconds_max}
    return type("GatewayProtocol", (BoundedProtocol,), limits)


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections whose request heads are too large or too slow."""

    head_bytes_max: int
    head_seconds_max: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._head_open = False
        self._thrown_away = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """A connection: its first head is awaited from now on."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of it."""
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Watches a head that is not complete yet; the parser gathers it without a limit."""
        super().data_received(data)
        if self._head_open:
            if self._head_timer is None:
                self._await_head()
            self._head_bytes += len(data)
            if self._head_bytes > self.head_bytes_max and not self.transport.is_closing():
                self._refuse(431)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._head_bytes = self._thrown_away = 0
        self._head_open = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. What is raised here reaches send_400_response."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > self.head_bytes_max:
            raise _HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._head_arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body.

        After the answer it is read and thrown away, since closing at once would lose the answer on its way;
        but not for ever.
        """
        super().on_body(body)
        if self.cycle.response_complete:
            self._thrown_away += len(body)
            if self._thrown_away > _THROWN_AWAY_BYTES_MAX:
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP at all in the one form that all errors have."""
        del msg
        self._refuse(431 if self._head_bytes > self.head_bytes_max else 400)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds_max, self._refuse, 408)

    def _head_arrived(self) -> None:
        self._head_open = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int) -> None:
        self._head_arrived()
        phrase, title = _TITLES[status]
        body = orjson.dumps(
            {
                "type": "/errors/invalid_request",
                "title": title,
                "status": status,
                "detail": phrase,
                "instance": "",
                "code": "invalid_request",
                "request_id": "",
                "retryable": False,
            }
        )
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (status, phrase.encode(), len(body), body)
        )
        self.transport.close()
