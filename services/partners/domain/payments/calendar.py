"""Days on which banks in euro settle: every day but weekends and the six closing days of T2.

Source: European Central Bank, "Long-term calendar for T2 closing days" (published first in 2000, kept since): 1 January, Good
Friday, Easter Monday, 1 May, 25 and 26 December. The calendar is the Gregorian one, dates are of the bank's own zone.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

BANK_DAYS_MAX: Final = 366
_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_FIXED: Final = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})


@lru_cache(maxsize=512)
def easter_sunday(year: int) -> date:
    """Easter Sunday of a Gregorian year, 1583 to 9999.

    Source: J. Meeus, "Astronomical Algorithms", chapter 8: the computus that "Nature" printed in 1876, valid for all years.
    """
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - correction + 15) % 30
    leaps, years_rest = divmod(of_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leaps - epact - years_rest) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def is_bank_day(day: date) -> bool:
    """Whether banks settle on a day."""
    easter = easter_sunday(day.year)
    return (
        day.weekday() < _SATURDAY
        and (day.month, day.day) not in _FIXED
        and day not in (easter - 2 * _DAY, easter + _DAY)
    )


def next_bank_day(day: date) -> date:
    """The day itself where it is a bank day, else the first one after it."""
    while not is_bank_day(day):
        day += _DAY
    return day


def add_bank_days(day: date, count: int) -> date:
    """The bank day that is `count` (0 to 366) bank days after a day; with 0 the next bank day. Raises ValueError beyond."""
    if not 0 <= count <= BANK_DAYS_MAX:
        raise ValueError(f"{count} is not 0 to {BANK_DAYS_MAX} bank days")
    day = next_bank_day(day)
    for _ in range(count):
        day = next_bank_day(day + _DAY)
    return day
