"""The weeks of the demo: programme-zone weeks cut Monday 00:00, numbered as the data set numbers them.

2017-01-01 is a Sunday, so week 1 is that one day; week 2 starts on Monday 2 January; week 53 ends with the
year. In the spring and autumn a week is an hour shorter or longer: instants come from local midnights, never
from adding 168 hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Week:
    """A window: instants in UTC, `starts_at` within it, `ends_at` the first after it."""

    number: int
    first_day: date
    last_day: date
    starts_at: datetime
    ends_at: datetime

    def days(self) -> Iterator[date]:
        """Its local dates in order (one for week 1, seven for the others)."""
        day = self.first_day
        while day <= self.last_day:
            yield day
            day += timedelta(days=1)


def ends_a_month(week: Week) -> bool:
    """Whether a month ends in a week, or with its last day."""
    after = week.last_day + timedelta(days=1)
    return (week.first_day.year, week.first_day.month) != (after.year, after.month)


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local date begins."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def week_number(day: date, clock_start: date) -> int:
    """The week of a local date, from 1; a date before `clock_start` raises ValueError."""
    if day < clock_start:
        raise ValueError(f"{day} is before the clock starts on {clock_start}")
    return (_monday(day) - _monday(clock_start)).days // 7 + 1


def weeks(clock_start: date, count: int, zone: ZoneInfo) -> tuple[Week, ...]:
    """Weeks 1 to `count`, without a gap, the first from local midnight of `clock_start`."""
    found: list[Week] = []
    for index in range(count):
        monday = _monday(clock_start) + timedelta(weeks=index)
        first_day = max(monday, clock_start)
        found.append(
            Week(
                number=index + 1,
                first_day=first_day,
                last_day=monday + timedelta(days=6),
                starts_at=local_midnight(first_day, zone),
                ends_at=local_midnight(monday + timedelta(days=7), zone),
            )
        )
    return tuple(found)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
