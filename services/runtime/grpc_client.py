"""Calls to a neighbour: principal, deadline and trace context go along; errors come back as ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any, Final, TypeVar, cast

import grpc
import grpc.aio
from coalition.type.v1.error_pb2 import ItemError
from coalition.type.v1.reason_pb2 import Reason
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from services.runtime import logging, telemetry
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError, Unavailable, error_of, reason_of
from services.runtime.principal import METADATA_KEY
from services.runtime.tls import Tls, handshake_refusal

Response = TypeVar("Response")

_log = logging.get(__name__)

# The largest message that a client or a server of ours sends or takes.
MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
# Every call of ours is safe to repeat (reads, and writes that carry a key), so the channel itself tries
# again where a neighbour is restarting. gRPC wants a name entry; the empty one stands for all methods.
_SERVICE_CONFIG: Final = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 3,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)

# Wall-clock end of the request being served, in microseconds; 0: none. Deadlines are not inherited by
# themselves: what remains is passed on with every call.
deadline_us: ContextVar[int] = ContextVar("deadline_us", default=0)


_OPTIONS: Final[tuple[tuple[str, str | int], ...]] = (
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


def open_channel(target: str, tls: Tls | None = None) -> grpc.aio.Channel:
    """A channel to a neighbour, with keep-alive, bounded messages and retries of reads; plain without `tls`.

    Raises Misconfigured where the files of `tls` cannot be used.
    """
    if tls is None:
        return grpc.aio.insecure_channel(target, options=_OPTIONS)
    return grpc.aio.secure_channel(
        target, tls.channel_credentials(), options=[*_OPTIONS, *tls.channel_options()]
    )


def remaining_seconds(at_most: float) -> float:
    """What is left of the request's deadline, no more than `at_most` and never below a millisecond."""
    end = deadline_us.get()
    return max(0.001, min(at_most, (end - wall_now_us()) / 1e6)) if end else at_most


def _metadata(principal: bytes) -> tuple[tuple[str, str | bytes], ...]:
    traceparent = telemetry.current_traceparent()
    if traceparent:
        return ((METADATA_KEY, principal), (telemetry.TRACEPARENT, traceparent))
    return ((METADATA_KEY, principal),)


async def call(method: Any, request: Any, principal: bytes, timeout_seconds: float = 10.0) -> Any:
    """One unary call. Raises CoalitionError with the neighbour's reason, Unavailable where it has none."""
    with telemetry.span("rpc.client", telemetry.SpanKind.CLIENT):
        try:
            return await method(
                request, timeout=remaining_seconds(timeout_seconds), metadata=_metadata(principal)
            )
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from None


async def stream(
    method: Any, request: Any, principal: bytes, timeout_seconds: float = 600.0
) -> AsyncIterator[Any]:
    """One call that answers a stream; errors as with `call`."""
    opened = method(request, timeout=remaining_seconds(timeout_seconds), metadata=_metadata(principal))
    try:
        async for message in opened:
            yield message
    except grpc.aio.AioRpcError as error:
        raise error_from(error) from None
    finally:
        opened.cancel()


def error_from(error: grpc.aio.AioRpcError) -> CoalitionError:
    """The error of ours that a status stands for."""
    try:
        status = cast("Any", rpc_status).from_call(error)
    except ValueError:
        status = None
    details: list[Any] = list(status.details) if status else []
    for detail in details:
        info = ErrorInfo()
        if detail.Unpack(info):
            return error_of(reason_of(info.reason), error.details() or "", info.metadata)
    code = error.code()
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unavailable("the deadline ended first", Reason.REASON_DEADLINE_EXCEEDED)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Unavailable("the service has too many calls", Reason.REASON_OVERLOADED, retry_after_seconds=1)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return _unreachable(error.details() or "")
    return error_of(Reason.REASON_INTERNAL, f"the service answered {code.name}", {})


def _unreachable(details: str) -> Unavailable:
    """Why is for the operator: in the metadata, which no partner is shown, and in the log of a process that has one."""
    why = handshake_refusal(details)
    if not why:
        return Unavailable("the service cannot be reached")
    if logging.is_configured():
        _log.warning("neighbour.not_believed", why=why)
    return Unavailable("the service cannot be reached", why=why)


def error_of_item(item: ItemError) -> CoalitionError:
    """The error of ours that an item of a batch carries."""
    return error_of(item.reason, item.message, item.metadata)
