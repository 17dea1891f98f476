"""The books of partners as the gateway meets them: real gRPC, operations as a test says, and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

from coalition.points.v1 import operations_pb2 as pb
from coalition.points.v1 import operations_pb2_grpc, points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import Refused
from services.runtime.ids import new_id
from services.runtime.principal import Kind, acting

DAY_US: Final = 86_400_000_000
# Midnight in Berlin at the start of 2026-03-14.
DAY_START_US: Final = 1_773_442_800_000_000
_BLOCK: Final = 3


class OperationsBook(operations_pb2_grpc.OperationsServiceServicer):
    """What was recorded, by partner. `now_us` is programme time."""

    def __init__(self) -> None:
        self.books: dict[UUID, list[pb.Operation]] = {}
        self.seq = 0
        self.now_us = DAY_START_US + DAY_US + 1
        self.reads = 0

    def record(
        self,
        partner: UUID,
        kind: str,
        reference: str,
        at_us: int = DAY_START_US,
        key: str = "",
        **figures: int,
    ) -> pb.Operation:
        """Records an operation at a programme time."""
        self.seq += 1
        operation = pb.Operation(
            seq=self.seq,
            transaction_id=new_id().bytes,
            kind=pb.OperationKind.Value(f"OPERATION_KIND_{kind.upper()}"),
            reference=reference,
            key=key or f"k:{reference}",
            member_id=new_id().bytes,
            figures=pb.OperationFigures(**figures),
            occurred_at_us=at_us,
            recorded_at_us=at_us,
        )
        self.books.setdefault(partner, []).append(operation)
        return operation

    def _mine(self, first_seq: int = 1, last_seq: int = 2**62) -> Sequence[pb.Operation]:
        acting().require("statements:read")
        found = self.books.get(acting().as_partner(), [])
        return [each for each in found if first_seq <= each.seq <= last_seq]

    def _before(self, time_us: int) -> int:
        return max(
            (each.seq for book in self.books.values() for each in book if each.recorded_at_us < time_us),
            default=0,
        )

    async def FindSpan(self, request: pb.FindSpanRequest, context: Any) -> pb.FindSpanResponse:
        assert acting().kind is Kind.SERVICE
        if request.starts_at_us > self.now_us:
            raise Refused(Reason.REASON_BOUNDARY_IN_FUTURE, "not yet")
        closed = request.ends_at_us <= self.now_us
        return pb.FindSpanResponse(
            first_seq=self._before(request.starts_at_us) + 1,
            last_seq=self._before(request.ends_at_us),
            closed=closed,
        )

    async def ReadOperations(
        self, request: pb.ReadOperationsRequest, context: Any
    ) -> AsyncIterator[pb.ReadOperationsResponse]:
        self.reads += 1
        found = self._mine(request.first_seq, request.last_seq)
        for start in range(0, len(found), _BLOCK):
            yield pb.ReadOperationsResponse(operations=found[start : start + _BLOCK])

    async def SumOperations(self, request: pb.SumOperationsRequest, context: Any) -> pb.SumOperationsResponse:
        self.reads += 1
        totals: dict[int, pb.OperationTotal] = {}
        for each in self._mine(request.first_seq, request.last_seq):
            total = totals.setdefault(each.kind, pb.OperationTotal(kind=each.kind))
            total.count += 1
            for field in pb.OperationFigures.DESCRIPTOR.fields:
                figure = getattr(total.figures, field.name) + getattr(each.figures, field.name)
                setattr(total.figures, field.name, figure)
        return pb.SumOperationsResponse(totals=[totals[kind] for kind in sorted(totals)])

    async def FindOperations(
        self, request: pb.FindOperationsRequest, context: Any
    ) -> pb.FindOperationsResponse:
        assert 1 <= len(request.names) <= 500
        asked = {(name.kind, name.reference) for name in request.names}
        return pb.FindOperationsResponse(
            found=[
                pb.FoundOperation(
                    name=pb.OperationName(kind=each.kind, reference=each.reference),
                    transaction_id=each.transaction_id,
                    recorded_at_us=each.recorded_at_us,
                )
                for each in self._mine()
                if (each.kind, each.reference) in asked
            ]
        )

    def head(self) -> points_pb2.GetHeadResponse:
        """What GetHead says."""
        return points_pb2.GetHeadResponse(now_us=self.now_us, last_seq=self.seq)
