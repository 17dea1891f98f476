"""Limits on the head of a request, which the server itself does not set."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TITLES: Final = {
    400: ("Bad Request", "Request not valid"),
    408: ("Request Timeout", "Request too slow"),
    431: ("Request Header Fields Too Large", "Request head too large"),
}


class _HeadTooLarge(Exception):
    pass


def bounded_protocol(bytes_max: int, seconds_max: float) -> type[asyncio.Protocol]:
    """The protocol of a connection whose request heads have so many bytes and arrive in so many seconds."""

    class BoundedProtocol(HttpToolsProtocol):
        """Closes connections whose heads are too large or too slow."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._head_bytes = 0
            self._head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_arrived()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            # A head that is not complete is only counted here; the parser gathers it without a limit.
            if self._head_timer is not None:
                self._head_bytes += len(data)
                if self._head_bytes > bytes_max and not self.transport.is_closing():
                    self._refuse(431)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._head_bytes = 0
            if self._head_timer is None:
                self._await_head()

        def on_header(self, name: bytes, value: bytes) -> None:
            self._head_bytes += len(name) + len(value)
            if self._head_bytes > bytes_max:
                raise _HeadTooLarge
            super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._head_arrived()
            super().on_headers_complete()

        def send_400_response(self, msg: str) -> None:
            """Answers what is no HTTP at all, in the one form that all errors have."""
            del msg
            self._refuse(431 if self._head_bytes > bytes_max else 400)

        def _await_head(self) -> None:
            self._head_timer = self.loop.call_later(seconds_max, self._refuse, 408)

        def _head_arrived(self) -> None:
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

    return BoundedProtocol
