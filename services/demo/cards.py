"""Card numbers of the demo's households: prefix, padded household number, Luhn check digit."""

from services.demo.config import Cards


def card_number(cards: Cards, household: int) -> str:
    """The card of a household, digits only (`77` + 10 digits + 1: 13 digits).

    Raises ValueError when the number does not fit.
    """
    padded = str(household).zfill(cards.household_digits)
    if household < 0 or len(padded) != cards.household_digits:
        raise ValueError(f"household {household} does not fit {cards.household_digits} digits")
    payload = cards.prefix + padded
    return payload + luhn_digit(payload)


def luhn_digit(payload: str) -> str:
    """The check digit of ISO/IEC 7812-1 annex B for a string of digits."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)
