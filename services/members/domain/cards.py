"""Card numbers: digits with a check digit by the Luhn formula (ISO/IEC 7812-1, annex B)."""

from __future__ import annotations

import re
import secrets
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import InvalidRequest

CARD_DIGITS_MIN: Final = 8
CARD_DIGITS_MAX: Final = 19
ISSUED_CARD_DIGITS: Final = 13
# The longest that a reader sends: track 1 with its sentinels and check character.
GIVEN_CHARACTERS_MAX: Final = 80
# The number on a magnetic track (ISO/IEC 7813): track 1 begins with %B and ends the number with ^, track 2 begins with ;
# and ends it with =. What follows the number is not looked at, but that the track ends.
_TRACK: Final = re.compile(r"%[Bb]([0-9 ]{8,32})\^[^?;%]*\?.?|;([0-9]{8,19})=[^?;%]*\?.?")
_SEPARATORS: Final = str.maketrans("", "", " -")
# What a digit (as an ASCII byte) counts in a place that is taken as it is, and in one that is doubled.
_SINGLE: Final = bytes(max(0, byte - 48) if byte < 58 else 0 for byte in range(256))
_DOUBLED: Final = bytes(_SINGLE[byte] * 2 // 10 + _SINGLE[byte] * 2 % 10 for byte in range(256))


def check_digit(payload: str) -> str:
    """The digit that makes a string of digits a valid number when it is put at the end."""
    return str(-_luhn_sum(f"{payload}0") % 10)


def read_card(text: str, field: str) -> str:
    """The digits of a card as typed, scanned or swiped; spaces and hyphens are ignored, and of a track the number counts.

    Raises InvalidRequest (CARD_NUMBER_INVALID) unless 8 to 19 digits with a right check digit are left;
    the error names `field` and never the number.
    """
    digits = _number(text) if len(text) <= GIVEN_CHARACTERS_MAX else ""
    if (
        not CARD_DIGITS_MIN <= len(digits) <= CARD_DIGITS_MAX
        or not (digits.isascii() and digits.isdigit())
        or _luhn_sum(digits) % 10
    ):
        raise InvalidRequest(
            f"a card number has {CARD_DIGITS_MIN} to {CARD_DIGITS_MAX} digits, the last one a check digit",
            Reason.REASON_CARD_NUMBER_INVALID,
            field=field,
        )
    return digits


def issue_card(prefix: str) -> str:
    """A new card number of 13 digits: the prefix, a random body, the check digit. Free or not is not known."""
    body_digits = ISSUED_CARD_DIGITS - len(prefix) - 1
    payload = f"{prefix}{secrets.randbelow(10**body_digits):0{body_digits}d}"
    return payload + check_digit(payload)


def _number(text: str) -> str:
    if text[:1] in ("%", ";"):
        track = _TRACK.fullmatch(text.strip())
        text = (track[1] or track[2]) if track else ""
    return text.translate(_SEPARATORS)


def _luhn_sum(digits: str) -> int:
    number = digits.encode()
    return sum(number[-1::-2].translate(_SINGLE)) + sum(number[-2::-2].translate(_DOUBLED))
