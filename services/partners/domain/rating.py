"""Rating: what each posting of the journal makes one partner owe, or be owed.

An earn makes its issuer owe the issue price of every point; what a campaign grants makes each partner that funds it owe its
share of its own issue price, the operator's share nobody; a redemption makes its partner be owed the
reimbursement of every point burned there, told apart by who issued them. A refund undoes either, at the
price and version that the posting it undoes was rated at, whatever the price is today. Points that expire
move no money. Postings are rated in the order of seq, each once; every seq gets at least one entry, so
that a missing one shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from services.partners.domain.rates import RateCards, RateVersion
from services.partners.domain.rounding import half_even

AMOUNT_MICROS_MAX: Final = 2**63 - 1
# What a purchase earns, and what campaigns grant on top of it.
BASE_POINTS: Final = "base"
BONUS_POINTS: Final = "bonus"
_OPERATOR: Final = UUID(int=0).bytes
_HUNDRED: Final = 100


class EntryKind(StrEnum):
    """What a rated entry is about."""

    ISSUED = "issued"
    REVERSED = "reversed"
    BURNED = "burned"
    RETURNED = "returned"
    NOTHING = "nothing"


# What each kind that undoes something undoes.
UNDOES: Final[Mapping[EntryKind, EntryKind]] = MappingProxyType(
    {EntryKind.REVERSED: EntryKind.ISSUED, EntryKind.RETURNED: EntryKind.BURNED}
)


class LotTaken(NamedTuple):
    """Points taken from a lot; the issuer as 16 bytes of its UUID."""

    issuer: bytes
    point_type: str
    points: int


class Undone(NamedTuple):
    """Points of an earlier posting that are undone: REVERSED those of an earn, RETURNED those of a burn.

    `partner`: whose posting it was, as 16 bytes of its UUID. `taken`: the points by who issued them, which
    for an earn or a grant is the partner itself, whichever lots they were taken back from.
    """

    kind: EntryKind
    original_seq: int
    partner: bytes
    taken: Sequence[LotTaken]


class Share(NamedTuple):
    """Who pays for `percent` of the points of a grant, as 16 bytes of its UUID; the nil UUID: the operator."""

    partner: bytes
    percent: int


class Posting(NamedTuple):
    """What rating needs of a posting. One that moves no money has no points, no lots taken, and undoes nothing.

    `pos`: place of its event in the owner's log. `partner`: 16 bytes of its UUID. `effective_us`: the
    till's clock, which decides the price. One that undoes others has its points there alone. `funders`: of a grant.
    """

    pos: int
    seq: int
    partner: bytes
    effective_us: int
    points: int = 0
    lot_no: int = 0
    taken: Sequence[LotTaken] = ()
    undoes: Sequence[Undone] = ()
    funders: Sequence[Share] = ()


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
    reversed: int = 0
    reversed_points: int = 0
    reversed_micros: int = 0
    burned: int = 0
    burned_points: int = 0
    burned_micros: int = 0
    returned: int = 0
    returned_points: int = 0
    returned_micros: int = 0
    nothings: int = 0

    @classmethod
    def of(cls, sums: Mapping[EntryKind, Sequence[int]]) -> Totals:
        """From how many entries there are of each kind, their points, and their micros without a sign."""
        moving = (EntryKind.ISSUED, EntryKind.REVERSED, EntryKind.BURNED, EntryKind.RETURNED)
        figures = [figure for kind in moving for figure in sums[kind]]
        return cls(*figures, nothings=sums[EntryKind.NOTHING][0])

    @property
    def entries(self) -> int:
        """How many entries there are in all."""
        return self.issued + self.reversed + self.burned + self.returned + self.nothings


class Entry(NamedTuple):
    """A rated entry. `amount_micros`: positive the partner owes, negative it is owed.

    One that moves no money has no partner, issuer, lot or version, and no type but that of a grant that the operator alone
    pays for: such can be undone. `effective_us`: the till's clock.
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
    return Totals.of({kind: (count[kind], points[kind], micros[kind]) for kind in EntryKind})


def originals_of(postings: Iterable[Posting], rated_seq: int) -> set[int]:
    """The seqs up to `rated_seq` that postings undo: how those were rated has to be looked up."""
    return {
        undone.original_seq
        for posting in postings
        for undone in posting.undoes
        if undone.original_seq <= rated_seq
    }


def rate(
    postings: Iterable[Posting],
    rated_seq: int,
    cards: RateCards,
    originals: Mapping[int, Sequence[Entry]] = MappingProxyType({}),
) -> list[Entry]:
    """Rates postings that follow `rated_seq`, in order. `originals`: the entries of `originals_of` by seq.

    Raises Unrateable for the first one that has no price in force, that is not the next of the journal, that
    undoes what was not rated, or whose amount is beyond what a book can hold.
    """
    entries: list[Entry] = []
    expected = rated_seq
    for posting in postings:
        expected += 1
        if posting.seq != expected:
            raise Unrateable(posting, f"seq {posting.seq} came where {expected} was expected")
        if posting.funders:
            entries += _granted(posting, cards)
        elif posting.taken:
            entries += _burned(posting, _price(cards, posting))
        elif posting.points:
            entries.append(_issued(posting, _price(cards, posting)))
        elif posting.undoes:
            entries += _undone(posting, entries, originals)
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


