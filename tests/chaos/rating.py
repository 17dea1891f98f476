"""What clearing has to make of the journal: a second way to it, from the lots that each posting names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from coalition.points.v1 import journal_pb2
from coalition.points.v1 import movement_pb2 as pb

from tests.chaos.books import Rated
from tests.chaos.mall import PARTNERS

Record = journal_pb2.JournalRecord
Entry = tuple[str, UUID, UUID, int, int]
"""Kind, partner, issuer, points, micros."""


def rated_otherwise(
    records: Sequence[Record], rated: Sequence[Rated], slugs: Mapping[UUID, str]
) -> list[str]:
    """Postings that clearing has rated otherwise than the journal says, or not at all, or twice."""
    made: dict[int, list[Rated]] = {}
    for entry in rated:
        made.setdefault(entry.seq, []).append(entry)
    found: list[str] = []
    for record in records:
        seq = record.transaction.seq
        entries = made.pop(seq, [])
        if record.transaction.kind not in _RULES:
            found.append(
                f"seq {seq}: tests/chaos/rating.py has no rule for its kind, {record.transaction.kind}"
            )
            continue
        expected = Counter(_expected(record, slugs))
        stands = Counter(
            (each.kind, each.partner, each.issuer, each.points, each.amount_micros)
            for each in entries
            if each.kind != "nothing"
        )
        if stands != expected or not entries:
            found.append(f"seq {seq}: rated {dict(stands)}, expected {dict(expected)}")
    found += [f"seq {seq} is rated, and not in the journal" for seq in made]
    return found


def _expected(record: Record, slugs: Mapping[UUID, str]) -> Iterable[Entry]:
    """At one price for all times, which PARTNERS has."""
    for kind, partner, issuer, points in _RULES[record.transaction.kind](record):
        terms = PARTNERS[slugs[partner]]
        price = terms.issue_micros if kind in ("issued", "reversed") else terms.reimbursement_micros
        sign = 1 if kind in ("issued", "returned") else -1
        yield kind, partner, issuer, points, sign * points * price


_Rule = Callable[[Record], Iterable[tuple[str, UUID, UUID, int]]]


def _nothing(_: Record) -> Iterable[tuple[str, UUID, UUID, int]]:
    return ()


def _issued(record: Record) -> Iterable[tuple[str, UUID, UUID, int]]:
    """Those that cannot be spent yet too."""
    partner, points = UUID(bytes=record.transaction.partner_id), record.transaction.points
    points += record.transaction.pending
    return [("issued", partner, partner, points)] if points else []


def _by_issuer(
    kind: str, partner: bytes, parts: Iterable[journal_pb2.LotUse | journal_pb2.LotOpened]
) -> Iterable[tuple[str, UUID, UUID, int]]:
    points: Counter[UUID] = Counter()
    for part in parts:
        points[UUID(bytes=part.issuer_id)] += part.points
    return [(kind, UUID(bytes=partner), issuer, count) for issuer, count in points.items()]


def _burned(record: Record) -> Iterable[tuple[str, UUID, UUID, int]]:
    return _by_issuer("burned", record.transaction.partner_id, record.lot_uses)


def _returned(record: Record) -> Iterable[tuple[str, UUID, UUID, int]]:
    """To the lots that the points were taken from, or to new ones where those have expired."""
    return _by_issuer("returned", record.transaction.partner_id, [*record.lot_returns, *record.lots_opened])


def _clawed_back(record: Record) -> Iterable[tuple[str, UUID, UUID, int]]:
    """Whichever lots they came from, they undo the earn's own points."""
    partner = UUID(bytes=record.transaction.partner_id)
    taken = record.transaction.points + record.transaction.pending
    return [("reversed", partner, partner, -taken)]


def _repaid(record: Record) -> Iterable[tuple[str, UUID, UUID, int]]:
    """An entry for each earn whose points were owed."""
    points: Counter[tuple[int, UUID]] = Counter()
    for debt in record.debts_paid:
        points[debt.original_seq, UUID(bytes=debt.partner_id)] += debt.points
    return [("reversed", partner, partner, count) for (_, partner), count in points.items()]


_RULES: Final[Mapping[int, _Rule]] = {
    pb.MOVEMENT_KIND_EARN: _issued,
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
    pb.MOVEMENT_KIND_TRANSFER: _nothing,
    pb.MOVEMENT_KIND_RECEIVE: _nothing,
    pb.MOVEMENT_KIND_MERGE: _nothing,
    pb.MOVEMENT_KIND_ASSUME: _nothing,
    pb.MOVEMENT_KIND_ADJUST: _nothing,
    pb.MOVEMENT_KIND_IMPORT: _nothing,
}
