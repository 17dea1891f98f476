"""coalition.partners.v1.AuditService over the queries of the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator

from coalition.partners.v1 import audit_pb2 as pb
from coalition.partners.v1.audit_pb2_grpc import AuditServiceServicer

from services.partners.app import Partners
from services.runtime.audit import AuditHead, AuditRow
from services.runtime.principal import acting


class AuditServicer(AuditServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def ReadAudit(
        self, request: pb.ReadAuditRequest, context: object
    ) -> AsyncIterator[pb.ReadAuditResponse]:
        """See the contract."""
        blocks = self._app.audit.read(acting(), request.from_number, request.limit, request.newest)
        async for block in blocks:
            head = _head(block.head) if block.head else None
            yield pb.ReadAuditResponse(rows=map(_row, block.rows), head=head)

    async def CheckAudit(self, request: pb.CheckAuditRequest, context: object) -> pb.CheckAuditResponse:
        """See the contract."""
        found = await self._app.audit.check(acting())
        return pb.CheckAuditResponse(
            head=_head(found.head), rows=found.rows, holds=not found.faults, breaches=found.faults
        )


def _head(head: AuditHead) -> pb.AuditHead:
    return pb.AuditHead(ledger_id=head.ledger_id, number=head.number, hash=head.hash)


def _row(row: AuditRow) -> pb.AuditRow:
    return pb.AuditRow(
        ledger_id=row.ledger_id,
        number=row.number,
        at_us=row.at_us,
        by_kind=row.by_kind,
        by_id=row.by_id,
        by_name=row.by_name,
        what=row.what,
        subject=row.subject,
        before=row.before,
        after=row.after,
        why=row.why,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
