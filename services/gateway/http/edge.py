"""What every request passes: id, limits, trace, metrics, log, and the one place where errors become answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from coalition.type.v1.reason_pb2 import Reason
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.domain.api_versions import Versions
from services.gateway.domain.caller import Caller
from services.gateway.domain.errors import FieldError, HttpError, InvalidBody
from services.gateway.http.access_log import AccessLog
from services.gateway.http.answering import problem_answer
from services.gateway.http.bodies import ClientGone
from services.gateway.http.exchange import Exchange
from services.runtime import telemetry
from services.runtime.boundary import told
from services.runtime.errors import CoalitionError, NotFound, Unavailable, code_of
from services.runtime.grpc_client import deadline_us

_CLIENT_GONE: Final = 499
_VERSIONED: Final = "/v1/"


class Edge:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        identify: Callable[[Exchange], Awaitable[Caller]],
        versions: Versions,
        log: AccessLog,
        public_url: str,
        seconds_max: float,
        at_once_max: int,
    ) -> None:
        self._app, self._identify, self._log, self._public_url = app, identify, log, public_url
        self._versions = versions
        self._seconds_max, self._at_once_max = seconds_max, at_once_max
        self._at_once = 0
        self._durations = telemetry.meter().create_histogram("coalition.http.seconds", "s")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; never raises, whatever becomes of it."""
        exchange = Exchange(scope, send, self._seconds_max)
        deadline_us.set(exchange.until_us)
        if scope["path"].startswith(_VERSIONED):
            exchange.version = self._versions.newest
        parent = exchange.headers.get(b"traceparent", b"").decode("latin-1")
        self._at_once += 1
        try:
            with telemetry.span("http.request", telemetry.SpanKind.SERVER, parent=parent) as span:
                await self._serve(exchange, receive)
                if telemetry.enabled():
                    span.update_name(f"{scope['method']} {exchange.route}")
                    span.set_attribute("http.request.method", scope["method"])
                    span.set_attribute("http.route", exchange.route)
                    span.set_attribute("http.response.status_code", exchange.status)
                self._log.write(exchange)
        finally:
            self._at_once -= 1
            exchange.leave()
        self._durations.record(
            exchange.seconds,
            {"method": scope["method"], "route": exchange.route, "status": exchange.status},
        )

    async def _serve(self, exchange: Exchange, receive: Receive) -> None:
        try:
            if self._at_once > self._at_once_max:
                raise Unavailable(
                    "too many requests are being worked on", Reason.REASON_OVERLOADED, retry_after_seconds=1
                )
            async with exchange.timeout:
                await self._run(exchange, receive)
        except ClientGone:
            exchange.status = exchange.status or _CLIENT_GONE
        except Exception as error:
            await self._answer(exchange, receive, error)

    async def _run(self, exchange: Exchange, receive: Receive) -> None:
        try:
            await self._app(exchange.http, receive, exchange.send)
        except RequestValidationError:
            # FastAPI reads parameters before the route looks at the key: who has none is told that, and no more.
            await self._identify(exchange)
            raise

    async def _answer(self, exchange: Exchange, receive: Receive, error: Exception) -> None:
        known = error_of(error, exchange)
        exchange.code = code_of(known.reason).lower()
        if exchange.answered:
            # The head of the answer is out: all that is left is to break it off.
            return
        answer = problem_answer(exchange, known, self._public_url)
        await answer(exchange.http, receive, exchange.send)


def error_of(error: Exception, exchange: Exchange) -> CoalitionError:
    """What the client is told of an error."""
    if isinstance(error, CoalitionError):
        return error
    if isinstance(error, TimeoutError) and exchange.reading:
        return HttpError(408, Reason.REASON_INVALID_REQUEST, "the body did not arrive in time")
    if isinstance(error, HTTPException):
        return _of_routing(error)
    if isinstance(error, RequestValidationError):
        return _of_parameters(error)
    structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
    return told(error, exchange.route or "routing")


def _of_routing(error: HTTPException) -> CoalitionError:
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        return HttpError(405, Reason.REASON_UNSUPPORTED, "this path does not serve this method", allow)
    if error.status_code == 404:
        return NotFound("there is nothing at this path")
    return HttpError(error.status_code, Reason.REASON_INVALID_REQUEST, "the request cannot be read")


def _of_parameters(error: RequestValidationError) -> InvalidBody:
    found = [FieldError(each["type"], each["msg"], parameter=str(each["loc"][-1])) for each in error.errors()]
    return InvalidBody(f"{found[0].parameter}: {found[0].detail}", found)
