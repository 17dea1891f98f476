"""Days that a figure is about, and months and weeks between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Final

from services.runtime.errors import InvalidRequest

DAYS_MAX: Final = 3_660
_MONTHS: Final = 12
_WEEK: Final = 7


class CohortUnit(Enum):
    """What members are counted by: months of the calendar, or weeks from Monday on. The value is SQL's name of it."""

    MONTH = "month"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Period:
    """Days in the programme's zone, both ends included."""

    first: date
    last: date


def read_day(text: str, field: str) -> date:
    """A day, as 2026-03-31. Raises InvalidRequest."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    # Python reads other forms of ISO 8601 as well.
    if found is None or found.isoformat() != text:
        raise InvalidRequest(f"{field} is to be a day such as 2026-03-31, not {text[:40]!r}", field=field)
    return found


def read_period(first: str, last: str) -> Period:
    """A period of 1 to 3,660 days. Raises InvalidRequest."""
    found = Period(read_day(first, "period.first_day"), read_day(last, "period.last_day"))
    days = (found.last - found.first).days + 1
    if not 1 <= days <= DAYS_MAX:
        raise InvalidRequest(
            f"a period has 1 to {DAYS_MAX:,} days, and not {days:,}: {first} to {last}", field="period"
        )
    return found


def months_between(earlier: date, later: date) -> int:
    """Months of the calendar from one's month to the other's."""
    return (later.year - earlier.year) * _MONTHS + later.month - earlier.month


def age(unit: CohortUnit, start: date, day: date) -> int:
    """How many units lie between the one that starts on a day, and the one that another day is in."""
    if unit is CohortUnit.MONTH:
        return months_between(start, day)
    return (day - timedelta(days=day.weekday()) - start).days // _WEEK
