"""The event log of any service, for a subscriber that has no client of its own for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc.aio
from coalition.members.v1 import members_pb2
from coalition.members.v1.members_pb2_grpc import MembersServiceStub
from coalition.partners.v1 import partners_pb2
from coalition.partners.v1.partners_pb2_grpc import PartnersServiceStub
from coalition.points.v1 import points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord

from services.runtime import grpc_client
from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Stream
from services.runtime.principal import Programme, Signer, programme_from

_READERS: Any = {
    MEMBERS: (MembersServiceStub, members_pb2.ReadEventsRequest),
    POINTS: (PointsServiceStub, points_pb2.ReadEventsRequest),
    PARTNERS: (PartnersServiceStub, partners_pb2.ReadEventsRequest),
}


class GrpcOwner:
    """The service behind a stream, over gRPC; programmes are asked of the partners service."""

    def __init__(
        self, stream: Stream, channel: grpc.aio.Channel, partners: grpc.aio.Channel, signer: Signer
    ) -> None:
        """`channel`: to the service behind the stream, which verifies what `signer` signs."""
        stub, self._request = _READERS[stream]
        self._read, self._registry = stub(channel).ReadEvents, PartnersServiceStub(partners)
        self._signer = signer
        self._known: dict[str, Programme] = {}

    async def programmes(self) -> Sequence[str]:
        """The slugs of all programmes."""
        request = partners_pb2.ListProgrammesRequest()
        answer = await grpc_client.call(self._registry.ListProgrammes, request, self._signer.own(None))
        return [each.slug for each in answer.programmes]

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on, in order; `limit` 0: to the end."""
        request = self._request(from_pos=from_pos, limit=limit)
        principal = self._signer.own(await self._programme(programme))
        async for answer in grpc_client.stream(self._read, request, principal):
            yield answer.events

    async def _programme(self, slug: str) -> Programme:
        if slug not in self._known:
            request = partners_pb2.GetProgrammeRequest(slug=slug)
            answer = await grpc_client.call(self._registry.GetProgramme, request, self._signer.own(None))
            self._known[slug] = programme_from(answer.programme)
        return self._known[slug]
