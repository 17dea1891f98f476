"""The wall clock. Programme time is the wall clock plus an offset that the ledger's head keeps."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MICROS_PER_SECOND = 1_000_000
MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Last second of the year 9999: later times have no datetime.
MICROS_MAX = 253_402_300_799 * MICROS_PER_SECOND


def wall_now_us() -> int:
    """Wall-clock time now, in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime, exactly. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone has no place on the clock")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The UTC datetime of microseconds since 1970-01-01 UTC, exactly."""
    return _EPOCH + timedelta(microseconds=micros)


def in_zone(micros: int, zone: str) -> datetime:
    """The local datetime of an instant in an IANA zone."""
    return from_micros(micros).astimezone(ZoneInfo(zone))
