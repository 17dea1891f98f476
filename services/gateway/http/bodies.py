"""Reading what a request carries: its body, and the headers that a write needs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from starlette.requests import Request

from services.gateway.domain.errors import FieldError, HttpError, InvalidBody
from services.gateway.http.exchange import Exchange, exchange_of
from services.runtime.errors import InvalidRequest

_JSON: Final = re.compile(rb"application/json(?: *;.*)?", re.IGNORECASE)
_FILE: Final = re.compile(
    rb'(?:(text/csv)|application/(?:x-ndjson|ndjson|jsonl))(?: *; *charset *= *"?utf-8"?)? *;?(?: *header=present *)?',
    re.IGNORECASE,
)
_LATER: Final = re.compile(rb"(?:^|[,;]) *respond-async *(?:$|[,;])", re.IGNORECASE)
_BARE_KEY: Final = re.compile(rb"[!#-~][!-~]{0,254}")
_QUOTED_KEY: Final = re.compile(rb'"([!#-\[\]-~]{1,255})"')
_KEY_HEADER: Final = "Idempotency-Key"


class ClientGone(Exception):
    """The client has closed the connection before its request was read."""


async def read_json(request: Request, bytes_max: int) -> bytes:
    """The body of a request that says it is JSON.

    Raises HttpError (415) for another type, InvalidRequest (BODY_TOO_LARGE) beyond the limit, ClientGone.
    """
    exchange = exchange_of(request)
    if not is_json(exchange):
        raise HttpError(
            415, Reason.REASON_UNSUPPORTED, "the body must be JSON: Content-Type: application/json"
        )
    _check_head(exchange, bytes_max)
    exchange.reading = True
    body = await _read(request, bytes_max)
    exchange.reading = False
    return body


def is_json(exchange: Exchange) -> bool:
    """Whether the body says that it is JSON."""
    return _JSON.fullmatch(exchange.headers.get(b"content-type", b"")) is not None


def prefers_later(exchange: Exchange) -> bool:
    """Whether the client would rather be answered before the work is done (RFC 7240)."""
    return _LATER.search(exchange.headers.get(b"prefer", b"")) is not None


def open_file(
    request: Request, bytes_max: int, stall_seconds: float | None = None
) -> tuple[bool, AsyncIterator[bytes]]:
    """Whether the body is CSV (else JSON lines), and its pieces as they arrive, each within `stall_seconds` of the one before.

    Raises HttpError (415) for another type, another encoding or a compressed body, InvalidRequest (BODY_TOO_LARGE) where more is
    announced than the limit; the pieces do beyond it, and raise ClientGone.
    """
    exchange = exchange_of(request)
    told = _FILE.fullmatch(exchange.headers.get(b"content-type", b""))
    if told is None:
        wanted = "Content-Type: text/csv or application/x-ndjson, in UTF-8"
        raise HttpError(415, Reason.REASON_UNSUPPORTED, f"the body must be a file of lines: {wanted}")
    _check_head(exchange, bytes_max)
    return told[1] is not None, _file_pieces(request, bytes_max, stall_seconds)


async def _file_pieces(request: Request, bytes_max: int, stall_seconds: float | None) -> AsyncIterator[bytes]:
    exchange = exchange_of(request)
    exchange.reading = True
    async for piece in _pieces(request, bytes_max, stall_seconds):
        yield piece
    exchange.reading = False


def _check_head(exchange: Exchange, bytes_max: int) -> None:
    if b"content-encoding" in exchange.headers:
        raise HttpError(415, Reason.REASON_UNSUPPORTED, "the body must not be compressed")
    announced = exchange.headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:19]) > bytes_max:
        raise _too_large(bytes_max)


async def _read(request: Request, bytes_max: int) -> bytes:
    pieces = [piece async for piece in _pieces(request, bytes_max)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _pieces(
    request: Request, bytes_max: int, stall_seconds: float | None = None
) -> AsyncIterator[bytes]:
    size = 0
    while True:
        try:
            async with asyncio.timeout(stall_seconds):
                message = await request.receive()
        except TimeoutError:
            raise HttpError(
                408, Reason.REASON_INVALID_REQUEST, f"nothing came for {stall_seconds:g} seconds"
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > bytes_max:
            raise _too_large(bytes_max)
        yield piece
        if not message.get("more_body", False):
            return


def idempotency_key(exchange: Exchange) -> str:
    """The caller's key: 1 to 255 visible ASCII characters, bare or in double quotes.

    Raises InvalidRequest with IDEMPOTENCY_KEY_MISSING where there is none, InvalidBody where it is malformed
    or given twice.
    """
    given = exchange.headers.get(b"idempotency-key", b"").strip()
    if not given or given == b'""':
        raise InvalidRequest(
            "a write needs the header Idempotency-Key", Reason.REASON_IDEMPOTENCY_KEY_MISSING
        )
    quoted = _QUOTED_KEY.fullmatch(given)
    if quoted is None and not _BARE_KEY.fullmatch(given):
        raise _bad_key("It has 1 to 255 visible ASCII characters, bare or in double quotes")
    pairs: list[tuple[bytes, bytes]] = exchange.http["headers"]
    if len(pairs) != len(exchange.headers) and sum(name == b"idempotency-key" for name, _ in pairs) > 1:
        raise _bad_key("It is given more than once")
    return (quoted[1] if quoted else given).decode()


def _bad_key(detail: str) -> InvalidBody:
    return InvalidBody(f"{_KEY_HEADER}: {detail}", [FieldError("malformed", detail, header=_KEY_HEADER)])


def _too_large(bytes_max: int) -> InvalidRequest:
    return InvalidRequest(
        f"the body has more than {bytes_max:,} bytes", Reason.REASON_BODY_TOO_LARGE, limit_bytes=bytes_max
    )
