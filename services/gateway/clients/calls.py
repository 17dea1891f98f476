"""What all calls to neighbours have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.runtime import logging
from services.runtime.errors import CoalitionError, Fault, Unavailable
from services.runtime.grpc_client import call
from services.runtime.ids import from_bytes
from services.runtime.principal import has_expired

_log = logging.get(__name__)
CALL_SECONDS: Final = 10.0


async def ask(
    method: Any, request: Any, token: bytes, seconds: float = CALL_SECONDS, for_others: Iterable[bytes] = ()
) -> Any:
    """One call as the bearer of `token`, and of the tokens `for_others` in it. Raises CoalitionError with the neighbour's reason.

    The gateway has authenticated its caller by now: a neighbour that takes no principal of ours is a fault
    of the installation, not of the caller's key; or one of them has come to its end on the way, since the wall clock was
    stepped.
    """
    try:
        return await call(method, request, token, seconds)
    except CoalitionError as error:
        if error.reason == Reason.REASON_UNAUTHENTICATED:
            if any(has_expired(each) for each in (token, *for_others)):
                raise Unavailable("the clock was stepped while this was under way") from None
            _log.error("neighbour.refuses_principals", detail=error.message)
            raise Fault from None
        raise


def uuid_of(value: bytes) -> UUID | None:
    """The UUID of a field, or None where it is empty."""
    return from_bytes(value) if value else None
