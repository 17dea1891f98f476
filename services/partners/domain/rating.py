"""Rating: what each posting of the journal makes one partner owe, or be owed.

An earn makes its issuer owe the issue price of every point; a redemption makes its partner be owed the
reimbursement of every point burned there, told apart by who issued them. Points that expire move no
money. Postings are rated in the order of seq, each once; every seq gets at least one entry, so that a
missing one shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Entry(NamedTuple):
    """A rated entry. `amount_micros`: positive the partner owes, negative it is owed.

    One that moves no money has no partner, issuer, type, lot or version. `effective_us`: the till's clock.
    """

    seq: int
    line: int
    kind: EntryKind
    partner_id: UUID | None
    issuer_id: UUID | None
    point_type: str | None
    lot_no: int | None
    version: int | None
    points: int
    price_micros: int
    amount_micros: int
    effective_us: int


def totals_of(entries: Iterable[Entry]) -> Totals:
    """What entries add to the running control."""
    count, points, micros = (dict.fromkeys(EntryKind, 0) for _ in range(3))
    for entry in entries:
        count[entry.kind] += 1
        points[entry.kind] += entry.points
        micros[entry.kind] += abs(entry.amount_micros)
    issued, burned = EntryKind.ISSUED, EntryKind.BURNED
    return Totals(
        count[issued], points[issued], micros[issued], count[burned], points[burned], micros[burned],
        count[EntryKind.NOTHING],
    )  # fmt: skip


def rate(postings: Iterable[Posting], rated_seq: int, cards: RateCards) -> list[Entry]:
    """Rates postings that follow `rated_seq`, in order.

    Raises Unrateable for the first one that has no price in force, that is not the next of the journal, or
    whose amount is beyond what a book can hold.
    """
    entries: list[Entry] = []
    expected = rated_seq
    for posting in postings:
        expected += 1
        if posting.seq != expected:
            raise Unrateable(posting, f"seq {posting.seq} came where {expected} was expected")
        if posting.taken:
            entries += _burned(posting, _price(cards, posting))
        elif posting.points:
            entries.append(_issued(posting, _price(cards, posting)))
        else:
            entries.append(_nothing(posting))
    return entries


def _price(cards: RateCards, posting: Posting) -> RateVersion:
    version = cards.price(posting.partner, posting.effective_us, posting.seq)
    if version is None:
        raise Unrateable(posting, "the partner has no price in force at this time", price_missing=True)
    return version


def _nothing(posting: Posting) -> Entry:
    return Entry(
        posting.seq, 1, EntryKind.NOTHING, None, None, None, None, None, 0, 0, 0, posting.effective_us
    )  # fmt: skip


def _issued(posting: Posting, version: RateVersion) -> Entry:
    issuer, price = version.rates.partner_id, version.rates.issue_micros
    return Entry(
        posting.seq, 1, EntryKind.ISSUED, issuer, issuer, BASE_POINTS, posting.lot_no, version.version,
        posting.points, price, _amount(posting, posting.points, price), posting.effective_us,
    )  # fmt: skip


def _burned(posting: Posting, version: RateVersion) -> list[Entry]:
    """An entry for each issuer and type of points; all have the price of the partner that took them."""
    groups: dict[tuple[bytes, str], int] = {}
    for issuer, point_type, points in posting.taken:
        groups[issuer, point_type] = groups.get((issuer, point_type), 0) + points
    redeemer, price = version.rates.partner_id, version.rates.reimbursement_micros
    return [
        Entry(
            posting.seq, line, EntryKind.BURNED, redeemer, UUID(bytes=issuer), point_type, None, version.version,
            points, price, -_amount(posting, points, price), posting.effective_us,
        )
        for line, ((issuer, point_type), points) in enumerate(groups.items(), start=1)
    ]  # fmt: skip


def _amount(posting: Posting, points: int, price: int) -> int:
    amount = points * price
    if amount > AMOUNT_MICROS_MAX:
        raise Unrateable(posting, f"{points} points at {price} micros are more than a book can hold")
    return amount
