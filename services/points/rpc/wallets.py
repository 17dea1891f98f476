"""The part of PointsService that is about adjustments and limits."""

from __future__ import annotations

from typing import Final

from coalition.points.v1 import movement_pb2
from coalition.points.v1 import points_pb2 as pb
from coalition.points.v1.points_pb2_grpc import PointsServiceServicer

from services.points.app import Points
from services.points.domain.answers import TurnedAway
from services.points.domain.proposals import Proposal, ProposalState
from services.points.domain.terms import Limits
from services.points.domain.wallet_movements import Adjustment
from services.points.rpc import mapping
from services.points.rpc.deadlines import deadline_us
from services.points.rpc.movements import MovementReader
from services.points.rpc.wallet_movements import REASONS
from services.runtime.boundary import CallContext
from services.runtime.errors import Fault
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_STATES: Final = {
    ProposalState.OPEN: pb.PROPOSAL_STATE_OPEN,
    ProposalState.APPROVED: pb.PROPOSAL_STATE_APPROVED,
    ProposalState.POSTED: pb.PROPOSAL_STATE_POSTED,
    ProposalState.REJECTED: pb.PROPOSAL_STATE_REJECTED,
}


class WalletsServicer(PointsServiceServicer):
    """Maps each RPC to one command or query."""

    def __init__(self, application: Points, reader: MovementReader) -> None:
        self._points, self._movements = application, reader

    async def ProposeAdjustment(
        self, request: pb.ProposeAdjustmentRequest, context: CallContext
    ) -> pb.ProposeAdjustmentResponse:
        """Posts or proposes an adjustment."""
        principal, deadline = acting(), deadline_us(context)
        principal.require_role("maker")
        programme = principal.in_programme()
        item = movement_pb2.Item(key=request.key, adjustment=request.adjustment)
        asked = self._movements.read(item, principal, programme.currency, deadline)
        if not isinstance(asked, Adjustment | TurnedAway):
            raise Fault
        answer, proposal = await self._points.adjustments.propose(programme, asked, deadline)
        return pb.ProposeAdjustmentResponse(
            result=mapping.result_message(answer) if answer is not None else None,
            proposal=_message(proposal) if proposal is not None else None,
        )

    async def ApproveAdjustment(
        self, request: pb.ApproveAdjustmentRequest, context: CallContext
    ) -> pb.ApproveAdjustmentResponse:
        """Approves an adjustment."""
        principal = acting()
        proposal_id = read_id(request.proposal_id, "proposal_id")
        answer = await self._points.adjustments.approve(
            principal.in_programme(), principal, proposal_id, request.content_hash, deadline_us(context)
        )
        return pb.ApproveAdjustmentResponse(result=mapping.result_message(answer))

    async def RejectAdjustment(
        self, request: pb.RejectAdjustmentRequest, context: CallContext
    ) -> pb.RejectAdjustmentResponse:
        """Rejects an adjustment."""
        principal = acting()
        principal.require_role("checker", "maker")
        proposal_id = read_id(request.proposal_id, "proposal_id")
        found = await self._points.adjustments.reject(principal.in_programme(), principal, proposal_id)
        return pb.RejectAdjustmentResponse(proposal=_message(found))

    async def ListProposals(
        self, request: pb.ListProposalsRequest, context: CallContext
    ) -> pb.ListProposalsResponse:
        """Lists proposed adjustments."""
        principal = acting()
        principal.require_internal()
        before = read_optional_id(request.before_id, "before_id")
        page = await self._points.reads.proposals(
            principal.in_programme().ledger_id, request.open_only, before, request.limit
        )
        return pb.ListProposalsResponse(
            proposals=[_message(each) for each in page.proposals], has_more=page.has_more
        )

    async def SetAdjustmentLimit(
        self, request: pb.SetAdjustmentLimitRequest, context: CallContext
    ) -> pb.SetAdjustmentLimitResponse:
        """Sets the largest adjustment of one person."""
        principal = acting()
        principal.require_role("admin")
        limits = await self._points.set_limits.adjustment(
            principal.in_programme(), request.points, principal.actor
        )
        return pb.SetAdjustmentLimitResponse(limits=_limits(limits))

    async def SetTransferLimits(
        self, request: pb.SetTransferLimitsRequest, context: CallContext
    ) -> pb.SetTransferLimitsResponse:
        """Sets how much members may give each other."""
        principal = acting()
        principal.require_role("pricing")
        limits = await self._points.set_limits.transfer(
            principal.in_programme(), request.points, request.points_a_day, principal.actor
        )
        return pb.SetTransferLimitsResponse(limits=_limits(limits))

    async def GetLimits(self, request: pb.GetLimitsRequest, context: CallContext) -> pb.GetLimitsResponse:
        """Reads the limits."""
        principal = acting()
        principal.require_internal()
        return pb.GetLimitsResponse(
            limits=_limits(await self._points.reads.limits(principal.in_programme().ledger_id))
        )


def _limits(limits: Limits) -> pb.Limits:
    return pb.Limits(
        adjustment_points=limits.adjustment_points,
        transfer_points=limits.transfer_points,
        transfer_points_a_day=limits.transfer_points_a_day,
    )


def _message(proposal: Proposal) -> pb.Proposal:
    asked = proposal.asked
    return pb.Proposal(
        proposal_id=proposal.proposal_id.bytes,
        key=asked.key,
        adjustment=movement_pb2.Adjustment(
            member_id=asked.member_id.bytes,
            points=asked.points,
            reason=REASONS[asked.reason],
            note=asked.note,
        ),
        content_hash=asked.content_hash,
        proposed_by=asked.made_by,
        proposed_at_us=proposal.proposed_at_us,
        state=_STATES[proposal.state],
        decided_by=proposal.decided_by,
        decided_at_us=proposal.decided_at_us,
    )
