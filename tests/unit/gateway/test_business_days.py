"""Business days: midnight to midnight in the programme's zone, without a gap where clocks change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.gateway.domain.reconciliation.days import NoDay, bounds_us, day_of, read_day

_HOUR_US = 3_600_000_000


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 14), 24), ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25), ("America/New_York", date(2026, 3, 8), 23), ("UTC", date(2026, 3, 29), 24),
    ],
)  # fmt: skip
def test_a_day_ends_where_the_next_one_starts(zone: str, day: date, hours: int) -> None:
    start, end = bounds_us(day, zone)
    assert end - start == hours * _HOUR_US
    assert bounds_us(day + timedelta(days=1), zone)[0] == end
    assert [day_of(time, zone) for time in (start, end - 1, end)] == [day, day, day + timedelta(days=1)]


@pytest.mark.parametrize(
    "text", ["", "2026-3-14", "20260314", "2026-02-30", "1999-12-31", "2200-01-01", "2026-03-14 "]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(NoDay):
        read_day(text)


def test_a_day_is_read() -> None:
    assert read_day("2026-03-14") == date(2026, 3, 14)
