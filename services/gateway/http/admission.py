"""The way into a route: authentication, scope, idempotency key."""

from __future__ import annotations

from starlette.requests import Request

from services.gateway.app import Gateway
from services.gateway.directory.languages import spoken
from services.gateway.domain.caller import Caller
from services.gateway.domain.quotas import QuotaClass
from services.gateway.http.bodies import idempotency_key
from services.gateway.http.exchange import exchange_of
from services.gateway.http.identity import identify
from services.runtime.partner_standing import Operation


async def admit(
    gateway: Gateway,
    request: Request,
    scope: str = "",
    operation: Operation | None = None,
    counted: QuotaClass = QuotaClass.INTERACTIVE,
) -> Caller:
    """The caller of a request, which takes a place and is counted.

    Raises as identify does, and Refused (TOO_MANY_AT_ONCE, RATE_LIMITED), PermissionDenied without the scope.

    `operation`: what is asked, where the ledger does not see it. Then it is refused here where the partner is suspended, leaves or
    has left. Movements are refused by the ledger, which knows first what it has answered before.
    """
    exchange = exchange_of(request)
    caller = await identify(gateway, exchange)
    gateway.slots.enter(caller)
    exchange.slots = gateway.slots
    exchange.bucket = gateway.quotas.bucket(caller, counted)
    await gateway.quotas.take(exchange.bucket)
    # Until it is known who is at the till.
    spoken.set(gateway.languages.of_programme(caller.programme))
    if scope:
        caller.require(scope)
    if operation is not None:
        caller.require_answered(operation)
    return caller


async def admit_write(
    gateway: Gateway,
    request: Request,
    scope: str,
    operation: Operation | None = None,
    counted: QuotaClass = QuotaClass.INTERACTIVE,
) -> tuple[Caller, str]:
    """The caller of a write and its idempotency key. Raises as admit does, and InvalidRequest for the key."""
    caller = await admit(gateway, request, scope, operation, counted)
    return caller, idempotency_key(exchange_of(request))


def count_lines(gateway: Gateway, request: Request, lines: int) -> None:
    """Counts the lines of a batch or a file, once it is known how many there are; one was counted as it came."""
    bucket = exchange_of(request).bucket
    if bucket is not None:
        gateway.quotas.spend(bucket, lines - 1)
