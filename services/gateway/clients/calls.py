"""What all calls to neighbours have in common."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.runtime import logging
from services.runtime.errors import CoalitionError, Fault, Unavailable
from services.runtime.grpc_client import call
from services.runtime.ids import from_bytes
from services.runtime.principal import EXPIRED_AT

_log = logging.get(__name__)
CALL_SECONDS: Final = 10.0


async def ask(method: Any, request: Any, token: bytes, seconds: float = CALL_SECONDS) -> Any:
    """One call as the bearer of `token`. Raises CoalitionError with the neighbour's reason.

    The gateway has authenticated its caller by now: a neighbour that takes no principal of ours is a fault
    of the installation, not of the caller's key. One that was good when it left and is not any more is neither: the
    wall clock was stepped meanwhile.
    """
    try:
        return await call(method, request, token, seconds)
    except CoalitionError as error:
        if error.reason == Reason.REASON_UNAUTHENTICATED:
            _log.error("neighbour.refuses_principals", detail=error.message)
            if EXPIRED_AT in error.metadata:
                raise Unavailable("a principal came to its end on the way") from None
            raise Fault from None
        raise


def uuid_of(value: bytes) -> UUID | None:
    """The UUID of a field, or None where it is empty."""
    return from_bytes(value) if value else None
