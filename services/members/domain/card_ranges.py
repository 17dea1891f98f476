"""Card ranges: cards that are in customers' hands before anybody has enrolled them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.members.domain.cards import CARD_DIGITS_MAX, CARD_DIGITS_MIN
from services.runtime.errors import InvalidRequest

PREFIX_DIGITS_MIN: Final = 2
PREFIX_DIGITS_MAX: Final = 12
#: Digits that differ within a range, with the check digit.
BODY_DIGITS_MIN: Final = 4
RANGES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class CardRange:
    """To whom cards of a prefix and a length are issued from a moment on (None: to nobody any more).

    Times are wall-clock microseconds since 1970-01-01 UTC.
    """

    prefix: str
    digits: int
    partner_id: UUID | None
    valid_from_us: int
    set_by: str
    set_at_us: int


def check_range(prefix: str, digits: int) -> None:
    """Raises InvalidRequest for a prefix or a length that no range has."""
    if not (prefix.isascii() and prefix.isdigit() and PREFIX_DIGITS_MIN <= len(prefix) <= PREFIX_DIGITS_MAX):
        raise InvalidRequest(
            f"a prefix has {PREFIX_DIGITS_MIN} to {PREFIX_DIGITS_MAX} digits", field="prefix"
        )
    if not CARD_DIGITS_MIN <= digits <= CARD_DIGITS_MAX or digits < len(prefix) + BODY_DIGITS_MIN:
        raise InvalidRequest(
            f"a card has {CARD_DIGITS_MIN} to {CARD_DIGITS_MAX} digits, at least {BODY_DIGITS_MIN} more than the prefix",
            field="digits",
        )


class CardRanges:
    """The ranges of a programme at a moment."""

    def __init__(self, ranges: Iterable[CardRange], now_us: int) -> None:
        """Of each prefix and length what was set last, and holds already, counts."""
        self._issued: dict[tuple[str, int], UUID | None] = {}
        for each in sorted(ranges, key=lambda one: one.valid_from_us):
            if each.valid_from_us <= now_us:
                self._issued[each.prefix, each.digits] = each.partner_id

    def issuer_of(self, card: str) -> UUID | None:
        """The partner that a card (its digits, checked) is issued to: that of the longest prefix; None: nobody's."""
        for length in range(PREFIX_DIGITS_MAX, PREFIX_DIGITS_MIN - 1, -1):
            place = (card[:length], len(card))
            if place in self._issued:
                return self._issued[place]
        return None
