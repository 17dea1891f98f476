"""What clearing has to make of the journal: a second way to it, from the lots that each posting names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from coalition.points.v1 import journal_pb2
from coalition.points.v1 import movement_pb2 as pb

from services.operations.campaigns import OPERATOR
from tests.chaos.books import Rated
from tests.chaos.mall import PARTNERS

Record = journal_pb2.JournalRecord
BASE: Final = "base"
BONUS: Final = "bonus"


class Entry(NamedTuple):
    """What there is to be; `share` per cent of the price are paid by the partner."""

    kind: str
    partner: UUID
    issuer: UUID
    points: int
    point_type: str = BASE
    share: int = 100


def rated_otherwise(
    records: Sequence[Record],
    rated: Sequence[Rated],
    slugs: Mapping[UUID, str],
    funders: Mapping[UUID, Mapping[str, int]] = MappingProxyType({}),
) -> list[str]:
    """Postings that clearing has rated otherwise than the journal says, or not at all, or twice.

    `funders`: shares in per cent by campaign and partner.
    """
    journal = _Journal(records, {slug: partner for partner, slug in slugs.items()}, funders)
    made: dict[int, list[Rated]] = {}
    for entry in rated:
        made.setdefault(entry.seq, []).append(entry)
    found: list[str] = []
    for record in records:
        seq = record.transaction.seq
        entries = made.pop(seq, [])
        rule = _RULES.get(record.transaction.kind)
        if rule is None:
            found.append(
                f"seq {seq}: tests/chaos/rating.py has no rule for its kind, {record.transaction.kind}"
            )
            continue
        expected = Counter((*entry[:5], _micros(entry, slugs)) for entry in rule(journal, record))
        stands = Counter(
            (each.kind, each.partner, each.issuer, each.points, each.point_type, each.amount_micros)
            for each in entries
            if each.kind != "nothing"
        )
        if stands != expected or not entries:
            found.append(f"seq {seq}: rated {dict(stands)}, expected {dict(expected)}")
    found += [f"seq {seq} is rated, and not in the journal" for seq in made]
    return found


def _micros(entry: Entry, slugs: Mapping[UUID, str]) -> int:
    """At one price for all times, which PARTNERS has."""
    terms = PARTNERS[slugs[entry.partner]]
    price = terms.issue_micros if entry.kind in ("issued", "reversed") else terms.reimbursement_micros
    sign = 1 if entry.kind in ("issued", "returned") else -1
    return sign * entry.points * round(Fraction(price * entry.share, 100))


@dataclass(frozen=True)
class _Journal:
    """What the rules look up: grants by their seq. `partners`: by slug."""

    records: Sequence[Record]
    partners: Mapping[str, UUID]
    funders: Mapping[UUID, Mapping[str, int]]
    grants: dict[int, UUID] = field(default_factory=dict[int, UUID])

    def __post_init__(self) -> None:
        for record in self.records:
            if record.transaction.kind == pb.MOVEMENT_KIND_GRANT:
                self.grants[record.transaction.seq] = UUID(bytes=record.transaction.campaign.campaign_id)

    def issued(self, kind: str, seq: int, partner: UUID, points: int) -> Iterator[Entry]:
        """Points of an earn, which its partner pays for, or of a grant, which the funders of the campaign do."""
        campaign = self.grants.get(seq)
        if not points:
            return
        if campaign is None:
            yield Entry(kind, partner, partner, points)
            return
        # (One of a campaign that there is not is the model's to find.)
        for slug, share in self.funders.get(campaign, {}).items():
            if slug != OPERATOR:
                yield Entry(kind, self.partners[slug], partner, points, BONUS, share)


_Rule = Callable[[_Journal, Record], Iterable[Entry]]


def _nothing(_: _Journal, __: Record) -> Iterable[Entry]:
    return ()


def _issued(journal: _Journal, record: Record) -> Iterable[Entry]:
    """Those that cannot be spent yet too."""
    moved = record.transaction
    return journal.issued("issued", moved.seq, UUID(bytes=moved.partner_id), moved.points + moved.pending)


def _by_issuer(
    kind: str, partner: bytes, parts: Iterable[journal_pb2.LotUse | journal_pb2.LotOpened]
) -> Iterable[Entry]:
    """By type of points too."""
    points: Counter[tuple[UUID, str]] = Counter()
    for part in parts:
        points[UUID(bytes=part.issuer_id), part.point_type] += part.points
    return [
        Entry(kind, UUID(bytes=partner), issuer, count, point_type)
        for (issuer, point_type), count in points.items()
    ]


def _burned(_: _Journal, record: Record) -> Iterable[Entry]:
    return _by_issuer("burned", record.transaction.partner_id, record.lot_uses)


def _returned(_: _Journal, record: Record) -> Iterable[Entry]:
    """To the lots that the points were taken from, or to new ones where those have expired."""
    return _by_issuer("returned", record.transaction.partner_id, [*record.lot_returns, *record.lots_opened])


def _clawed_back(journal: _Journal, record: Record) -> Iterable[Entry]:
    """Whichever lots they came from, they undo the earn's or the grant's own points."""
    moved = record.transaction
    taken = moved.points + moved.pending
    return journal.issued("reversed", moved.original_seq, UUID(bytes=moved.partner_id), -taken)


def _repaid(journal: _Journal, record: Record) -> Iterable[Entry]:
    """An entry for each earn or grant whose points were owed."""
    points: Counter[tuple[int, UUID]] = Counter()
    for debt in record.debts_paid:
        points[debt.original_seq, UUID(bytes=debt.partner_id)] += debt.points
    for (seq, partner), count in points.items():
        yield from journal.issued("reversed", seq, partner, count)


_RULES: Final[Mapping[int, _Rule]] = {
    pb.MOVEMENT_KIND_EARN: _issued,
    pb.MOVEMENT_KIND_GRANT: _issued,
    pb.MOVEMENT_KIND_REDEEM: _burned,
    pb.MOVEMENT_KIND_CAPTURE: _burned,
    pb.MOVEMENT_KIND_RETURN: _returned,
    pb.MOVEMENT_KIND_CLAWBACK: _clawed_back,
    pb.MOVEMENT_KIND_REPAY: _repaid,
    pb.MOVEMENT_KIND_EXPIRE: _nothing,
    pb.MOVEMENT_KIND_HOLD: _nothing,
    pb.MOVEMENT_KIND_VOID: _nothing,
    pb.MOVEMENT_KIND_LAPSE: _nothing,
    pb.MOVEMENT_KIND_OWE: _nothing,
    pb.MOVEMENT_KIND_REFUND: _nothing,
    pb.MOVEMENT_KIND_MATURE: _nothing,
    pb.MOVEMENT_KIND_FLOOR: _nothing,
    pb.MOVEMENT_KIND_PARK: _nothing,
    pb.MOVEMENT_KIND_UNPARK: _nothing,
    pb.MOVEMENT_KIND_LOAD: _nothing,
    pb.MOVEMENT_KIND_TRANSFER: _nothing,
    pb.MOVEMENT_KIND_RECEIVE: _nothing,
    pb.MOVEMENT_KIND_MERGE: _nothing,
    pb.MOVEMENT_KIND_ASSUME: _nothing,
    pb.MOVEMENT_KIND_ADJUST: _nothing,
    pb.MOVEMENT_KIND_IMPORT: _nothing,
}
