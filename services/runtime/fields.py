"""Fields of requests that are read the same everywhere."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.runtime.errors import InvalidRequest

_UUID_BYTES: Final = 16


def read_id(value: bytes, field: str) -> UUID:
    """A UUID. Raises InvalidRequest unless it has 16 bytes."""
    if len(value) != _UUID_BYTES:
        raise InvalidRequest(f"{field} must be the {_UUID_BYTES} bytes of a UUID", field=field)
    return UUID(bytes=value)


def read_optional_id(value: bytes, field: str) -> UUID | None:
    """A UUID, or None where the field is empty. Raises InvalidRequest for any other length."""
    return read_id(value, field) if value else None
