"""The members service, as the ledger needs it: who exists, and who takes part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from uuid import UUID

import grpc.aio
from coalition.members.v1 import members_pb2 as pb
from coalition.members.v1.members_pb2_grpc import MembersServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord

from services.points.domain.accounts import PROGRAMME
from services.runtime import grpc_client
from services.runtime.principal import Programme, Signer


class Standing(Enum):
    """Whether a member takes part."""

    UNKNOWN = pb.MEMBER_STATUS_UNSPECIFIED
    ACTIVE = pb.MEMBER_STATUS_ACTIVE
    CLOSED = pb.MEMBER_STATUS_CLOSED


@dataclass(frozen=True, slots=True)
class Told:
    """What the members service tells of a member: where it stands, and where it may not burn (PROGRAMME: anywhere)."""

    standing: Standing
    barred: tuple[UUID, ...] = ()


class Members(Protocol):
    """What the ledger asks of members."""

    async def standings(self, programme: Programme, members: Sequence[UUID]) -> Mapping[UUID, Told]:
        """The standing of up to 1,000 members. Raises Unavailable."""
        ...


class GrpcMembers:
    """The members service over gRPC, asked as this service itself."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub, self._signer = MembersServiceStub(channel), signer

    async def standings(self, programme: Programme, members: Sequence[UUID]) -> Mapping[UUID, Told]:
        """The standing of up to 1,000 members. Raises Unavailable."""
        request = pb.GetStandingsRequest(member_ids=[member.bytes for member in members])
        answer = await grpc_client.call(self._stub.GetStandings, request, self._signer.own(programme))
        return {UUID(bytes=found.member_id): _told(found) for found in answer.standings}

    async def read_events(
        self, programme: Programme, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of the members' event log from a position on."""
        request = pb.ReadEventsRequest(from_pos=from_pos, limit=limit)
        async for block in grpc_client.stream(self._stub.ReadEvents, request, self._signer.own(programme)):
            yield block.events


def _told(found: pb.Standing) -> Told:
    barred = [UUID(bytes=employer) for employer in found.employers]
    if found.anonymous:
        barred.append(PROGRAMME)
    return Told(Standing(found.status), tuple(barred))
