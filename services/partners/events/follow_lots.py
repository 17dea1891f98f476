"""From the events of the points service to what became of points."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord

from services.partners.clients.points import PointsLedger
from services.partners.domain.entries import EntryKind
from services.partners.domain.liability.lots import OfLot, Step, Told, Undoing
from services.partners.domain.postings import LotTaken, Posting
from services.partners.events.consume import read

_OPERATOR: Final = UUID(int=0)


class LedgerLots:
    """The ledger's events over its client; see LotEvents."""

    def __init__(self, points: PointsLedger) -> None:
        self._points = points

    async def read(self, programme: str, from_pos: int, limit: int) -> AsyncIterator[Sequence[Step]]:
        """See LotEvents."""
        async for block in self._points.read_events(programme, from_pos, limit):
            yield steps_of(block)


def steps_of(records: Sequence[EventRecord]) -> list[Step]:
    """What each event of a run did to points. Raises Unrateable for one with a seq that this version does not know."""
    told = {posting.seq: _told(posting) for posting in read(records).postings}
    return [Step(record.pos, record.seq, _issued(record) or told.get(record.seq)) for record in records]


def _told(posting: Posting) -> Told | None:
    if not (posting.taken or posting.undoes or posting.lapsed):
        return None
    returned: list[OfLot] = []
    undone: list[Undoing] = []
    for each in posting.undoes:
        if each.kind is EntryKind.RETURNED:
            returned += _lots(each.taken)
        else:
            points = sum(lot.points for lot in each.taken)
            undone.append(Undoing(each.original_seq, UUID(bytes=each.partner), points, _lots(each.used)))
    return Told(
        posting.seq,
        posting.effective_us,
        burned=_lots(posting.taken),
        returned=returned,
        lapsed=_lots(posting.lapsed),
        undone=undone,
    )


def _issued(record: EventRecord) -> Told | None:
    """Points that no rated entry tells of, since nobody owes anything for them."""
    if record.type == "points.imported":
        imported = pb.PointsImported.FromString(record.payload)
        lot = OfLot(imported.seq, UUID(bytes=imported.issuer_id), imported.points)
        return Told(imported.seq, imported.recorded_at_us, issued=(lot,), is_opening=True)
    if record.type == "points.adjusted":
        adjusted = pb.PointsAdjusted.FromString(record.payload)
        if adjusted.points > 0:
            lot = OfLot(adjusted.seq, _OPERATOR, adjusted.points)
            return Told(adjusted.seq, adjusted.recorded_at_us, issued=(lot,))
    if record.type == "points.granted":
        granted = pb.PointsGranted.FromString(record.payload)
        if all(funder.partner_id == _OPERATOR.bytes for funder in granted.funders):
            lot = OfLot(granted.seq, UUID(bytes=granted.partner_id), granted.points)
            return Told(granted.seq, granted.occurred_at_us, issued=(lot,))
    return None


def _lots(lots: Sequence[LotTaken]) -> list[OfLot]:
    return [OfLot(lot.earned_seq, UUID(bytes=lot.issuer), lot.points) for lot in lots]
