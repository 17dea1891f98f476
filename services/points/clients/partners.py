"""The partners service, as the ledger needs it: programmes and stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

import grpc.aio
from coalition.partners.v1 import partners_pb2 as pb
from coalition.partners.v1 import standing_pb2
from coalition.partners.v1.partners_pb2_grpc import PartnersServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord

from services.runtime import grpc_client
from services.runtime.expiry_policy import ExpiryPolicy, policy_from
from services.runtime.principal import Programme, Signer, programme_from


class ProgrammeFacts(NamedTuple):
    """A programme, the start of its first window (microseconds UTC), and when its points expire to begin with."""

    programme: Programme
    starts_at_us: int
    expiry: ExpiryPolicy


class Partners(Protocol):
    """What the ledger asks of partners."""

    async def programme(self, slug: str) -> ProgrammeFacts:
        """A programme by slug. Raises NotFound (PROGRAMME_UNKNOWN), Unavailable."""
        ...

    async def stores(self, programme: Programme, partner_id: UUID) -> frozenset[UUID]:
        """The ids of a partner's stores. Raises NotFound (PARTNER_UNKNOWN), Unavailable."""
        ...

    async def may_fund(self, programme: Programme, partner_id: UUID) -> bool:
        """Whether a partner may pay for what campaigns give, by its contract and by where it stands.

        Raises NotFound (PARTNER_UNKNOWN), Unavailable.
        """
        ...


class GrpcPartners:
    """The partners service over gRPC, asked as this service itself."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub, self._signer = PartnersServiceStub(channel), signer

    async def programme(self, slug: str) -> ProgrammeFacts:
        """A programme by slug. Raises NotFound (PROGRAMME_UNKNOWN), Unavailable."""
        request = pb.GetProgrammeRequest(slug=slug)
        answer = await grpc_client.call(self._stub.GetProgramme, request, self._signer.own(None))
        return ProgrammeFacts(
            programme_from(answer.programme), answer.starts_at_us, policy_from(answer.expiry)
        )

    async def stores(self, programme: Programme, partner_id: UUID) -> frozenset[UUID]:
        """The ids of a partner's stores. Raises NotFound (PARTNER_UNKNOWN), Unavailable."""
        request = pb.GetPartnerRequest(partner_id=partner_id.bytes)
        answer = await grpc_client.call(self._stub.GetPartner, request, self._signer.own(programme))
        return frozenset(UUID(bytes=store.store_id) for store in answer.stores)

    async def may_fund(self, programme: Programme, partner_id: UUID) -> bool:
        """Whether a partner may pay for what campaigns give, by its contract and by where it stands.

        Raises NotFound (PARTNER_UNKNOWN), Unavailable.
        """
        request = pb.GetPartnerRequest(partner_id=partner_id.bytes)
        answer = await grpc_client.call(self._stub.GetPartner, request, self._signer.own(programme))
        stands = standing_pb2.PARTNER_OPERATION_FUND not in answer.standing.refused
        return stands and pb.PARTNER_ROLE_FUND in answer.roles

    async def read_events(
        self, programme: Programme, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of the partners' event log from a position on."""
        request = pb.ReadEventsRequest(from_pos=from_pos, limit=limit)
        async for block in grpc_client.stream(self._stub.ReadEvents, request, self._signer.own(programme)):
            yield block.events
