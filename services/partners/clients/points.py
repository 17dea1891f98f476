"""The points service, as clearing needs it: programme time, cuts of the journal, and its event log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.points.v1 import points_pb2
from coalition.points.v1.points_pb2_grpc import PointsServiceStub
from coalition.type.v1.event_record_pb2 import EventRecord

from services.runtime.errors import Fault
from services.runtime.grpc_client import call, stream
from services.runtime.principal import Programme, Signer

_CALL_SECONDS: Final = 10.0
# As many as a call for balances may name.
PARTNERS_A_CALL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Head:
    """Where a ledger stands. `now_us`: programme time; `last_pos`: end of its event log; `last_batch_no`: of its chain."""

    now_us: int
    last_seq: int
    last_pos: int
    last_batch_no: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of the ledger's chain. `end_seq`: the last seq up to it; `chain_hash`: of all up to it, 32 bytes."""

    batch_no: int
    end_seq: int
    chain_hash: bytes


@dataclass(frozen=True, slots=True)
class Issuance:
    """Issuance balances of partners (points taken back less points issued), and the seq that they are as of."""

    balances: Mapping[UUID, int]
    as_of_seq: int


class PointsLedger(Protocol):
    """What clearing asks of the ledger. Every method raises Unavailable where it cannot be reached."""

    async def head(self, programme: Programme) -> Head:
        """Programme time, and how far journal and event log go."""
        ...

    async def cut_at(self, programme: Programme, boundary_us: int) -> int:
        """The last seq recorded before a boundary; nothing will be recorded before it any more.

        Idempotent by boundary. Raises CoalitionError with BOUNDARY_IN_FUTURE.
        """
        ...

    async def batch(self, programme: Programme, batch_no: int) -> Batch:
        """A batch of the chain. Raises Fault where there is none of this number."""
        ...

    async def issuance(self, programme: Programme, partner_ids: Sequence[UUID]) -> Issuance:
        """The issuance balances of up to 1,000 partners, one that never issued at 0."""
        ...

    async def set_floor(
        self, programme: Programme, partner_id: UUID, floor: int | None, basis_seq: int, *, parks: bool
    ) -> None:
        """Sets how far a partner's issuance balance may fall; one that rests on less than the one in force changes nothing.

        `parks`: an earn beyond it is parked, not refused.
        """
        ...

    def read_events(self, programme: str, from_pos: int, limit: int) -> AsyncIterator[Sequence[EventRecord]]:
        """Blocks of events from a position on, in order; `limit` 0: to the end."""
        ...


class GrpcPointsLedger:
    """The points service over gRPC, called as this service itself."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        signer: Signer,
        programme_of: Callable[[str], Awaitable[Programme]],
    ) -> None:
        self._stub = PointsServiceStub(channel)
        self._signer, self._programme_of = signer, programme_of

    async def head(self, programme: Programme) -> Head:
        """See PointsLedger."""
        answer: points_pb2.GetHeadResponse = await call(
            self._stub.GetHead, points_pb2.GetHeadRequest(), self._signer.own(programme), _CALL_SECONDS
        )
        return Head(answer.now_us, answer.last_seq, answer.last_pos, answer.last_batch_no)

    async def cut_at(self, programme: Programme, boundary_us: int) -> int:
        """See PointsLedger."""
        answer: points_pb2.CutAtResponse = await call(
            self._stub.CutAt,
            points_pb2.CutAtRequest(boundary_us=boundary_us),
            self._signer.own(programme),
            _CALL_SECONDS,
        )
        return answer.last_seq

    async def batch(self, programme: Programme, batch_no: int) -> Batch:
        """See PointsLedger."""
        request = points_pb2.ReadBatchesRequest(from_batch_no=batch_no, limit=1)
        answers: AsyncIterator[points_pb2.ReadBatchesResponse] = stream(
            self._stub.ReadBatches, request, self._signer.own(programme), _CALL_SECONDS
        )
        async for answer in answers:
            for found in answer.batches:
                return Batch(found.batch_no, found.first_seq + found.postings - 1, found.chain_hash)
        raise Fault(f"the ledger of {programme.slug} has no batch {batch_no}")

    async def issuance(self, programme: Programme, partner_ids: Sequence[UUID]) -> Issuance:
        """See PointsLedger."""
        answer: points_pb2.ListFloorsResponse = await call(
            self._stub.ListFloors,
            points_pb2.ListFloorsRequest(partner_ids=[each.bytes for each in partner_ids]),
            self._signer.own(programme),
            _CALL_SECONDS,
        )
        balances = (each.balance for each in answer.floors)
        return Issuance(dict(zip(partner_ids, balances, strict=True)), answer.as_of_seq)

    async def set_floor(
        self, programme: Programme, partner_id: UUID, floor: int | None, basis_seq: int, *, parks: bool
    ) -> None:
        """See PointsLedger."""
        wanted = points_pb2.Floor(partner_id=partner_id.bytes, floor=floor, basis_seq=basis_seq, parks=parks)
        await call(
            self._stub.SetFloor,
            points_pb2.SetFloorRequest(floor=wanted),
            self._signer.own(programme),
            _CALL_SECONDS,
        )

    async def read_events(
        self, programme: str, from_pos: int, limit: int
    ) -> AsyncIterator[Sequence[EventRecord]]:
        """See PointsLedger."""
        request = points_pb2.ReadEventsRequest(from_pos=from_pos, limit=limit)
        principal = self._signer.own(await self._programme_of(programme))
        answers: AsyncIterator[points_pb2.ReadEventsResponse] = stream(
            self._stub.ReadEvents, request, principal
        )
        async for answer in answers:
            yield answer.events
