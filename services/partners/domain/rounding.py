"""Rounding to the nearest whole: the one way in which clearing rounds, and the one of documents, at the few places that say so."""

from __future__ import annotations


def half_even(amount: int, unit: int) -> int:
    """Units nearest to an amount; a tie goes to the even one."""
    quotient, rest = divmod(amount, unit)
    twice = 2 * rest
    return quotient + (twice > unit or (twice == unit and quotient % 2 == 1))


def half_away(amount: int, unit: int) -> int:
    """Units nearest to an amount of 0 or more; a tie goes up, away from zero: amounts and tax of documents.

    That is fn:round of XPath for such amounts, which the rules of EN 16931 check documents with. Raises ValueError below
    zero, where the two differ.
    """
    if amount < 0:
        raise ValueError("documents have no amounts below zero")
    return (2 * amount + unit) // (2 * unit)
