"""The points service as the books of a partner see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple, Protocol

import grpc.aio
from coalition.points.v1 import operations_pb2 as pb
from coalition.points.v1 import operations_pb2_grpc, points_pb2, points_pb2_grpc

from services.gateway.clients.calls import ask, uuid_of
from services.gateway.domain.reconciliation.operations import (
    Figures,
    FoundOperation,
    Operation,
    OperationKind,
    Total,
)
from services.runtime.grpc_client import stream
from services.runtime.ids import from_bytes
from services.runtime.principal import Programme, Signer

NAMES_MAX: Final = 500
# A day of a large partner over a slow line takes its time.
_STREAM_SECONDS: Final = 600.0
_SUM_SECONDS: Final = 60.0
_WIRE: Final = {kind: pb.OperationKind.Value(f"OPERATION_KIND_{kind.name}") for kind in OperationKind}
_KINDS: Final = {wire: kind for kind, wire in _WIRE.items()}


class Stretch(NamedTuple):
    """A stretch of the journal, both ends included; `closed`: it never changes any more."""

    first_seq: int
    last_seq: int
    closed: bool


class Operations(Protocol):
    """What the gateway asks about a partner's operations; all raise CoalitionError."""

    async def now_us(self, programme: Programme) -> int:
        """Programme time."""
        ...

    async def stretch(self, programme: Programme, starts_at_us: int, ends_at_us: int) -> Stretch:
        """What was recorded between two programme times. Raises Refused (BOUNDARY_IN_FUTURE)."""
        ...

    def read(self, token: bytes, first_seq: int, last_seq: int) -> AsyncIterator[Sequence[Operation]]:
        """The caller's operations of a stretch, in blocks, in order."""
        ...

    async def totals(self, token: bytes, first_seq: int, last_seq: int) -> list[Total]:
        """The caller's operations of a stretch, summed by kind."""
        ...

    async def find(self, token: bytes, names: Sequence[tuple[OperationKind, str]]) -> list[FoundOperation]:
        """Those of the caller's that there are, by kind and reference (of a reversal its key); up to 500 names."""
        ...


class GrpcOperations:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub = operations_pb2_grpc.OperationsServiceStub(channel)
        self._points = points_pb2_grpc.PointsServiceStub(channel)
        self._signer = signer

    async def now_us(self, programme: Programme) -> int:
        """As Operations.now_us."""
        request, token = points_pb2.GetHeadRequest(), self._signer.own(programme)
        response: points_pb2.GetHeadResponse = await ask(self._points.GetHead, request, token)
        return response.now_us

    async def stretch(self, programme: Programme, starts_at_us: int, ends_at_us: int) -> Stretch:
        """As Operations.stretch."""
        request = pb.FindSpanRequest(starts_at_us=starts_at_us, ends_at_us=ends_at_us)
        response: pb.FindSpanResponse = await ask(self._stub.FindSpan, request, self._signer.own(programme))
        return Stretch(response.first_seq, response.last_seq, response.closed)

    async def read(self, token: bytes, first_seq: int, last_seq: int) -> AsyncIterator[Sequence[Operation]]:
        """As Operations.read."""
        request = pb.ReadOperationsRequest(first_seq=first_seq, last_seq=last_seq)
        blocks: AsyncIterator[pb.ReadOperationsResponse] = stream(
            self._stub.ReadOperations, request, token, _STREAM_SECONDS
        )
        async for block in blocks:
            # A kind that a newer service adds has no words here yet.
            yield [_operation_of(each) for each in block.operations if each.kind in _KINDS]

    async def totals(self, token: bytes, first_seq: int, last_seq: int) -> list[Total]:
        """As Operations.totals."""
        request = pb.SumOperationsRequest(first_seq=first_seq, last_seq=last_seq)
        response: pb.SumOperationsResponse = await ask(self._stub.SumOperations, request, token, _SUM_SECONDS)
        return [
            Total(_KINDS[each.kind], each.count, _figures_of(each.figures))
            for each in response.totals
            if each.kind in _KINDS
        ]

    async def find(self, token: bytes, names: Sequence[tuple[OperationKind, str]]) -> list[FoundOperation]:
        """As Operations.find."""
        asked = [pb.OperationName(kind=_WIRE[kind], reference=reference) for kind, reference in names]
        request = pb.FindOperationsRequest(names=asked)
        response: pb.FindOperationsResponse = await ask(self._stub.FindOperations, request, token)
        return [
            FoundOperation(
                _KINDS[each.name.kind],
                each.name.reference,
                from_bytes(each.transaction_id),
                each.recorded_at_us,
            )
            for each in response.found
        ]


def _figures_of(message: pb.OperationFigures) -> Figures:
    return Figures(
        message.issued,
        message.reversed,
        message.burned,
        message.returned,
        message.bonus_issued,
        message.bonus_reversed,
        message.amount_minor,
    )


def _operation_of(message: pb.Operation) -> Operation:
    return Operation(
        message.seq,
        from_bytes(message.transaction_id),
        _KINDS[message.kind],
        message.reference,
        message.key,
        message.original_reference,
        from_bytes(message.member_id),
        _figures_of(message.figures),
        message.held,
        uuid_of(message.store_id),
        message.till,
        message.business_date,
        message.receipt_number,
        message.occurred_at_us,
        message.recorded_at_us,
    )
