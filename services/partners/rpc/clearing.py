"""coalition.partners.v1.ClearingService over the commands and queries of clearing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from coalition.partners.v1 import clearing_pb2 as pb
from coalition.partners.v1.partners_pb2_grpc import ClearingServiceServicer

from services.partners.app import Partners
from services.partners.queries.statements import Wanted
from services.partners.rpc import clearing_mapping as mapping
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting


class ClearingServicer(ClearingServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def GetClearingStatus(
        self, request: pb.GetClearingStatusRequest, context: object
    ) -> pb.GetClearingStatusResponse:
        """See the contract."""
        return mapping.status_message(await self._app.clearing.status(acting()))

    async def CloseWindows(self, request: pb.CloseWindowsRequest, context: object) -> pb.CloseWindowsResponse:
        """See the contract."""
        if request.until_us < 0:
            raise InvalidRequest("a time is not negative", field="until_us")
        step = mapping.step_from(request.step)
        moved = await self._app.close_windows(acting(), request.until_us, step)
        return pb.CloseWindowsResponse(windows=map(mapping.window_message, moved))

    async def ListWindows(self, request: pb.ListWindowsRequest, context: object) -> pb.ListWindowsResponse:
        """See the contract."""
        page = await self._app.clearing.list_windows(acting(), request.limit, request.before_number)
        return pb.ListWindowsResponse(
            windows=map(mapping.window_message, page.windows), has_more=page.has_more
        )

    async def GetMatrix(self, request: pb.GetMatrixRequest, context: object) -> pb.GetMatrixResponse:
        """See the contract."""
        found = await self._app.clearing.matrix(acting(), request.from_window, request.to_window)
        return pb.GetMatrixResponse(
            cells=map(mapping.cell_message, found.cells), sides=map(mapping.side_message, found.sides)
        )

    async def GetNets(self, request: pb.GetNetsRequest, context: object) -> pb.GetNetsResponse:
        """See the contract."""
        found = await self._app.clearing.nets(acting(), request.from_window, request.to_window)
        return pb.GetNetsResponse(nets=map(mapping.net_message, found))

    async def GetPositions(self, request: pb.GetPositionsRequest, context: object) -> pb.GetPositionsResponse:
        """See the contract."""
        found = await self._app.positions(acting())
        return pb.GetPositionsResponse(
            from_window=found.from_window,
            as_of_seq=found.as_of_seq,
            positions=map(mapping.position_message, found.positions),
        )

    async def ListStatements(
        self, request: pb.ListStatementsRequest, context: object
    ) -> pb.ListStatementsResponse:
        """See the contract."""
        wanted = Wanted(
            read_optional_id(request.partner_id, "partner_id"),
            request.limit,
            request.before_window,
            request.after_window,
        )
        page = await self._app.statements.list_them(acting(), wanted)
        return pb.ListStatementsResponse(
            statements=map(mapping.statement_message, page.statements), has_more=page.has_more
        )

    async def GetStatement(self, request: pb.GetStatementRequest, context: object) -> pb.GetStatementResponse:
        """See the contract."""
        found = await self._app.statements.get(acting(), read_id(request.statement_id, "statement_id"))
        return pb.GetStatementResponse(statement=mapping.statement_message(found))

    async def GetStatementPdf(
        self, request: pb.GetStatementPdfRequest, context: object
    ) -> pb.GetStatementPdfResponse:
        """See the contract."""
        name, body = await self._app.statements.pdf(acting(), read_id(request.statement_id, "statement_id"))
        return pb.GetStatementPdfResponse(file_name=name, body=body)

    async def AcceptStatement(
        self, request: pb.AcceptStatementRequest, context: object
    ) -> pb.AcceptStatementResponse:
        """See the contract."""
        found = await self._app.accept_statement(acting(), read_id(request.statement_id, "statement_id"))
        return pb.AcceptStatementResponse(statement=mapping.statement_message(found))

    async def SetBilling(self, request: pb.SetBillingRequest, context: object) -> pb.SetBillingResponse:
        """See the contract."""
        made = await self._app.set_billing(acting(), mapping.terms_from(request.terms))
        return pb.SetBillingResponse(terms=mapping.billing_message(made))

    async def ListBilling(self, request: pb.ListBillingRequest, context: object) -> pb.ListBillingResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.partners.billing(acting(), partner_id)
        return pb.ListBillingResponse(terms=map(mapping.billing_message, found))

    async def CheckClearing(
        self, request: pb.CheckClearingRequest, context: object
    ) -> pb.CheckClearingResponse:
        """See the contract."""
        findings = await self._app.check_clearing(acting())
        return pb.CheckClearingResponse(findings=map(mapping.finding_message, findings))

    async def GetStatementFile(
        self, request: pb.GetStatementFileRequest, context: object
    ) -> AsyncIterator[pb.GetStatementFileResponse]:
        """See the contract."""
        statement_id = read_id(request.statement_id, "statement_id")
        async with aclosing(self._app.statement_files.read(acting(), statement_id)) as pieces:
            async for piece in pieces:
                yield pb.GetStatementFileResponse(content=piece)

    async def GetProofKey(self, request: pb.GetProofKeyRequest, context: object) -> pb.GetProofKeyResponse:
        """See the contract."""
        found = await self._app.proof_key(acting())
        return pb.GetProofKeyResponse(
            origin=found.origin, verifier_key=found.verifier_key, checkpoint=found.checkpoint
        )
