"""Business days: from midnight to midnight in the programme's zone, by the time at which the ledger recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.runtime.clock import in_zone, to_micros

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Nothing was recorded before; a day farther back or ahead is a slip of the pen.
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2200, 1, 1)


class NoDay(ValueError):
    """A text that is not a day that there can be a file of."""


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """A day and the stretch of the journal that was recorded on it, both ends included.

    Times are microseconds since 1970-01-01 UTC, the end excluded. `closed`: it is over, and never changes any more; of
    an open one `last_seq` is how far the journal goes by now.
    """

    day: date
    starts_at_us: int
    ends_at_us: int
    first_seq: int
    last_seq: int
    closed: bool


def read_day(text: str) -> date:
    """A day from YYYY-MM-DD, from 2000 to 2200. Raises NoDay."""
    try:
        if not _DATE.fullmatch(text):
            raise NoDay("This is not a day: YYYY-MM-DD")
        day = date.fromisoformat(text)
    except NoDay:
        raise
    except ValueError:
        raise NoDay("This is not a day of the calendar") from None
    if not FIRST_DAY <= day < LAST_DAY:
        raise NoDay(f"A day from {FIRST_DAY} on and before {LAST_DAY} is needed")
    return day


def bounds_us(day: date, zone: str) -> tuple[int, int]:
    """When a day starts and when the next one does, in a programme's zone: 23 to 25 hours apart."""
    start, end = (datetime.combine(each, time(), ZoneInfo(zone)) for each in (day, day + timedelta(days=1)))
    return to_micros(start), to_micros(end)


def day_of(recorded_at_us: int, zone: str) -> date:
    """The day that a programme time is on."""
    return in_zone(recorded_at_us, zone).date()
