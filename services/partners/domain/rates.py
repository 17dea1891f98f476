"""Rate cards: what a point costs its issuer and brings its redeemer, dated and versioned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.runtime.errors import InvalidRequest

PRICE_MICROS_MAX: Final = 1_000_000_000
# 2200-01-01: times beyond are mistakes of unit, and would overflow the database's.
_TIME_US_MAX: Final = 7_258_118_400_000_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices wanted for a partner. Prices in millionths of the major unit a point; `valid_to_us` 0: open."""

    partner_id: UUID
    issue_micros: int
    reimbursement_micros: int
    valid_from_us: int
    valid_to_us: int

    def checked(self) -> Rates:
        """The same prices. Raises InvalidRequest where a price or a time is out of its range."""
        for field in ("issue_micros", "reimbursement_micros"):
            if not 0 <= getattr(self, field) <= PRICE_MICROS_MAX:
                raise InvalidRequest(f"a price is 0 to {PRICE_MICROS_MAX:,} millionths a point", field=field)
        if not 0 <= self.valid_from_us <= _TIME_US_MAX:
            raise InvalidRequest("a price starts between 1970 and 2200", field="valid_from_us")
        if self.valid_to_us and not self.valid_from_us < self.valid_to_us <= _TIME_US_MAX:
            raise InvalidRequest("a price ends after it starts", field="valid_to_us")
        return self


@dataclass(frozen=True, slots=True)
class RateVersion:
    """Prices in the books: version from 1 per partner; `known_from_seq`: the first seq that they may rate."""

    rates: Rates
    version: int
    known_from_seq: int

    def applies(self, effective_us: int, seq: int) -> bool:
        """Whether this may rate a posting.

        Its effective time and its place in the journal both count, so that rating the same journal twice
        gives the same entries.
        """
        rates = self.rates
        return (
            rates.valid_from_us <= effective_us
            and (not rates.valid_to_us or effective_us < rates.valid_to_us)
            and self.known_from_seq <= seq
        )


class RateCards:
    """All rate cards of a programme as of one generation (a number that moves with each new version)."""

    def __init__(self, generation: int, versions: Iterable[RateVersion]) -> None:
        self.generation = generation
        self._by_partner: dict[bytes, list[RateVersion]] = {}
        for version in sorted(versions, key=lambda each: each.version, reverse=True):
            self._by_partner.setdefault(version.rates.partner_id.bytes, []).append(version)

    def price(self, partner: bytes, effective_us: int, seq: int) -> RateVersion | None:
        """The version that rates a posting of a partner (16 bytes of its UUID).

        Of those that apply it is the highest; None where none does.
        """
        for version in self._by_partner.get(partner, ()):
            if version.applies(effective_us, seq):
                return version
        return None
