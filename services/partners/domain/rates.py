"""Rate cards: what a point costs its issuer and brings its redeemer, dated and versioned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from services.partners.domain.entries import BASE_POINTS, BONUS_POINTS, Entry, EntryKind
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

    def issue_parts(self, point_type: str, share_percent: int = 0) -> tuple[int, int]:
        """What a point costs when it is issued, and on top of that once it is used, in micros.

        Of a grant, for who pays `share_percent` of it: the price of the share is rounded once, to the nearest micro.
        """
        price = self.issue_price(point_type)
        if share_percent:
            price = half_even(price * share_percent, AT_ISSUANCE)
        now = self.due_at_issuance(price)
        return now, price - now

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


class Again(NamedTuple):
    """What rating needs of a re-rate: from a seq on, entries of a partner between two till times count as of a version.

    `partner`: 16 bytes of its UUID. `to_us` 0: open.
    """

    partner: bytes
    version: int
    from_us: int
    to_us: int
    known_from_seq: int


# From which seq on what a partner pays for is the operator's, by the 16 bytes of its UUID.
NOBODY_BOUGHT_OUT: Final[Mapping[bytes, int]] = MappingProxyType({})


class RateCards:
    """All rate cards of a programme, what was re-rated, and whose store is which legal entity's, as of one generation.

    A generation is a number that moves with each new version of any of these.
    """

    def __init__(
        self,
        generation: int,
        versions: Iterable[RateVersion],
        entities: StoreEntities = ONE_ENTITY_EACH,
        rerated: Iterable[Again] = (),
        bought_out: Mapping[bytes, int] = NOBODY_BOUGHT_OUT,
    ) -> None:
        self.generation = generation
        self.entities = entities
        self.rerated = tuple(rerated)
        self._bought_out = bought_out
        self.moved = bool(self.rerated or bought_out)
        """Whether anything was ever re-rated or bought out; where nothing was, nothing is looked at twice."""
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

    def is_bought_out(self, partner: bytes, seq: int) -> bool:
        """Whether by a seq all points that a partner pays for are the operator's."""
        known_from_seq = self._bought_out.get(partner)
        return known_from_seq is not None and known_from_seq <= seq

    def as_of(self, original: Entry, seq: int) -> Entry:
        """An entry of points issued or burned at the version and price that count for what is posted at a seq."""
        if original.partner_id is None or original.version is None:
            return original
        if original.kind is EntryKind.ISSUED and self.is_bought_out(original.partner_id.bytes, seq):
            return original._replace(price_micros=0, redemption_micros=0)
        partner, at_us = original.partner_id.bytes, original.effective_us
        wins = max(
            (
                again.version
                for again in self.rerated
                if again.partner == partner
                and again.known_from_seq <= seq
                and again.from_us <= at_us
                and (not again.to_us or at_us < again.to_us)
            ),
            default=0,
        )
        if wins <= original.version:
            return original
        rates = next(each.rates for each in self._by_partner[partner] if each.version == wins)
        point_type = original.point_type or BASE_POINTS
        if original.kind is EntryKind.BURNED:
            return original._replace(version=wins, price_micros=rates.reimbursement(point_type))
        now, later = rates.issue_parts(point_type, original.share_percent or 0)
        return original._replace(version=wins, price_micros=now, redemption_micros=later)
