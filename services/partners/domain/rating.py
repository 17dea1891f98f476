"""Rating: what each posting of the journal makes one partner owe, or be owed.

An earn makes its issuer owe the issue price of every point; a redemption makes its partner be owed the
reimbursement of every point burned there, told apart by who issued them. Points that expire move no
money. Postings are rated in the order of seq, each once; every seq gets at least one entry, so that a
missing one shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from services.partners.domain.rates import RateCards, RateVersion

AMOUNT_MICROS_MAX: Final = 2**63 - 1
# What a purchase earns; promotions will bring other types.
BASE_POINTS: Final = "base"


class EntryKind(StrEnum):
    """What a rated entry is about."""

    ISSUED = "issued"
    BURNED = "burned"
    NOTHING = "nothing"


class LotTaken(NamedTuple):
    """Points taken from a lot; the issuer as 16 bytes of its UUID."""

    issuer: bytes
    point_type: str
    points: int


class Posting(NamedTuple):
    """What rating needs of a posting. One that moves no money has neither a lot nor lots taken.

    `pos`: place of its event in the owner's log. `partner`: 16 bytes of its UUID. `effective_us`: the
    till's clock, which decides the price.
    """

    pos: int
    seq: int
    partner: bytes
    effective_us: int
    points: int = 0
    lot_no: int = 0
    taken: Sequence[LotTaken] = ()


class Unrateable(Exception):
    """A posting that cannot be rated now. Rating stands still before it: nothing is ever skipped."""

    def __init__(self, posting: Posting, why: str, price_missing: bool = False) -> None:
        super().__init__(why)
        self.posting = posting
        self.price_missing = price_missing


class Totals(NamedTuple):
    """Running control of rated entries, kept apart from them: a lost or changed entry no longer agrees.

    Micros are amounts without their sign. `nothings`: entries that move no money.
    """

    issued: int = 0
    issued_points: int = 0
    issued_micros: int = 0
    burned: int = 0
    burned_points: int = 0
    burned_micros: int = 0
    nothings: int = 0


@dataclass(slots=True)
class Entries:
    """Rated entries by column, as the database takes them in at once; entry i is the i-th of every list.

    `amounts` are in micros: positive the partner owes, negative it is owed. `effective_us` is programme
    time as the till told it.
    """

    seqs: list[int] = field(default_factory=list[int])
    lines: list[int] = field(default_factory=list[int])
    kinds: list[EntryKind] = field(default_factory=list[EntryKind])
    partners: list[UUID | None] = field(default_factory=list[UUID | None])
    issuers: list[UUID | None] = field(default_factory=list[UUID | None])
    point_types: list[str | None] = field(default_factory=list[str | None])
    lot_nos: list[int | None] = field(default_factory=list[int | None])
    points: list[int] = field(default_factory=list[int])
    prices: list[int] = field(default_factory=list[int])
    amounts: list[int] = field(default_factory=list[int])
    versions: list[int | None] = field(default_factory=list[int | None])
    effective_us: list[int] = field(default_factory=list[int])

    def add(
        self,
        posting: Posting,
        line: int,
        kind: EntryKind,
        partner: UUID | None,
        issuer: UUID | None,
        point_type: str | None,
        points: int,
        price: int,
        amount: int,
        version: int | None,
    ) -> None:
        """Appends one entry."""
        self.seqs.append(posting.seq)
        self.lines.append(line)
        self.kinds.append(kind)
        self.partners.append(partner)
        self.issuers.append(issuer)
        self.point_types.append(point_type)
        self.lot_nos.append(posting.lot_no or None)
        self.points.append(points)
        self.prices.append(price)
        self.amounts.append(amount)
        self.versions.append(version)
        self.effective_us.append(posting.effective_us)

    def totals(self) -> Totals:
        """What these add to the running control."""
        count, points, micros = (dict.fromkeys(EntryKind, 0) for _ in range(3))
        for kind, points_of, amount in zip(self.kinds, self.points, self.amounts, strict=True):
            count[kind] += 1
            points[kind] += points_of
            micros[kind] += abs(amount)
        issued, burned = EntryKind.ISSUED, EntryKind.BURNED
        return Totals(
            count[issued], points[issued], micros[issued], count[burned], points[burned], micros[burned],
            count[EntryKind.NOTHING],
        )  # fmt: skip


def rate(postings: Iterable[Posting], rated_seq: int, cards: RateCards) -> Entries:
    """Rates postings that follow `rated_seq`, in order.

    Raises Unrateable for the first one that has no price in force, that is not the next of the journal, or
    whose amount is beyond what a book can hold.
    """
    entries = Entries()
    expected = rated_seq
    for posting in postings:
        expected += 1
        if posting.seq != expected:
            raise Unrateable(posting, f"seq {posting.seq} came where {expected} was expected")
        if posting.taken:
            _rate_burned(entries, posting, _price(cards, posting))
        elif posting.points:
            _rate_issued(entries, posting, _price(cards, posting))
        else:
            entries.add(posting, 1, EntryKind.NOTHING, None, None, None, 0, 0, 0, None)
    return entries


def _price(cards: RateCards, posting: Posting) -> RateVersion:
    version = cards.price(posting.partner, posting.effective_us, posting.seq)
    if version is None:
        raise Unrateable(posting, "the partner has no price in force at this time", price_missing=True)
    return version


def _rate_issued(entries: Entries, posting: Posting, version: RateVersion) -> None:
    price = version.rates.issue_micros
    issuer = version.rates.partner_id
    amount = _amount(posting, posting.points, price)
    entries.add(
        posting, 1, EntryKind.ISSUED, issuer, issuer, BASE_POINTS, posting.points, price, amount,
        version.version,
    )  # fmt: skip


def _rate_burned(entries: Entries, posting: Posting, version: RateVersion) -> None:
    groups: dict[tuple[bytes, str], int] = {}
    for issuer, point_type, points in posting.taken:
        groups[issuer, point_type] = groups.get((issuer, point_type), 0) + points
    price = version.rates.reimbursement_micros
    for line, ((issuer, point_type), points) in enumerate(groups.items(), start=1):
        entries.add(
            posting, line, EntryKind.BURNED, version.rates.partner_id, UUID(bytes=issuer), point_type,
            points, price, -_amount(posting, points, price), version.version,
        )  # fmt: skip


def _amount(posting: Posting, points: int, price: int) -> int:
    amount = points * price
    if amount > AMOUNT_MICROS_MAX:
        raise Unrateable(posting, f"{points} points at {price} micros are more than a book can hold")
    return amount
