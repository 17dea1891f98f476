"""coalition.partners.v1.ApprovalsService over the commands and queries of drafts."""

from __future__ import annotations

from coalition.partners.v1 import approvals_pb2 as pb
from coalition.partners.v1.approvals_pb2_grpc import ApprovalsServiceServicer

from services.partners.app import Partners
from services.partners.domain.drafts import Draft
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting


class ApprovalsServicer(ApprovalsServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def ListDrafts(self, request: pb.ListDraftsRequest, context: object) -> pb.ListDraftsResponse:
        """See the contract."""
        before = read_optional_id(request.before_id, "before_id")
        page = await self._app.draft_queries.listed(
            acting(), only_open=request.open, limit=request.limit, before=before
        )
        return pb.ListDraftsResponse(drafts=map(self._message, page.drafts), has_more=page.has_more)

    async def GetDraft(self, request: pb.GetDraftRequest, context: object) -> pb.GetDraftResponse:
        """See the contract."""
        found = await self._app.draft_queries.get(acting(), read_id(request.draft_id, "draft_id"))
        return pb.GetDraftResponse(draft=self._message(found))

    async def ApproveDraft(self, request: pb.ApproveDraftRequest, context: object) -> pb.ApproveDraftResponse:
        """See the contract."""
        draft_id = read_id(request.draft_id, "draft_id")
        decided = await self._app.drafts.approve(acting(), draft_id, request.sha256, request.why)
        return pb.ApproveDraftResponse(draft=self._message(decided))

    async def RejectDraft(self, request: pb.RejectDraftRequest, context: object) -> pb.RejectDraftResponse:
        """See the contract."""
        decided = await self._app.drafts.reject(acting(), read_id(request.draft_id, "draft_id"), request.why)
        return pb.RejectDraftResponse(draft=self._message(decided))

    async def WithdrawDraft(
        self, request: pb.WithdrawDraftRequest, context: object
    ) -> pb.WithdrawDraftResponse:
        """See the contract."""
        decided = await self._app.drafts.withdraw(
            acting(), read_id(request.draft_id, "draft_id"), request.why
        )
        return pb.WithdrawDraftResponse(draft=self._message(decided))

    def _message(self, draft: Draft) -> pb.Draft:
        return draft_message(draft, self._app.draft_queries)
