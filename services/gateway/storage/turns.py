"""What all that is kept under an idempotency key has in common: whose turn it is, and a database that is away."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

import asyncpg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.runtime.errors import Unavailable

_UNREACHABLE: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    InterfaceError,
    OperationalError,
    PoolTimeoutError,
)


def lock_of(*name: str) -> int:
    """The advisory lock of a name: 64 bits of a hash. Two names that meet in one only wait for each other."""
    digest = blake2b(" ".join(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


@contextmanager
def reachable(what: str) -> Generator[None]:
    """Raises Unavailable for `what` where the database is away."""
    try:
        yield
    except _UNREACHABLE as error:
        raise Unavailable(f"{what} cannot be read or kept at the moment") from error
