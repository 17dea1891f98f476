"""OperationsService over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from coalition.points.v1 import operations_pb2 as pb
from coalition.points.v1.operations_pb2_grpc import OperationsServiceServicer

from services.points.app import Points
from services.points.domain.operations import Figures, Operation, OperationKind
from services.runtime.boundary import CallContext
from services.runtime.errors import InvalidRequest, PermissionDenied
from services.runtime.principal import Kind, acting

_SCOPE: Final = "statements:read"
_KINDS: Final = {kind: pb.OperationKind.Value(f"OPERATION_KIND_{kind.name}") for kind in OperationKind}
_OF_WIRE: Final = {wire: kind for kind, wire in _KINDS.items()}


class OperationsServicer(OperationsServiceServicer):
    """Maps each RPC to one command or query."""

    def __init__(self, application: Points) -> None:
        self._app = application

    async def FindSpan(self, request: pb.FindSpanRequest, context: CallContext) -> pb.FindSpanResponse:
        """Finds a stretch of the journal."""
        principal = acting()
        # Each boundary is kept, so that not everybody may make one up.
        if principal.kind is not Kind.SERVICE or principal.issuer != "gateway":
            raise PermissionDenied("this is for the gateway", needed="gateway")
        span = await self._app.find_span(principal.in_programme(), request.starts_at_us, request.ends_at_us)
        return pb.FindSpanResponse(**span._asdict())

    async def ReadOperations(
        self, request: pb.ReadOperationsRequest, context: CallContext
    ) -> AsyncIterator[pb.ReadOperationsResponse]:
        """Streams operations."""
        ledger_id, partner_id = _reading()
        async for block in self._app.operations.read(
            ledger_id, partner_id, request.first_seq, request.last_seq
        ):
            yield pb.ReadOperationsResponse(operations=map(_message, block))

    async def SumOperations(
        self, request: pb.SumOperationsRequest, context: CallContext
    ) -> pb.SumOperationsResponse:
        """Sums operations."""
        ledger_id, partner_id = _reading()
        totals = await self._app.operations.sums(ledger_id, partner_id, request.first_seq, request.last_seq)
        return pb.SumOperationsResponse(
            totals=[
                pb.OperationTotal(kind=_KINDS[each.kind], count=each.number, figures=_figures(each.figures))
                for each in totals
            ]
        )

    async def FindOperations(
        self, request: pb.FindOperationsRequest, context: CallContext
    ) -> pb.FindOperationsResponse:
        """Finds operations by name."""
        ledger_id, partner_id = _reading()
        asked: dict[OperationKind, list[str]] = {}
        for name in request.names:
            kind = _OF_WIRE.get(name.kind)
            if kind is None:
                raise InvalidRequest("kind: one of those that have a reference", field="names")
            asked.setdefault(kind, []).append(name.reference)
        response = pb.FindOperationsResponse()
        for kind, references in asked.items():
            for each in await self._app.operations.find(ledger_id, partner_id, kind, references):
                response.found.add(
                    name=pb.OperationName(kind=_KINDS[kind], reference=each.reference),
                    transaction_id=each.transaction_id.bytes,
                    recorded_at_us=each.recorded_at_us,
                )
        return response


def _reading() -> tuple[int, UUID]:
    principal = acting()
    partner_id = principal.as_partner()
    principal.require(_SCOPE)
    return principal.in_programme().ledger_id, partner_id


def _figures(figures: Figures) -> pb.OperationFigures:
    return pb.OperationFigures(**figures._asdict())


def _message(operation: Operation) -> pb.Operation:
    receipt = operation.receipt
    return pb.Operation(
        seq=operation.seq,
        transaction_id=operation.transaction_id.bytes,
        kind=_KINDS[operation.kind],
        reference=operation.reference,
        key=operation.key,
        original_reference=operation.original_reference,
        member_id=operation.member_id.bytes,
        figures=_figures(operation.figures),
        held=operation.held,
        store_id=receipt.store_id.bytes if receipt.store_id else b"",
        till=receipt.till,
        business_date=receipt.business_date,
        receipt_number=receipt.number,
        occurred_at_us=operation.occurred_at_us,
        recorded_at_us=operation.recorded_at_us,
    )
