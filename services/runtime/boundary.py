"""The boundary of a gRPC service: who calls, how long there is, and what may be told of an error.

Outside of health and reflection every call must carry a principal. Whatever a handler raises becomes a
status with an ErrorInfo; the text of anything that is not a CoalitionError stays in the logs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, NoReturn

import grpc
import grpc.aio
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from sqlalchemy.exc import SQLAlchemyError

from services.runtime import logging, telemetry
from services.runtime.clock import wall_now_us
from services.runtime.database import is_away
from services.runtime.errors import DOMAIN, CoalitionError, Fault, Unauthenticated, Unavailable, code_of
from services.runtime.principal import METADATA_KEY, Verifier, current

_log = logging.get(__name__)
_OPEN_METHODS: Final = ("/grpc.health.", "/grpc.reflection.")
if TYPE_CHECKING:
    # Generic in the stubs only.
    CallContext = grpc.aio.ServicerContext[Any, Any]
else:
    CallContext = grpc.aio.ServicerContext


class Boundary(grpc.aio.ServerInterceptor):
    """Wraps every handler of a server."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._calls = telemetry.meter().create_histogram("coalition.rpc.seconds", "s")

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Wraps the handler of one call."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.startswith(_OPEN_METHODS):
            return handler
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(method, handler.unary_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, handler.unary_stream),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.stream_unary is not None:
            # The handler reads the stream itself; what it raises meanwhile is refused like anything else.
            return grpc.stream_unary_rpc_method_handler(
                self._unary(method, handler.stream_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        raise TypeError(f"{method}: a stream both ways has no boundary yet")

    def _unary(self, method: str, handle: Callable[..., Any]) -> Callable[..., Any]:
        async def guarded(request: Any, context: CallContext) -> Any:
            started_us = wall_now_us()
            with telemetry.span(method, telemetry.SpanKind.SERVER, parent=_traceparent(context)):
                try:
                    current.set(self._principal(context))
                    return await handle(request, context)
                except (Exception, asyncio.CancelledError) as error:
                    await _refuse(context, method, error)
                finally:
                    self._calls.record((wall_now_us() - started_us) / 1e6, {"method": method})

        return guarded

    def _stream(self, method: str, handle: Callable[..., AsyncIterator[Any]]) -> Callable[..., Any]:
        async def guarded(request: Any, context: CallContext) -> AsyncIterator[Any]:
            with telemetry.span(method, telemetry.SpanKind.SERVER, parent=_traceparent(context)):
                try:
                    current.set(self._principal(context))
                    async for message in handle(request, context):
                        yield message
                except (Exception, asyncio.CancelledError) as error:
                    await _refuse(context, method, error)

        return guarded

    def _principal(self, context: CallContext) -> Any:
        for name, value in context.invocation_metadata() or ():
            if name == METADATA_KEY:
                return self._verifier.verify(value if isinstance(value, bytes) else value.encode())
        raise Unauthenticated


def _traceparent(context: CallContext) -> str:
    if not telemetry.enabled():
        return ""
    for name, value in context.invocation_metadata() or ():
        if name == telemetry.TRACEPARENT:
            return str(value)
    return ""


async def _refuse(context: CallContext, method: str, error: BaseException) -> NoReturn:
    if isinstance(error, asyncio.CancelledError | grpc.aio.AbortError):
        raise error
    known = told(error, method)
    status = status_of(known)
    await context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status returned")


def told(error: BaseException, where: str) -> CoalitionError:
    """What a caller is told of an error; what it is not told goes to the log."""
    if isinstance(error, CoalitionError):
        return error
    if isinstance(error, TimeoutError):
        return Unavailable("the deadline ended first", Reason.REASON_DEADLINE_EXCEEDED)
    if is_away(error):
        _log.warning("boundary.unavailable", where=where, error=type(error).__name__)
        return Unavailable("something this needs cannot be reached")
    if isinstance(error, SQLAlchemyError) and "QueuePool" in str(error):
        return Unavailable(
            "all database connections are in use", Reason.REASON_OVERLOADED, retry_after_seconds=1
        )
    _log.error("boundary.fault", where=where, exc_info=error)
    return Fault()


def status_of(error: CoalitionError) -> Status:
    """The rich status of an error: code, sentence and ErrorInfo."""
    detail = AnyMessage()
    detail.Pack(ErrorInfo(reason=code_of(error.reason), domain=DOMAIN, metadata=error.metadata))
    code = Code.Value(error.entry.grpc_status.name)
    return Status(code=code, message=error.message, details=[detail])


def item_error_of(error: CoalitionError) -> ItemError:
    """The form of an error inside a batch."""
    return ItemError(reason=error.reason, message=error.message, metadata=error.metadata)
