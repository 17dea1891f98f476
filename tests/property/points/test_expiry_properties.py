"""When points lapse, against the definition searched by brute force."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.expiry import expires_at_us
from services.runtime.clock import MICROS_PER_SECOND, from_micros, to_micros
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from tests.support.ledger_facts import Expiry

# Whole hours and not; DST at midnight (Amman, Asuncion, Beirut, Havana, Cairo), Samoa's skipped day, both poles' ends.
ZONES = (
    "UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe",
    "Pacific/Chatham", "Pacific/Apia", "Asia/Amman", "America/Asuncion", "Asia/Beirut", "America/Havana",
    "Africa/Cairo", "Asia/Pyongyang", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago",
)  # fmt: skip
QUARTER = timedelta(minutes=15)
FROM_US, TO_US = to_micros(datetime(2012, 1, 1, tzinfo=UTC)), to_micros(datetime(2036, 1, 1, tzinfo=UTC))


def _months(months: int) -> ExpiryPolicy:
    return ExpiryPolicy(ExpiryRule.MONTHS_AFTER_EARN, months, 0, 0, 0)


def _fixed(month: int, day: int, months: int = 0) -> ExpiryPolicy:
    return ExpiryPolicy(ExpiryRule.FIXED_DATE, months, month, day, 0)


def _brute(earned_us: int, months: int, zone: str) -> int:
    """The first quarter of an hour whose local month is past the expiry month, walking from well before it."""
    tz = ZoneInfo(zone)
    earned = from_micros(earned_us).astimezone(tz)
    year, month = earned.year, earned.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    moment = datetime(year, month, 28, tzinfo=UTC)
    while (moment.astimezone(tz).year, moment.astimezone(tz).month) <= (year, month):
        moment += QUARTER
    return to_micros(moment)


@given(st.integers(FROM_US, TO_US), st.integers(1, 36), st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_points_lapse_at_the_end_of_the_month_in_the_programmes_zone(
    earned_us: int, months: int, zone: str
) -> None:
    assert expires_at_us(earned_us, _months(months), zone) == _brute(earned_us, months, zone)


@given(st.integers(FROM_US, TO_US), st.integers(1, 120), st.sampled_from(ZONES))
@settings(max_examples=100, deadline=None)
def test_the_lapse_is_a_local_midnight_between_months_the_term_after_the_earns(
    earned_us: int, months: int, zone: str
) -> None:
    lapse = from_micros(expires_at_us(earned_us, _months(months), zone)).astimezone(ZoneInfo(zone))
    before = (lapse.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZoneInfo(zone))
    earned = from_micros(earned_us).astimezone(ZoneInfo(zone))
    assert lapse.day == 1
    assert before.month != lapse.month
    assert (before.year * 12 + before.month) - (earned.year * 12 + earned.month) == months


@given(st.integers(FROM_US, TO_US), st.integers(0, 3 * 86_400), st.integers(1, 24), st.sampled_from(ZONES))
@settings(max_examples=100, deadline=None)
def test_points_earned_later_never_lapse_sooner(
    earned_us: int, later_seconds: int, months: int, zone: str
) -> None:
    later_us = earned_us + later_seconds * MICROS_PER_SECOND
    assert expires_at_us(earned_us, _months(months), zone) <= expires_at_us(later_us, _months(months), zone)


@pytest.mark.parametrize(
    ("earned", "months", "zone", "lapses"),
    [
        ("2015-02-28T12:00:00+00:00", 12, "UTC", "2016-03-01T00:00:00+00:00"),
        ("2016-02-29T12:00:00+00:00", 12, "UTC", "2017-03-01T00:00:00+00:00"),
        ("2015-12-31T23:59:59+00:00", 24, "UTC", "2018-01-01T00:00:00+00:00"),
        # 20:00 on New Year's Eve in New York is January already in UTC.
        ("2017-01-01T01:00:00+00:00", 1, "America/New_York", "2017-02-01T05:00:00+00:00"),
        # Summer time begins in March and ends in November: the same midnight is another hour UTC.
        ("2017-01-10T00:00:00+00:00", 2, "America/New_York", "2017-04-01T04:00:00+00:00"),
        ("2017-01-10T00:00:00+00:00", 10, "America/New_York", "2017-12-01T05:00:00+00:00"),
        # 1 April 2016 began at 01:00 in Amman: its midnight never was.
        ("2016-03-10T00:00:00+00:00", 1, "Asia/Amman", "2016-04-30T21:00:00+00:00"),
        ("2016-02-10T00:00:00+00:00", 1, "Asia/Amman", "2016-03-31T22:00:00+00:00"),
    ],
)
def test_leap_years_month_ends_and_changes_of_the_clock_are_the_calendars(
    earned: str, months: int, zone: str, lapses: str
) -> None:
    earned_us = to_micros(datetime.fromisoformat(earned))
    assert from_micros(expires_at_us(earned_us, _months(months), zone)) == datetime.fromisoformat(lapses)


def test_zero_months_is_for_ever() -> None:
    assert expires_at_us(FROM_US, _months(0), "UTC") == 0


# Any day of a leap year; the ends of months and years more often.
DATES = st.one_of(
    st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: (day.month, day.day)),
    st.sampled_from(((2, 29), (2, 28), (3, 1), (3, 31), (12, 31), (1, 1), (10, 31))),
)


def _near(year: int, day: tuple[int, int], seconds: int) -> int:
    return to_micros(datetime(year, *day, tzinfo=UTC)) + seconds * MICROS_PER_SECOND


# Around the ends of months and years too, to the second.
TIMES: st.SearchStrategy[int] = st.one_of(
    st.integers(FROM_US, TO_US),
    st.builds(
        _near,
        st.integers(2012, 2035),
        st.sampled_from(((2, 28), (3, 1), (3, 31), (12, 31), (1, 1))),
        st.integers(-86_400, 2 * 86_400),
    ),
)


@given(TIMES, DATES, st.integers(0, 36), st.sampled_from(ZONES))
@settings(max_examples=300, deadline=None)
def test_points_lapse_at_the_end_of_the_first_fixed_date_that_many_full_months_after_the_earn(
    earned_us: int, day: tuple[int, int], months: int, zone: str
) -> None:
    model = Expiry("fixed_date", months, *day)
    assert expires_at_us(earned_us, _fixed(*day, months), zone) == model.end_us(earned_us, zone)


@given(TIMES, DATES, st.integers(0, 36), st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_a_fixed_date_comes_within_a_year_after_its_months_and_ends_at_a_local_midnight(
    earned_us: int, day: tuple[int, int], months: int, zone: str
) -> None:
    lapses_us = expires_at_us(earned_us, _fixed(*day, months), zone)
    last = (from_micros(lapses_us) - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    assert (last.month, last.day) == day or (day == (2, 29) and (last.month, last.day) == (2, 28))
    assert from_micros(lapses_us).astimezone(ZoneInfo(zone)).date() > last
    earned = from_micros(earned_us).astimezone(ZoneInfo(zone)).date()
    passed = (last.year - earned.year) * 12 + last.month - earned.month
    assert months <= passed <= months + 12


@given(TIMES, st.integers(0, 3 * 86_400), DATES, st.integers(0, 24), st.sampled_from(ZONES))
@settings(max_examples=150, deadline=None)
def test_points_earned_later_never_lapse_on_an_earlier_fixed_date(
    earned_us: int, later_seconds: int, day: tuple[int, int], months: int, zone: str
) -> None:
    policy, later_us = _fixed(*day, months), earned_us + later_seconds * MICROS_PER_SECOND
    assert expires_at_us(earned_us, policy, zone) <= expires_at_us(later_us, policy, zone)


@pytest.mark.parametrize(
    ("earned", "day", "months", "zone", "lapses"),
    [
        # On the day itself it is that day's end where no months have to pass, else next year's.
        ("2017-03-31T12:00:00+00:00", (3, 31), 0, "UTC", "2017-04-01T00:00:00+00:00"),
        ("2017-03-31T12:00:00+00:00", (3, 31), 1, "UTC", "2018-04-01T00:00:00+00:00"),
        ("2017-03-31T12:00:00+00:00", (3, 31), 12, "UTC", "2018-04-01T00:00:00+00:00"),
        ("2017-04-01T00:00:00+00:00", (3, 31), 12, "UTC", "2019-04-01T00:00:00+00:00"),
        # The last day of a month of 31 days comes, months later, on the last of a shorter one.
        ("2016-08-31T12:00:00+00:00", (2, 28), 6, "UTC", "2017-03-01T00:00:00+00:00"),
        ("2017-01-31T12:00:00+00:00", (2, 28), 1, "UTC", "2017-03-01T00:00:00+00:00"),
        # 29 February is 28 February in years without one.
        ("2015-06-01T12:00:00+00:00", (2, 29), 0, "UTC", "2016-03-01T00:00:00+00:00"),
        ("2016-06-01T12:00:00+00:00", (2, 29), 0, "UTC", "2017-03-01T00:00:00+00:00"),
        ("2016-02-29T12:00:00+00:00", (2, 29), 0, "UTC", "2016-03-01T00:00:00+00:00"),
        ("2016-02-29T12:00:00+00:00", (2, 29), 12, "UTC", "2017-03-01T00:00:00+00:00"),
        # 20:00 on New Year's Eve in New York is January already in UTC.
        ("2017-01-01T01:00:00+00:00", (12, 31), 0, "America/New_York", "2017-01-01T05:00:00+00:00"),
        ("2017-01-01T05:00:00+00:00", (12, 31), 0, "America/New_York", "2018-01-01T05:00:00+00:00"),
        # 1 April 2016 began at 01:00 in Amman: its midnight never was.
        ("2016-01-10T00:00:00+00:00", (3, 31), 0, "Asia/Amman", "2016-03-31T22:00:00+00:00"),
    ],
)
def test_fixed_dates_are_the_calendars(
    earned: str, day: tuple[int, int], months: int, zone: str, lapses: str
) -> None:
    earned_us = to_micros(datetime.fromisoformat(earned))
    found = from_micros(expires_at_us(earned_us, _fixed(*day, months), zone))
    assert found == datetime.fromisoformat(lapses)
