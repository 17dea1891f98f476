"""From the events of the points service to facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import count
from typing import Any, Final
from uuid import UUID

from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord

from services.insights.domain.facts import (
    OPERATOR,
    Merge,
    Movement,
    MovementKind,
    PointsFacts,
    Refund,
    Sale,
)
from services.runtime.clock import in_zone

#: The lots of a movement: who issued it, by what seq it came to be, how many points.
_Lot = tuple[UUID, int, int]


def read(records: Sequence[EventRecord], zone: str) -> PointsFacts:
    """What a run of events says. Types that figures need nothing of, or that are younger than this code, are passed over."""
    facts = PointsFacts()
    for record in records:
        reader = _READERS.get(record.type)
        if reader is not None:
            reader(facts, record.payload, zone)
    return facts


def _earned(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsEarned.FromString(payload)
    day = _day(told.occurred_at_us, zone)
    member_id, partner_id = UUID(bytes=told.member_id), UUID(bytes=told.partner_id)
    facts.sales.append(
        Sale(
            told.seq, UUID(bytes=told.transaction_id), member_id, partner_id,
            UUID(bytes=told.store_id) if told.store_id else None, told.channel, day, told.gross_minor,
            told.eligible_minor, told.points,
        )
    )  # fmt: skip
    _issued(facts, MovementKind.EARNED, told, member_id, partner_id, partner_id, day)


def _granted(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsGranted.FromString(payload)
    partner_id = UUID(bytes=told.partner_id)
    day = _day(told.occurred_at_us, zone)
    _issued(facts, MovementKind.GRANTED, told, UUID(bytes=told.member_id), partner_id, partner_id, day)


def _imported(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsImported.FromString(payload)
    issuer_id, day = UUID(bytes=told.issuer_id), _day(told.recorded_at_us, zone)
    _issued(facts, MovementKind.IMPORTED, told, UUID(bytes=told.member_id), None, issuer_id, day)


def _adjusted(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsAdjusted.FromString(payload)
    member_id, day = UUID(bytes=told.member_id), _day(told.recorded_at_us, zone)
    if told.points > 0:
        _issued(facts, MovementKind.ADJUSTED, told, member_id, None, OPERATOR, day)
    else:
        _moved(facts, MovementKind.TAKEN, told.seq, member_id, None, None, _lots(told.lots), day)


def _redeemed(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsRedeemed.FromString(payload)
    _moved(
        facts, MovementKind.BURNED, told.seq, UUID(bytes=told.member_id), UUID(bytes=told.partner_id), None,
        _lots(told.lots), _day(told.occurred_at_us, zone),
    )  # fmt: skip


def _returned(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsReturned.FromString(payload)
    _moved(
        facts, MovementKind.RETURNED, told.seq, UUID(bytes=told.member_id), UUID(bytes=told.partner_id),
        told.original_seq, _lots(told.lots), _day(told.occurred_at_us, zone),
    )  # fmt: skip


def _clawed_back(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsClawedBack.FromString(payload)
    _moved(
        facts, MovementKind.REVERSED, told.seq, UUID(bytes=told.member_id), UUID(bytes=told.partner_id),
        told.original_seq, _lots(told.lots), _day(told.occurred_at_us, zone),
    )  # fmt: skip


def _repaid(facts: PointsFacts, payload: bytes, zone: str) -> None:
    """Debts are paid in their order, out of lots in theirs."""
    told = pb.PointsRepaid.FromString(payload)
    day, member_id, lots, lines = (
        _day(told.recorded_at_us, zone),
        UUID(bytes=told.member_id),
        _lots(told.lots),
        count(1),
    )
    for debt in told.debts:
        for issuer_id, earned_seq, points in _off_the_front(lots, debt.points):
            facts.movements.append(
                Movement(
                    told.seq, next(lines), MovementKind.REVERSED, member_id, UUID(bytes=debt.partner_id), issuer_id,
                    earned_seq, debt.original_seq, points, day,
                )
            )  # fmt: skip


def _expired(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsExpired.FromString(payload)
    day = _day(told.recorded_at_us, zone)
    member_id, lots = UUID(bytes=told.member_id), _lots(told.lots)
    _moved(facts, MovementKind.EXPIRED, told.seq, member_id, None, None, lots, day)


def _refunded(facts: PointsFacts, payload: bytes, zone: str) -> None:
    told = pb.PointsRefunded.FromString(payload)
    facts.refunds.append(
        Refund(
            told.seq, UUID(bytes=told.original_id), UUID(bytes=told.member_id), UUID(bytes=told.partner_id),
            _day(told.occurred_at_us, zone), told.amount, told.written_off,
        )
    )  # fmt: skip


def _merged(facts: PointsFacts, payload: bytes, zone: str) -> None:
    del zone
    told = pb.PointsMerged.FromString(payload)
    facts.merges.append(Merge(UUID(bytes=told.member_id), UUID(bytes=told.into_member_id)))


def _issued(
    facts: PointsFacts,
    kind: MovementKind,
    told: Any,
    member_id: UUID,
    partner_id: UUID | None,
    issuer_id: UUID,
    day: date,
) -> None:
    """Points came to be by this very seq; a sale too small brings none."""
    if told.points:
        facts.movements.append(
            Movement(
                told.seq, 1, kind, member_id, partner_id, issuer_id, told.seq, None, told.points, day
            )
        )  # fmt: skip


def _moved(
    facts: PointsFacts,
    kind: MovementKind,
    seq: int,
    member_id: UUID,
    partner_id: UUID | None,
    undoes_seq: int | None,
    lots: Iterable[_Lot],
    day: date,
) -> None:
    for line, (issuer_id, earned_seq, points) in enumerate(lots, start=1):
        facts.movements.append(
            Movement(seq, line, kind, member_id, partner_id, issuer_id, earned_seq, undoes_seq, points, day)
        )


def _lots(lots: Iterable[pb.LotTaken]) -> list[_Lot]:
    return [(UUID(bytes=lot.issuer_id), lot.earned_seq, lot.points) for lot in lots if lot.points]


def _off_the_front(lots: list[_Lot], points: int) -> Iterator[_Lot]:
    while points and lots:
        issuer_id, earned_seq, there = lots[0]
        part = min(points, there)
        yield issuer_id, earned_seq, part
        points -= part
        if part == there:
            del lots[0]
        else:
            lots[0] = (issuer_id, earned_seq, there - part)


def _day(micros: int, zone: str) -> date:
    return in_zone(micros, zone).date()


# Points that are held, mature or go to another wallet stay what they are; a sale that is parked counts once it is posted.
_READERS: Final[dict[str, Callable[[PointsFacts, bytes, str], None]]] = {
    "points.earned": _earned,
    "points.granted": _granted,
    "points.imported": _imported,
    "points.adjusted": _adjusted,
    "points.redeemed": _redeemed,
    "points.returned": _returned,
    "points.clawed_back": _clawed_back,
    "points.repaid": _repaid,
    "points.expired": _expired,
    "points.refunded": _refunded,
    "points.merged": _merged,
}
