"""From the events of the points service to what rating needs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.rate_postings import Block, RatePostings, RatingStopped
from services.partners.domain.entries import BASE_POINTS, EntryKind
from services.partners.domain.postings import LotTaken, Posting, Share, Undone, Unrateable
from services.runtime.errors import NotFound
from services.runtime.subscriber import Postponed
from services.runtime.subscribing.watching import Watched

SUBSCRIBER: Final = "partners-rating"
SOURCE: Final = "points"
# What is rated stays rated, so it is neither read again nor rebuilt.
RATING: Final = Watched(SUBSCRIBER, SOURCE, None, repeatable=False, rebuildable=False)
# A new price mends most stops; how long to wait before the next look.
_RETRY_SECONDS: Final = 0.5
# A programme that this service does not know is none that it registered: it waits, and holds up no other.
_UNKNOWN_SECONDS: Final = 30.0


class PointsEvents:
    """Applies events of the points service: rates postings, keeps the programme's clock."""

    def __init__(self, rate: RatePostings) -> None:
        self._rate = rate

    async def apply(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Applies a run of events in the subscriber's transaction. Raises Postponed where rating stands still."""
        try:
            try:
                block = read(records)
            except Unrateable as stop:
                raise await self._rate.stopped(programme, stop) from None
            await self._rate(connection, programme, block)
        except RatingStopped as stop:
            raise Postponed(str(stop), _RETRY_SECONDS, stop.pos) from None
        except NotFound as error:
            raise Postponed(str(error), _UNKNOWN_SECONDS) from None


def read(records: Sequence[EventRecord]) -> Block:
    """What a run of events says: postings in order, and where the clock went, if it moved.

    Raises Unrateable for an event with a seq that this version does not know: a posting is never skipped.
    """
    postings: list[Posting] = []
    clock_offset_us: int | None = None
    for record in records:
        kind = record.type
        if kind == "points.earned":
            earned = pb.PointsEarned.FromString(record.payload)
            postings.append(
                Posting(
                    record.pos, earned.seq, earned.partner_id, earned.occurred_at_us, earned.points,
                    earned.lot_no, store=earned.store_id,
                )
            )  # fmt: skip
        elif kind in _READERS:
            postings.append(_READERS[kind](record))
        elif kind == "programme.clock_moved":
            clock_offset_us = pb.ProgrammeClockMoved.FromString(record.payload).offset_us
        elif record.seq:
            unknown = Posting(record.pos, record.seq, record.partner_id, record.recorded_at_us)
            raise Unrateable(unknown, f"this version does not know how to rate {kind}")
    return Block(postings, clock_offset_us)


def _granted(record: EventRecord) -> Posting:
    told = pb.PointsGranted.FromString(record.payload)
    funders = [Share(funder.partner_id, funder.percent) for funder in told.funders]
    return Posting(
        record.pos, told.seq, told.partner_id, told.occurred_at_us, told.points, told.lot_no, funders=funders
    )


def _redeemed(record: EventRecord) -> Posting:
    told = pb.PointsRedeemed.FromString(record.payload)
    taken = _taken(told.lots)
    return Posting(
        record.pos,
        told.seq,
        told.partner_id,
        told.occurred_at_us,
        told.points,
        taken=taken,
        store=told.store_id,
    )


def _expired(record: EventRecord) -> Posting:
    told = pb.PointsExpired.FromString(record.payload)
    return Posting(record.pos, told.seq, b"", told.recorded_at_us, lapsed=_taken(told.lots))


def _adjusted(record: EventRecord) -> Posting:
    """The operator gave points, which cost nobody anything yet, or took some, which never will."""
    told = pb.PointsAdjusted.FromString(record.payload)
    return Posting(record.pos, told.seq, b"", told.recorded_at_us, lapsed=_taken(told.lots))


def _matured(record: EventRecord) -> Posting:
    """Points were rated when they were earned."""
    told = pb.PointsMatured.FromString(record.payload)
    return Posting(record.pos, told.seq, b"", told.recorded_at_us)


def _returned(record: EventRecord) -> Posting:
    told = pb.PointsReturned.FromString(record.payload)
    undone = Undone(EntryKind.RETURNED, told.original_seq, told.partner_id, _taken(told.lots))
    return Posting(record.pos, told.seq, told.partner_id, told.occurred_at_us, undoes=(undone,))


def _clawed_back(record: EventRecord) -> Posting:
    told = pb.PointsClawedBack.FromString(record.payload)
    undone = _reversed(told.original_seq, told.partner_id, told.points, _taken(told.lots))
    return Posting(record.pos, told.seq, told.partner_id, told.occurred_at_us, undoes=(undone,))


def _repaid(record: EventRecord) -> Posting:
    """What was owed is reversed now that it is paid; the debts may be towards several partners."""
    told = pb.PointsRepaid.FromString(record.payload)
    lots = _taken(told.lots)
    undoes = [
        _reversed(debt.original_seq, debt.partner_id, debt.points, _first(lots, debt.points))
        for debt in told.debts
    ]
    return Posting(record.pos, told.seq, b"", told.recorded_at_us, undoes=undoes)


def _reversed(original_seq: int, partner: bytes, points: int, used: Sequence[LotTaken]) -> Undone:
    """Points of an earn or a grant that need not have been issued, and the lots that they were taken back from."""
    taken = (LotTaken(partner, BASE_POINTS, points),)
    return Undone(EntryKind.REVERSED, original_seq, partner, taken, used)


def _first(lots: list[LotTaken], points: int) -> list[LotTaken]:
    """Takes so many points off the front of lots: debts are paid in order, out of lots in order."""
    parts: list[LotTaken] = []
    while points and lots:
        part = min(points, lots[0].points)
        parts.append(lots[0]._replace(points=part))
        points -= part
        lots[0] = lots[0]._replace(points=lots[0].points - part)
        if not lots[0].points:
            del lots[0]
    return parts


def _taken(lots: Iterable[pb.LotTaken]) -> list[LotTaken]:
    return [LotTaken(lot.issuer_id, lot.point_type, lot.points, lot.earned_seq) for lot in lots]


def _costs_nobody(
    message: type[
        pb.PointsHeld
        | pb.PointsReleased
        | pb.PointsOwed
        | pb.PointsRefunded
        | pb.PointsFloorSet
        | pb.PointsParked
        | pb.PointsUnparked
        | pb.PointsTransferred
        | pb.PointsReceived
        | pb.PointsAssumed
    ],
) -> Callable[[EventRecord], Posting]:
    """A reader of postings that keep their place in the journal, and for which nobody owes anybody."""

    def read_one(record: EventRecord) -> Posting:
        told = message.FromString(record.payload)
        return Posting(record.pos, told.seq, told.partner_id, told.recorded_at_us)

    return read_one


def _of_the_operator(
    message: type[pb.PointsMerged | pb.PointsImported | pb.PointsBudgetLoaded],
) -> Callable[[EventRecord], Posting]:
    """A reader of what the operator did to wallets and budgets: no money moves until such points are granted or burned."""

    def read_one(record: EventRecord) -> Posting:
        told = message.FromString(record.payload)
        return Posting(record.pos, told.seq, b"", told.recorded_at_us)

    return read_one


# How postings are read, but for the one that most of them are. One is known if it is here.
_READERS: Final[dict[str, Callable[[EventRecord], Posting]]] = {
    "points.redeemed": _redeemed,
    "points.expired": _expired,
    "points.matured": _matured,
    # Points set aside and freed.
    "points.held": _costs_nobody(pb.PointsHeld),
    "points.released": _costs_nobody(pb.PointsReleased),
    "points.returned": _returned,
    "points.clawed_back": _clawed_back,
    # A debt is reversed once it is paid, and what a refund moves is in its parts.
    "points.owed": _costs_nobody(pb.PointsOwed),
    "points.repaid": _repaid,
    "points.refunded": _costs_nobody(pb.PointsRefunded),
    # How far a partner may go: a limit, no movement.
    "points.floor_set": _costs_nobody(pb.PointsFloorSet),
    # No points are issued of what is parked, until it is posted as an earn.
    "points.parked": _costs_nobody(pb.PointsParked),
    "points.unparked": _costs_nobody(pb.PointsUnparked),
    # Points that go from one wallet to another keep their issuer, and debts who is owed.
    "points.transferred": _costs_nobody(pb.PointsTransferred),
    "points.received": _costs_nobody(pb.PointsReceived),
    "points.assumed": _costs_nobody(pb.PointsAssumed),
    "points.merged": _of_the_operator(pb.PointsMerged),
    "points.adjusted": _adjusted,
    "points.imported": _of_the_operator(pb.PointsImported),
    "points.granted": _granted,
    "points.budget_loaded": _of_the_operator(pb.PointsBudgetLoaded),
}
