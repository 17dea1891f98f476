"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from services.runtime.clock import MICROS_PER_SECOND, in_zone

# Answers are full of the same few times: now, and the ends of months.
_REMEMBERED_MAX: Final = 4_096


def instant(micros: int) -> str:
    """The RFC 3339 text, in UTC, of microseconds since 1970-01-01 UTC."""
    seconds, fraction = divmod(micros, MICROS_PER_SECOND)
    return f"{_to_the_second(seconds)}.{fraction:06d}Z" if fraction else f"{_to_the_second(seconds)}Z"


def instant_or_none(micros: int) -> str | None:
    """As instant; None for 0, which stands for no time at all."""
    return instant(micros) if micros else None


@lru_cache(_REMEMBERED_MAX)
def first_day(from_us: int, zone: str) -> str:
    """The calendar day of a moment, in a programme's zone: YYYY-MM-DD."""
    return in_zone(from_us, zone).date().isoformat()


def last_day(expires_at_us: int, zone: str) -> str:
    """The last calendar day before an expiry, in a programme's zone: YYYY-MM-DD."""
    return in_zone(expires_at_us - 1, zone).date().isoformat()


@lru_cache(_REMEMBERED_MAX)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
