"""Rate cards: what a point costs its issuer and brings its redeemer, dated and versioned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from services.partners.domain.entries import BONUS_POINTS
from services.partners.domain.legal_entities import ONE_ENTITY_EACH, StoreEntities
from services.partners.domain.rounding import half_even
from services.runtime.errors import InvalidRequest

PRICE_MICROS_MAX: Final = 1_000_000_000
# All of the issue price is due when points are issued; none of it: all is due once they are used.
AT_ISSUANCE: Final = 100
AT_REDEMPTION: Final = 0
# 2200-01-01: times beyond are mistakes of unit, and would overflow the database's.
TIME_US_MAX: Final = 7_258_118_400_000_000


class TypePrices(NamedTuple):
    """Prices of one type of points, in millionths of the major unit a point."""

    issue_micros: int
    reimbursement_micros: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices wanted for a partner. Prices in millionths of the major unit a point; `valid_to_us` 0: open.

    `issue_share_percent`: how much of the issue price is due when points are issued, 0 to 100; the rest is due for each
    point that is used, and for none that expires. `transaction_fee_micros`: for each sale that earns and each redemption.
    `bonus`: prices of bonus points; None: those of all others.
    """

    partner_id: UUID
    issue_micros: int
    reimbursement_micros: int
    valid_from_us: int
    valid_to_us: int
    issue_share_percent: int = AT_ISSUANCE
    transaction_fee_micros: int = 0
    bonus: TypePrices | None = None

    def issue_price(self, point_type: str) -> int:
        """What a point costs its issuer in all, whenever it is due, in micros."""
        bonus = self.bonus if point_type == BONUS_POINTS else None
        return self.issue_micros if bonus is None else bonus.issue_micros

    def reimbursement(self, point_type: str) -> int:
        """What a point brings where it is burned, in micros."""
        bonus = self.bonus if point_type == BONUS_POINTS else None
        return self.reimbursement_micros if bonus is None else bonus.reimbursement_micros

    def due_at_issuance(self, price_micros: int) -> int:
        """The part of a price that is due when a point is issued: to the nearest micro, a tie to the even one.

        What is left is due once the point is used, so both make the price exactly.
        """
        if self.issue_share_percent == AT_ISSUANCE:
            return price_micros
        return half_even(price_micros * self.issue_share_percent, AT_ISSUANCE)

    def checked(self) -> Rates:
        """The same prices. Raises InvalidRequest where a price, a share or a time is out of its range."""
        prices = {
            "issue_micros": self.issue_micros,
            "reimbursement_micros": self.reimbursement_micros,
            "transaction_fee_micros": self.transaction_fee_micros,
        }
        if self.bonus is not None:
            prices["bonus.issue_micros"], prices["bonus.reimbursement_micros"] = self.bonus
        for field, price in prices.items():
            if not 0 <= price <= PRICE_MICROS_MAX:
                raise InvalidRequest(f"a price is 0 to {PRICE_MICROS_MAX:,} millionths", field=field)
        if not AT_REDEMPTION <= self.issue_share_percent <= AT_ISSUANCE:
            raise InvalidRequest("a share is 0 to 100 per cent", field="issue_share_percent")
        if not 0 <= self.valid_from_us <= TIME_US_MAX:
            raise InvalidRequest("a price starts between 1970 and 2200", field="valid_from_us")
        if self.valid_to_us and not self.valid_from_us < self.valid_to_us <= TIME_US_MAX:
            raise InvalidRequest("a price ends after it starts", field="valid_to_us")
        return self


@dataclass(frozen=True, slots=True)
class RateVersion:
    """Prices in the books: version from 1 per partner; `known_from_seq`: the first seq that they may rate.

    `draft_id`: what two people made them by; None: set by one, in a test programme.
    """

    rates: Rates
    version: int
    known_from_seq: int
    draft_id: UUID | None = None

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
    """All rate cards of a programme, and whose store is which legal entity's, as of one generation.

    A generation is a number that moves with each new version of either.
    """

    def __init__(
        self,
        generation: int,
        versions: Iterable[RateVersion],
        entities: StoreEntities = ONE_ENTITY_EACH,
    ) -> None:
        self.generation = generation
        self.entities = entities
        self.at_redemption = False
        """Whether any lot that was ever rated may have something due once its points are used."""
        self._by_partner: dict[bytes, list[RateVersion]] = {}
        for version in sorted(versions, key=lambda each: each.version, reverse=True):
            self._by_partner.setdefault(version.rates.partner_id.bytes, []).append(version)
            self.at_redemption |= version.rates.issue_share_percent < AT_ISSUANCE

    def price(self, partner: bytes, effective_us: int, seq: int) -> RateVersion | None:
        """The version that rates a posting of a partner (16 bytes of its UUID).

        Of those that apply it is the highest; None where none does.
        """
        for version in self._by_partner.get(partner, ()):
            if version.applies(effective_us, seq):
                return version
        return None
