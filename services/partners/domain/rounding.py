"""Rounding to the nearest whole: the one way in which clearing rounds, at the few places that say so."""

from __future__ import annotations


def half_even(amount: int, unit: int) -> int:
    """Units nearest to an amount; a tie goes to the even one."""
    quotient, rest = divmod(amount, unit)
    twice = 2 * rest
    return quotient + (twice > unit or (twice == unit and quotient % 2 == 1))
