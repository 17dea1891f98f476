"""Quiet hours: when members are not written to, by the clock on their wall."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.runtime.clock import MICROS_PER_SECOND, in_zone, to_micros

_MINUTE_US: Final = 60 * MICROS_PER_SECOND
_MINUTES_A_DAY: Final = 1_440
# Longer than any quiet hours, on a day that is an hour longer.
_LOOKED_AHEAD: Final = _MINUTES_A_DAY + 180


def quiet_until_us(now_us: int, from_minute: int, to_minute: int, zone: str) -> int:
    """When it is not quiet any more, in microseconds since 1970: `now_us` itself where it is not.

    Minutes are after midnight, 0 to 1,439, the end not part of it; an end before the beginning lies on the next day, and where
    both are the same there are no quiet hours. A day on which clocks are changed has the quiet hours that its clocks show: where
    the end is left out, they end with the change; where it comes twice, they begin again. Raises ValueError for an unknown zone.
    """
    if from_minute == to_minute or not _is_quiet(in_zone(now_us, zone), from_minute, to_minute):
        return now_us
    local = in_zone(now_us // _MINUTE_US * _MINUTE_US, zone)
    # Minute by minute: clocks are changed at any of them, and a night has few.
    start = to_micros(local)
    for minute in range(1, _LOOKED_AHEAD):
        at_us = start + minute * _MINUTE_US
        if not _is_quiet(in_zone(at_us, zone), from_minute, to_minute):
            return at_us
    return now_us + int(timedelta(days=1).total_seconds()) * MICROS_PER_SECOND


def _is_quiet(local: datetime, from_minute: int, to_minute: int) -> bool:
    minute = local.hour * 60 + local.minute
    if from_minute < to_minute:
        return from_minute <= minute < to_minute
    return minute >= from_minute or minute < to_minute
