"""Rating: what each posting of the journal makes partners owe, or be owed.

An earn makes its issuer owe the issue price of every point, by its contract at once, once the point is used, or a share of it
each; a grant makes each partner that funds it owe its share of its own price, the operator's share nobody; a redemption makes
its partner be owed the reimbursement of every point burned there, told apart by who issued them. Which part of a price is due
when is fixed for each earn as it is rated, for ever. A refund undoes any of it, at the price and version of what it
undoes, whatever prices are today. Points that expire move no money. Postings are rated in the order of seq, each once;
every seq gets at least one entry, so that a missing one shows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from services.partners.domain.entries import (
    AMOUNT_MICROS_MAX,
    BASE_POINTS,
    BONUS_POINTS,
    OPERATOR_OWES,
    UNDOES,
    Entry,
    EntryKind,
)
from services.partners.domain.legal_entities import FIRST_ENTITY
from services.partners.domain.postings import LotTaken, Posting, Undone, Unrateable
from services.partners.domain.rates import RateCards, RateVersion

_OPERATOR: Final = UUID(int=0).bytes


class Before(NamedTuple):
    """What earlier postings were rated at: entries by seq, and by seq and partner how many points are charged and not credited."""

    originals: Mapping[int, Sequence[Entry]] = MappingProxyType({})
    charged: Mapping[tuple[int, UUID | None], int] = MappingProxyType({})


_NOTHING_BEFORE: Final = Before()


def originals_of(postings: Iterable[Posting], rated_seq: int, at_redemption: bool = False) -> set[int]:
    """The seqs up to `rated_seq` whose entries have to be looked up: what is undone, and where `at_redemption` what is used."""
    wanted: set[int] = set()
    for posting in postings:
        if at_redemption:
            wanted.update(lot.earned_seq for lot in (*posting.taken, *posting.lapsed))
        for undone in posting.undoes:
            wanted.add(undone.original_seq)
            if at_redemption:
                wanted.update(lot.earned_seq for lot in (*undone.taken, *undone.used))
    return {seq for seq in wanted if 0 < seq <= rated_seq}


def creditable_of(postings: Iterable[Posting], rated_seq: int) -> set[int]:
    """The seqs up to `rated_seq` of which points may be credited that were charged."""
    wanted: set[int] = set()
    for posting in postings:
        for undone in posting.undoes:
            if undone.kind is EntryKind.RETURNED:
                wanted.update(lot.earned_seq for lot in undone.taken)
            else:
                wanted.add(undone.original_seq)
    return {seq for seq in wanted if 0 < seq <= rated_seq}


def rate(
    postings: Iterable[Posting], rated_seq: int, cards: RateCards, before: Before = _NOTHING_BEFORE
) -> list[Entry]:
    """Rates postings that follow `rated_seq`, in order. `before`: the entries of `originals_of`, the charges of `creditable_of`.

    Raises Unrateable for the first one that has no price in force, that is not the next of the journal, that
    undoes or uses what was not rated, or whose amount is beyond what a book can hold.
    """
    run = _Run(cards, before)
    expected = rated_seq
    for posting in postings:
        expected += 1
        if posting.seq != expected:
            raise Unrateable(posting, f"seq {posting.seq} came where {expected} was expected")
        run.rate(posting)
    return run.entries


class _Run:
    """One run of postings: the entries made so far, and what is charged by now."""

    def __init__(self, cards: RateCards, before: Before) -> None:
        self._cards, self._before = cards, before
        self._charged = dict(before.charged)
        self.entries: list[Entry] = []
        self._line = 0

    def rate(self, posting: Posting) -> None:
        """Adds the entries of a posting."""
        self._line = 0
        if posting.funders:
            self._grant(posting)
        elif posting.taken:
            version = self._price(posting)
            self._burn(posting, version)
            self._charge(posting, posting.taken)
            self._fee(posting, version)
        elif posting.points:
            version = self._price(posting)
            self._issue(posting, version, BASE_POINTS, self._entity(posting))
            self._fee(posting, version)
        elif posting.undoes:
            self._undo(posting)
        else:
            self._release(posting, posting.lapsed)
            if not self._line:
                self._nothing(posting)

    def _price(self, posting: Posting) -> RateVersion:
        version = self._cards.price(posting.partner, posting.effective_us, posting.seq)
        if version is None:
            raise Unrateable(posting, "the partner has no price in force at this time", price_missing=True)
        return version

    def _add(
        self,
        posting: Posting,
        kind: EntryKind,
        of: _Of,
        points: int,
        price: int,
        *,
        lot_no: int | None = None,
        redemption: int = 0,
        earned_seq: int | None = None,
        undoes_seq: int | None = None,
        share_percent: int | None = None,
    ) -> None:
        """An entry `of` a partner, an issuer, a type of points, a version of prices and a legal entity."""
        amount = points * price
        if amount > AMOUNT_MICROS_MAX or points * redemption > AMOUNT_MICROS_MAX:
            raise Unrateable(
                posting, f"{points} points at {price + redemption} micros are more than a book can hold"
            )
        if kind in OPERATOR_OWES:
            amount = -amount
        self._line += 1
        partner, issuer, point_type, version, entity = of
        self.entries.append(
            Entry(
                posting.seq, self._line, kind, partner, issuer, point_type, lot_no, version, points, price, amount,
                posting.effective_us, redemption, earned_seq, undoes_seq, share_percent, entity,
            )
        )  # fmt: skip

    def _nothing(self, posting: Posting, point_type: str | None = None) -> None:
        self._add(posting, EntryKind.NOTHING, (None, None, point_type, None, 0), 0, 0)

    def _fee(self, posting: Posting, version: RateVersion) -> None:
        fee = version.rates.transaction_fee_micros
        if fee:
            self._line += 1
            self.entries.append(
                Entry(
                    posting.seq, self._line, EntryKind.FEE, version.rates.partner_id, None, None, None, version.version,
                    0, fee, fee, posting.effective_us, entity=self._entity(posting),
                )
            )  # fmt: skip

    def _entity(self, posting: Posting) -> int:
        return self._cards.entities.of(posting.store, posting.effective_us, posting.seq)

    def _issue(
        self,
        posting: Posting,
        version: RateVersion,
        point_type: str,
        entity: int,
        share_percent: int | None = None,
    ) -> None:
        """Points that the partner of a version pays for, or for a share of: which part of their price is due now is fixed here."""
        now, later = version.rates.issue_parts(point_type, share_percent or 0)
        if self._cards.is_bought_out(version.rates.partner_id.bytes, posting.seq):
            # What had been on its way to a partner that has left costs it nothing: it has settled for good.
            now = later = 0
        self._add(
            posting,
            EntryKind.ISSUED,
            (version.rates.partner_id, UUID(bytes=posting.partner), point_type, version.version, entity),
            posting.points,
            now,
            lot_no=posting.lot_no,
            redemption=later,
            share_percent=share_percent,
        )

    def _grant(self, posting: Posting) -> None:
        """An entry for each partner that funds a grant: at its own issue price times its share, to the nearest micro.

        A campaign is the company's, so its first legal entity pays, at whichever store the sale was. That price is rounded once, and each point costs just that: so however the points are taken back, what is left is exact.
        """
        for funder, percent in posting.funders:
            if funder != _OPERATOR:
                version = self._price(posting._replace(partner=funder))
                self._issue(posting, version, BONUS_POINTS, FIRST_ENTITY, percent)
        if not self._line:
            self._nothing(posting, BONUS_POINTS)

    def _burn(self, posting: Posting, version: RateVersion) -> None:
        """An entry for each issuer and type of points; the partner that took them is reimbursed at its own price."""
        groups: dict[tuple[bytes, str], int] = {}
        for lot in posting.taken:
            groups[lot.issuer, lot.point_type] = groups.get((lot.issuer, lot.point_type), 0) + lot.points
        rates, entity = version.rates, self._entity(posting)
        for (issuer, point_type), points in groups.items():
            of = rates.partner_id, UUID(bytes=issuer), point_type, version.version, entity
            self._add(posting, EntryKind.BURNED, of, points, rates.reimbursement(point_type))

    def _charge(self, posting: Posting, used: Iterable[LotTaken]) -> None:
        """Points that were used: who pays for them at redemption owes it now."""
        for lot, issued in self._due_at_redemption(posting, used):
            self._move_charge(posting, EntryKind.CHARGED, issued, lot.points)

    def _credit(self, posting: Posting, back: Iterable[LotTaken]) -> None:
        """Points that are unused again, or that others took the place of: as far as they were charged, and no further."""
        for lot, issued in self._due_at_redemption(posting, back):
            points = min(lot.points, self._charged.get(_key(issued), 0))
            if points:
                self._move_charge(posting, EntryKind.CREDITED, issued, points)

    def _release(self, posting: Posting, lost: Iterable[LotTaken]) -> None:
        """Points that can never be used any more: what would have been due at redemption never will."""
        for lot, issued in self._due_at_redemption(posting, lost):
            of = issued.partner_id, issued.issuer_id, issued.point_type, issued.version, issued.entity
            self._add(
                posting,
                EntryKind.RELEASED,
                of,
                lot.points,
                0,
                redemption=issued.redemption_micros,
                earned_seq=issued.seq,
            )

    def _move_charge(self, posting: Posting, kind: EntryKind, issued: Entry, points: int) -> None:
        of = issued.partner_id, issued.issuer_id, issued.point_type, issued.version, issued.entity
        self._add(posting, kind, of, points, issued.redemption_micros, earned_seq=issued.seq)
        change = points if kind is EntryKind.CHARGED else -points
        self._charged[_key(issued)] = self._charged.get(_key(issued), 0) + change

    def _due_at_redemption(
        self, posting: Posting, lots: Iterable[LotTaken]
    ) -> Iterator[tuple[LotTaken, Entry]]:
        """Lots with each entry of their earn, grant or import that has something due once its points are used."""
        if not self._cards.at_redemption:
            return
        for lot in lots:
            for entry in self._entries_of(posting, lot.earned_seq):
                # What had something due when it was rated is followed for ever, also where a re-rate has left nothing.
                if entry.redemption_micros:
                    yield lot, self._cards.as_of(entry, posting.seq) if self._cards.moved else entry

    def _undo(self, posting: Posting) -> None:
        """An entry for each entry of an original, issuer and type of points, at its price, with the other sign."""
        groups: dict[_Group, int] = {}
        of_group: dict[_Group, Entry] = {}
        free = False
        for undone in posting.undoes:
            for original, taken in _parts(posting, undone, self._originals(posting, undone)):
                if original.kind is EntryKind.NOTHING:
                    free = True
                    continue
                group = undone.kind, undone.original_seq, original.partner_id, taken.issuer, taken.point_type
                of_group[group] = original
                groups[group] = groups.get(group, 0) + taken.points
        if not groups and not free:
            raise Unrateable(posting, "it undoes no points")
        for group, points in groups.items():
            kind, original_seq, partner, issuer, point_type = group
            original = of_group[group]
            of = partner, UUID(bytes=issuer), point_type, original.version, original.entity
            self._add(posting, kind, of, points, original.price_micros, undoes_seq=original_seq)
        for undone in posting.undoes:
            self._undo_charges(posting, undone)
        if not self._line:
            self._nothing(posting)

    def _undo_charges(self, posting: Posting, undone: Undone) -> None:
        """What is due at redemption: of points that are back in their lots, or of an earn that is undone out of other lots.

        Those other lots were used, so who pays for them owes it; and the earn's own points, which are gone, cost its
        issuer nothing any more.
        """
        if undone.kind is EntryKind.RETURNED:
            self._credit(posting, undone.taken)
            return
        others = [lot for lot in undone.used if lot.earned_seq != undone.original_seq]
        self._charge(posting, others)
        points = sum(lot.points for lot in others)
        if points:
            own = LotTaken(undone.partner, BASE_POINTS, points, undone.original_seq)
            before = len(self.entries)
            self._credit(posting, (own,))
            for credited in self.entries[before:]:
                self._release_credited(posting, credited)
        self._release(posting, [lot for lot in undone.used if lot.earned_seq == undone.original_seq])

    def _release_credited(self, posting: Posting, credited: Entry) -> None:
        """Points that were credited since others took their place are no longer there to be used again."""
        of = (
            credited.partner_id,
            credited.issuer_id,
            credited.point_type,
            credited.version,
            credited.entity,
        )
        self._add(
            posting,
            EntryKind.RELEASED,
            of,
            credited.points,
            0,
            redemption=credited.price_micros,
            earned_seq=credited.earned_seq,
        )

    def _entries_of(self, posting: Posting, seq: int) -> Sequence[Entry]:
        """How a posting was rated, before or just now."""
        found = self._before.originals.get(seq)
        if found is None:
            first = bisect_left(self.entries, seq, key=attrgetter("seq"))
            found = self.entries[first : bisect_right(self.entries, seq, key=attrgetter("seq"))]
        if not found or seq == posting.seq:
            raise Unrateable(posting, f"seq {seq}, whose points it moves, is not rated")
        return found

    def _originals(self, posting: Posting, undone: Undone) -> Sequence[Entry]:
        """The entries of what is undone."""
        kind = UNDOES[undone.kind]
        wanted = kind, EntryKind.NOTHING
        found = [entry for entry in self._entries_of(posting, undone.original_seq) if entry.kind in wanted]
        if not found or not all(_undoable(undone, entry) for entry in found):
            raise Unrateable(
                posting, f"seq {undone.original_seq}, which it undoes, has no points {kind} by its partner"
            )
        if self._cards.moved:
            return [self._cards.as_of(entry, posting.seq) for entry in found]
        return found


# Partner, issuer, type of points, version of prices, legal entity.
_Of = tuple[UUID | None, UUID | None, str | None, int | None, int]
_Group = tuple[EntryKind, int, UUID | None, bytes, str]


def _key(issued: Entry) -> tuple[int, UUID | None]:
    return issued.seq, issued.partner_id


def _parts(posting: Posting, undone: Undone, originals: Sequence[Entry]) -> Iterable[tuple[Entry, LotTaken]]:
    """What is undone of each entry of the original: of an earn and of a grant every one of them, of a burn by issuer and type."""
    if undone.kind is EntryKind.RETURNED:
        burned = {(entry.issuer_id, entry.point_type): entry for entry in originals}
        parts: list[tuple[Entry, LotTaken]] = []
        for taken in undone.taken:
            original = burned.get((UUID(bytes=taken.issuer), taken.point_type))
            if original is None:
                raise Unrateable(
                    posting, f"seq {undone.original_seq}, which it undoes, burned no such points"
                )
            parts.append((original, taken))
        return parts
    return [
        (original, taken._replace(point_type=original.point_type or BASE_POINTS))
        for original in originals
        for taken in undone.taken
    ]


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
