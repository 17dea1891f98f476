"""Rates and averages as they are shown: divided once, rounded half to even."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

_HUNDREDTHS_OF_PERCENT: Final = 10_000
_PERMILLE: Final = 1_000


def percent(part: int, whole: int) -> str:
    """A part of a whole, neither of them negative, such as `33.33 %`; empty of nothing."""
    if not whole:
        return ""
    hundredths = round(Fraction(part * _HUNDREDTHS_OF_PERCENT, whole))
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def average(total: int, number: int) -> int:
    """What one of so many comes to, in the unit of the total; 0 of none."""
    return round(Fraction(total, number)) if number else 0


def permille(part: int, whole: int) -> int:
    """How much of a whole, to draw it."""
    return round(Fraction(part * _PERMILLE, whole)) if whole else 0
