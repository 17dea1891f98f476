"""When points lapse: so many months after the earn, at the end of that month in the programme's zone."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.runtime.clock import MICROS_PER_SECOND, in_zone, to_micros

# Zones change their month on a multiple of a quarter of an hour UTC, so all times of one quarter lapse together.
_QUARTER_US = 900 * MICROS_PER_SECOND


def expires_at_us(earned_at_us: int, months: int, zone: str) -> int:
    """First instant after the expiry month, in microseconds UTC; 0 (never) for 0 months."""
    return _month_end_us(earned_at_us // _QUARTER_US, months, zone) if months else 0


@lru_cache(maxsize=4_096)
def _month_end_us(quarter: int, months: int, zone: str) -> int:
    local = in_zone(quarter * _QUARTER_US, zone)
    years, month = divmod(local.year * 12 + local.month - 1 + months + 1, 12)
    return to_micros(datetime(years, month + 1, 1, tzinfo=ZoneInfo(zone)))
