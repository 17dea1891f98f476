"""Money, prices and times as people write them, read and written without a float."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from services.runtime.clock import in_zone, to_micros

_MICROS_PER_MAJOR: Final = 1_000_000
_MINOR_PER_MAJOR: Final = 100
#: What the partners service takes at most: 1,000 major units a point.
_PRICE_MAX: Final = 1_000
_AMOUNT_MAX: Final = 10_000_000_000


class Unreadable(ValueError):
    """The text is not what was asked for."""


def read_price(text: str) -> int:
    """A price in major units, e.g. 0.0105, as micros. Raises Unreadable for a finer one, or no number at all."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        raise Unreadable(f"{text!r} is not a price such as 0.0105") from None
    # (Before any arithmetic: a number with a huge exponent is short to write and long to multiply out.)
    if not price.is_finite() or abs(price) > _PRICE_MAX:
        raise Unreadable(f"{text!r} is not a price up to {_PRICE_MAX:,}")
    micros = price * _MICROS_PER_MAJOR
    if micros != micros.to_integral_value():
        raise Unreadable(f"{text!r} has more than six decimals")
    return int(micros)


def read_minor(text: str) -> int:
    """An amount in major units, e.g. 25.00, as minor units. Raises Unreadable for a finer one, or no number at all."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Unreadable(f"{text!r} is not an amount such as 25.00") from None
    if not amount.is_finite() or abs(amount) > _AMOUNT_MAX:
        raise Unreadable(f"{text!r} is not an amount up to {_AMOUNT_MAX:,}")
    minor = amount * _MINOR_PER_MAJOR
    if minor != minor.to_integral_value():
        raise Unreadable(f"{text!r} has more than two decimals")
    return int(minor)


def read_time(text: str, zone: str) -> int:
    """A date or a time as microseconds since 1970-01-01 UTC; without an offset it is local to the zone.

    Raises Unreadable.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(f"{text!r} is not a date or time such as 2026-03-01 or 2026-03-01T12:00") from None
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


def write_time(micros: int, zone: str) -> str:
    """A time in a zone as RFC 3339; empty for 0."""
    return in_zone(micros, zone).isoformat() if micros else ""


def read_month_day(text: str) -> tuple[int, int]:
    """A day of every year, month first, as two numbers. Raises Unreadable."""
    month, _, day = text.partition("-")
    if not (len(month) == len(day) == 2 and (month + day).isascii() and (month + day).isdecimal()):
        raise Unreadable(f"{text!r} is not a month and a day such as 03-31")
    return int(month), int(day)


def write_minor(minor: int) -> str:
    """Minor units as major ones: 1234567 is 12,345.67."""
    whole, rest = divmod(abs(minor), _MINOR_PER_MAJOR)
    return f"{'-' if minor < 0 else ''}{whole:,}.{rest:02d}"


def write_micros(micros: int, decimals_min: int = 4) -> str:
    """Micros as major units, with as many decimals as it takes and at least so many: 10500 is 0.0105."""
    whole, rest = divmod(abs(micros), _MICROS_PER_MAJOR)
    decimals = f"{rest:06d}".rstrip("0").ljust(decimals_min, "0")
    return f"{'-' if micros < 0 else ''}{whole:,}.{decimals}"