def _granted(posting: Posting, cards: RateCards) -> list[Entry]:
    """An entry for each partner that funds a grant: at its own issue price times its share, to the nearest micro.

    That price is rounded once, and each point costs just that: so however the points are taken back, what is left is exact.
    """
    issuer = UUID(bytes=posting.partner)
    entries: list[Entry] = []
    for funder, percent in posting.funders:
        if funder == _OPERATOR:
            continue
        version = _price(cards, posting._replace(partner=funder))
        price = half_even(version.rates.issue_micros * percent, _HUNDRED)
        entries.append(
            Entry(
                posting.seq, len(entries) + 1, EntryKind.ISSUED, version.rates.partner_id, issuer, BONUS_POINTS, posting.lot_no,
                version.version, posting.points, price, _amount(posting, posting.points, price), posting.effective_us,
            )
        )  # fmt: skip
    return entries or [_nothing(posting)._replace(point_type=BONUS_POINTS)]


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


def _undone(posting: Posting, made: Sequence[Entry], originals: Mapping[int, Sequence[Entry]]) -> list[Entry]:
    """An entry for each entry of an original, issuer and type of points, at its price, with the other sign."""
    groups: dict[tuple[EntryKind, int, UUID | None, bytes, str], int] = {}
    of_group: dict[tuple[EntryKind, int, UUID | None, bytes, str], Entry] = {}
    free = False
    for undone in posting.undoes:
        for original, taken in _parts(undone, _originals(posting, undone, made, originals)):
            if original.kind is EntryKind.NOTHING:
                free = True
                continue
            group = (
                undone.kind, undone.original_seq, original.partner_id, taken.issuer, taken.point_type
            )  # fmt: skip
            of_group[group] = original
            groups[group] = groups.get(group, 0) + taken.points
    if not groups:
        if free:
            return [_nothing(posting)]
        raise Unrateable(posting, "it undoes no points")
    entries: list[Entry] = []
    for line, (group, points) in enumerate(groups.items(), start=1):
        kind, _, partner, issuer, point_type = group
        original = of_group[group]
        amount = _amount(posting, points, original.price_micros)
        entries.append(
            Entry(
                posting.seq, line, kind, partner, UUID(bytes=issuer), point_type, None,
                original.version, points, original.price_micros,
                amount if kind is EntryKind.RETURNED else -amount, posting.effective_us,
            )
        )  # fmt: skip
    return entries


def _parts(undone: Undone, originals: Sequence[Entry]) -> Iterable[tuple[Entry, LotTaken]]:
    """What is undone of each entry of the original: of an earn and of a grant every one of them, of a burn by issuer.

    (All of a burn's have the same price.)
    """
    if undone.kind is EntryKind.RETURNED:
        return [(originals[0], taken) for taken in undone.taken]
    return [
        (original, taken._replace(point_type=original.point_type or BASE_POINTS))
        for original in originals
        for taken in undone.taken
    ]


def _originals(
    posting: Posting, undone: Undone, made: Sequence[Entry], originals: Mapping[int, Sequence[Entry]]
) -> Sequence[Entry]:
    """How the posting that is undone was rated: before, or just now."""
    seq = undone.original_seq
    found = originals.get(seq)
    if found is None:
        first = bisect_left(made, seq, key=attrgetter("seq"))
        found = made[first : bisect_right(made, seq, key=attrgetter("seq"))]
    if not found:
        raise Unrateable(posting, f"seq {seq}, which it undoes, is not rated")
    kind = UNDOES[undone.kind]
    if not all(_undoable(undone, entry) for entry in found):
        raise Unrateable(posting, f"seq {seq}, which it undoes, has no points {kind} by its partner")
    return found


def _undoable(undone: Undone, entry: Entry) -> bool:
    """Whether this is an entry of what is undone: its partner burned the points, or issued them, whoever pays for them."""
    if undone.kind is EntryKind.RETURNED:
        partner = entry.partner_id
    elif entry.kind is EntryKind.NOTHING:
        # The operator alone pays for it.
        return entry.point_type == BONUS_POINTS
    else:
        partner = entry.issuer_id
    return entry.kind is UNDOES[undone.kind] and partner is not None and partner.bytes == undone.partner


def _amount(posting: Posting, points: int, price: int) -> int:
    amount = points * price
    if amount > AMOUNT_MICROS_MAX:
        raise Unrateable(posting, f"{points} points at {price} micros are more than a book can hold")
    return amount
