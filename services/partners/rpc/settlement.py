"""coalition.partners.v1.SettlementService over the commands and queries of settlement runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from coalition.partners.v1 import settlement_pb2 as pb
from coalition.partners.v1.settlement_pb2_grpc import SettlementServiceServicer

from services.partners.app import Settlement
from services.partners.bank.reading import BankFileReader
from services.partners.queries.drafts import DraftQueries
from services.partners.queries.settlement.documents import Wanted
from services.partners.rpc import settlement_mapping as mapping
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.fields import read_optional_id
from services.runtime.principal import acting


class SettlementServicer(SettlementServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, settlement: Settlement, drafts: DraftQueries) -> None:
        self._app, self._drafts = settlement, drafts

    async def DraftRun(self, request: pb.DraftRunRequest, context: object) -> pb.DraftRunResponse:
        """See the contract."""
        run, draft = await self._app.draft_run(acting(), request.until_window, request.why)
        return pb.DraftRunResponse(run=mapping.run_message(run), draft=draft_message(draft, self._drafts))

    async def GetRun(self, request: pb.GetRunRequest, context: object) -> pb.GetRunResponse:
        """See the contract."""
        return mapping.run_view(await self._app.runs.get(acting(), request.number))

    async def ListRuns(self, request: pb.ListRunsRequest, context: object) -> pb.ListRunsResponse:
        """See the contract."""
        page = await self._app.runs.list_them(acting(), request.before, request.limit)
        return pb.ListRunsResponse(runs=map(mapping.run_message, page.runs), has_more=page.has_more)

    async def InstructRun(self, request: pb.InstructRunRequest, context: object) -> pb.InstructRunResponse:
        """See the contract."""
        run = await self._app.instruct_run(acting(), request.number)
        view = await self._app.runs.get(acting(), run.number)
        return pb.InstructRunResponse(
            run=mapping.run_message(view.run), files=map(mapping.file_message, view.files)
        )

    async def AbortRun(self, request: pb.AbortRunRequest, context: object) -> pb.AbortRunResponse:
        """See the contract."""
        run = await self._app.abort_run(acting(), request.number, request.why)
        return pb.AbortRunResponse(run=mapping.run_message(run))

    async def CancelPayment(
        self, request: pb.CancelPaymentRequest, context: object
    ) -> pb.CancelPaymentResponse:
        """See the contract."""
        left = await self._app.cancel_payment(acting(), request.end_to_end_id, request.why)
        return pb.CancelPaymentResponse(left_minor=left)

    async def GetBankFile(self, request: pb.GetBankFileRequest, context: object) -> pb.GetBankFileResponse:
        """See the contract."""
        found = await self._app.runs.bank_file(acting(), request.number)
        return pb.GetBankFileResponse(file=mapping.file_message(found), body=found.body)

    async def ReceiveBankMessage(
        self, request_iterator: AsyncIterator[pb.ReceiveBankMessageRequest], context: object
    ) -> pb.ReceiveBankMessageResponse:
        """See the contract."""
        # Read as it comes, so that what is too large or no such file is refused at the first piece that says so.
        body, reader = bytearray(), BankFileReader()
        async for piece in request_iterator:
            await asyncio.to_thread(reader.feed, piece.chunk)
            body += piece.chunk
        received = await self._app.receive_bank_message(
            acting(), bytes(body), await asyncio.to_thread(reader.close)
        )
        return pb.ReceiveBankMessageResponse(
            number=received.message.number,
            kind=received.message.kind,
            known=received.known,
            items=map(mapping.item_message, received.items),
        )

    async def ListBreaks(self, request: pb.ListBreaksRequest, context: object) -> pb.ListBreaksResponse:
        """See the contract."""
        page = await self._app.runs.breaks(
            acting(), request.before, request.limit, with_ended=request.with_ended
        )
        return pb.ListBreaksResponse(breaks=map(mapping.break_message, page.breaks), has_more=page.has_more)

    async def AssignBreak(self, request: pb.AssignBreakRequest, context: object) -> pb.AssignBreakResponse:
        """See the contract."""
        found = await self._app.assign_break(acting(), request.number, request.owner)
        return pb.AssignBreakResponse(bank_break=mapping.break_message(found))

    async def EndBreak(self, request: pb.EndBreakRequest, context: object) -> pb.EndBreakResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.end_break(acting(), request.number, request.how, partner_id, request.why)
        return pb.EndBreakResponse(bank_break=mapping.break_message(found))

    async def ListDocuments(
        self, request: pb.ListDocumentsRequest, context: object
    ) -> pb.ListDocumentsResponse:
        """See the contract."""
        wanted = Wanted(
            read_optional_id(request.partner_id, "partner_id"),
            request.run_number,
            read_optional_id(request.before, "before"),
            read_optional_id(request.after, "after"),
            request.limit,
        )
        page = await self._app.documents.list_them(acting(), wanted)
        return pb.ListDocumentsResponse(
            documents=map(mapping.document_message, page.documents), has_more=page.has_more
        )

    async def GetDocument(self, request: pb.GetDocumentRequest, context: object) -> pb.GetDocumentResponse:
        """See the contract."""
        found = await self._app.documents.get(acting(), request.number, mapping.format_from(request.format))
        return pb.GetDocumentResponse(
            document=mapping.document_message(found.issued),
            file_name=found.name,
            media_type=found.media_type,
            body=found.body,
        )

    async def GetAccounts(self, request: pb.GetAccountsRequest, context: object) -> pb.GetAccountsResponse:
        """See the contract."""
        found = await self._app.accounts.balances(acting())
        bank = await self._app.accounts.at_bank(acting())
        return pb.GetAccountsResponse(
            accounts=map(mapping.balance_message, found),
            bank=map(mapping.position_message, bank.positions),
            coming_minor=bank.coming_minor,
            going_minor=bank.going_minor,
        )

    async def TraceAccount(self, request: pb.TraceAccountRequest, context: object) -> pb.TraceAccountResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        page = await self._app.accounts.trace(
            acting(), request.account, partner_id, request.after, request.limit
        )
        return pb.TraceAccountResponse(
            journals=[mapping.journal_message(each, page.names) for each in page.journals],
            has_more=page.has_more,
        )
