"""Figures as texts: the same in every rendering, whatever the machine's locale is."""

from __future__ import annotations

from typing import Final

_MINOR: Final = 100
_MICROS_DIGITS: Final = 6
_CENT_DIGITS: Final = 2


def plain_money(minor: int) -> str:
    """Minor units of a currency with two decimals as a machine reads them: -1234.50."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // _MINOR}.{abs(minor) % _MINOR:02}"


def plain_price(micros: int) -> str:
    """Micros of the major unit, all six decimals: 0.010500."""
    return _decimal(micros, _MICROS_DIGITS, "")


def plain_rate(basis_points: int) -> str:
    """A rate in per cent: 20.00."""
    return plain_money(basis_points)


def money(minor: int) -> str:
    """Minor units as people read them: -1,234.50."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // _MINOR:,}.{abs(minor) % _MINOR:02}"


def count(number: int) -> str:
    """A whole number as people read it: 30,000,000."""
    return f"{number:,}"


def rate(basis_points: int) -> str:
    """A rate as people read it: 20 %, 7.7 %."""
    text = plain_rate(basis_points).rstrip("0").rstrip(".")
    return f"{text} %"


def digits_needed(micros: list[int]) -> int:
    """How many decimals, 2 to 6, show all of these amounts exactly: so that a column of them stays in line."""
    digits = _CENT_DIGITS
    while digits < _MICROS_DIGITS and any(each % 10 ** (_MICROS_DIGITS - digits) for each in micros):
        digits += 1
    return digits


def exact(micros: int, digits: int) -> str:
    """Micros as people read them with so many decimals: 300,000.0000. Raises ValueError where these are not enough."""
    if micros % 10 ** (_MICROS_DIGITS - digits):
        raise ValueError(f"{micros} micros have more than {digits} decimals")
    return _decimal(micros, digits, ",")


def _decimal(micros: int, digits: int, grouping: str) -> str:
    whole, rest = divmod(abs(micros), 10**_MICROS_DIGITS)
    decimals = f"{rest:06}"[:digits]
    return f"{'-' if micros < 0 else ''}{whole:{grouping}}.{decimals}"
