"""coalition.members.v1.MembersOfficeService over the commands and queries."""

from __future__ import annotations

from coalition.members.v1 import office_pb2 as pb
from coalition.members.v1 import office_pb2_grpc

from services.members.app import Members
from services.members.domain.card_ranges import CardRange
from services.members.domain.events import EnumerationSuspected
from services.runtime.fields import read_id
from services.runtime.principal import acting


class OfficeServicer(office_pb2_grpc.MembersOfficeServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, members: Members) -> None:
        self._members = members

    async def SetCardRange(self, request: pb.SetCardRangeRequest, context: object) -> pb.SetCardRangeResponse:
        """See the contract."""
        partner_id = read_id(request.partner_id, "partner_id") if request.partner_id else None
        found = await self._members.set_card_range(
            acting(), request.prefix, request.digits, partner_id, request.valid_from_us
        )
        return pb.SetCardRangeResponse(range=_range_message(found))

    async def ListCardRanges(
        self, request: pb.ListCardRangesRequest, context: object
    ) -> pb.ListCardRangesResponse:
        """See the contract."""
        ranges = await self._members.office.ranges(acting())
        return pb.ListCardRangesResponse(ranges=map(_range_message, ranges))

    async def ListSuspicions(
        self, request: pb.ListSuspicionsRequest, context: object
    ) -> pb.ListSuspicionsResponse:
        """See the contract."""
        found = await self._members.office.suspicions(acting(), request.limit)
        return pb.ListSuspicionsResponse(suspicions=map(_suspicion_message, found))


def _range_message(found: CardRange) -> pb.CardRange:
    return pb.CardRange(
        prefix=found.prefix,
        digits=found.digits,
        partner_id=found.partner_id.bytes if found.partner_id else b"",
        valid_from_us=found.valid_from_us,
        set_by=found.set_by,
        set_at_us=found.set_at_us,
    )


def _suspicion_message(found: EnumerationSuspected) -> pb.Suspicion:
    return pb.Suspicion(
        partner_id=found.source.partner_id.bytes,
        api_key=found.source.api_key,
        store=found.source.store,
        till=found.source.till,
        unknown=found.tally.unknown,
        enrolled=found.tally.enrolled,
        known=found.tally.known,
        window_start_us=found.window_start_us,
        window_seconds=found.window_seconds,
        suspected_at_us=found.suspected_at_us,
    )
