"""From the events of the points service to what rating needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.rate_postings import Block, RatePostings, RatingStopped
from services.partners.domain.rating import LotTaken, Posting, Unrateable
from services.runtime.errors import NotFound
from services.runtime.subscriber import Postponed

SUBSCRIBER: Final = "partners-rating"
SOURCE: Final = "points"
_WITHOUT_PRICE: Final[dict[str, type[pb.PointsHeld | pb.PointsReleased]]] = {
    "points.held": pb.PointsHeld,
    "points.released": pb.PointsReleased,
}
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
                    earned.lot_no,
                )
            )  # fmt: skip
        elif kind == "points.redeemed":
            redeemed = pb.PointsRedeemed.FromString(record.payload)
            taken = [LotTaken(lot.issuer_id, lot.point_type, lot.points) for lot in redeemed.lots]
            postings.append(
                Posting(
                    record.pos, redeemed.seq, redeemed.partner_id, redeemed.occurred_at_us, redeemed.points,
                    0, taken,
                )
            )  # fmt: skip
        elif kind in _WITHOUT_PRICE:
            # Points set aside and freed: nobody owes anybody for them.
            message = _WITHOUT_PRICE[kind].FromString(record.payload)
            postings.append(Posting(record.pos, message.seq, message.partner_id, message.recorded_at_us))
        elif kind == "points.expired":
            expired = pb.PointsExpired.FromString(record.payload)
            postings.append(Posting(record.pos, expired.seq, b"", expired.recorded_at_us))
        elif kind == "programme.clock_moved":
            clock_offset_us = pb.ProgrammeClockMoved.FromString(record.payload).offset_us
        elif record.seq:
            unknown = Posting(record.pos, record.seq, record.partner_id, record.recorded_at_us)
            raise Unrateable(unknown, f"this version does not know how to rate {kind}")
    return Block(postings, clock_offset_us)
