"""Explanations of the points service."""

from __future__ import annotations

from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.points.v1 import explanations_pb2 as pb
from coalition.points.v1 import points_pb2
from coalition.points.v1.explanations_pb2_grpc import ExplanationsServiceStub

from services.gateway.clients.calls import ask
from services.gateway.clients.points import movement_of, worth_of
from services.gateway.domain.explanations import (
    Burned,
    CampaignOf,
    CampaignOutcome,
    Earned,
    Explanation,
    LotAct,
    Lots,
    Refunded,
    Sums,
    TenderOrder,
)
from services.runtime.ids import from_bytes

_OUTCOMES: Final = {
    pb.CampaignOutcome.Value(f"CAMPAIGN_OUTCOME_{each.name}"): each for each in CampaignOutcome
}
_ACTS: Final = {pb.LotAct.Value(f"LOT_ACT_{each.name}"): each for each in LotAct}
_ORDERS: Final = {points_pb2.TenderOrder.Value(f"TENDER_ORDER_{each.name}"): each for each in TenderOrder}


class Explanations(Protocol):
    """What the gateway asks about why."""

    async def explain(self, token: bytes, transaction_id: UUID) -> Explanation:
        """Why a movement of the caller's came to its points. Raises NotFound."""
        ...


class GrpcExplanations:
    """Asks the real service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ExplanationsServiceStub(channel)

    async def explain(self, token: bytes, transaction_id: UUID) -> Explanation:
        """As Explanations.explain."""
        request = pb.ExplainRequest(transaction_id=transaction_id.bytes)
        response: pb.ExplainResponse = await ask(self._stub.Explain, request, token)
        return Explanation(
            movement_of(response.transaction),
            _earned(response.earn) if response.HasField("earn") else None,
            tuple(map(_campaign, response.campaigns)),
            _burned(response.burn) if response.HasField("burn") else None,
            _refunded(response.refund) if response.HasField("refund") else None,
            tuple(map(_lots, response.lots)),
        )


def _earned(earn: pb.ExplainedEarn) -> Earned:
    return Earned(
        earn.amount_minor, earn.in_points_minor, earn.money_minor, earn.rate_points, earn.rate_per_minor, earn.points,
        earn.dropped,
    )  # fmt: skip


def _campaign(campaign: pb.ExplainedCampaign) -> CampaignOf:
    return CampaignOf(
        from_bytes(campaign.campaign_id), campaign.version, campaign.name, campaign.multiplier_percent,
        campaign.fixed_points, campaign.min_amount_minor, campaign.due, campaign.points, _OUTCOMES[campaign.outcome],
    )  # fmt: skip


def _burned(burn: pb.ExplainedBurn) -> Burned:
    return Burned(
        burn.points, burn.ratio_points, burn.ratio_worth_minor, worth_of(burn.worth),
        burn.counted_minor if burn.HasField("counted_minor") else None, burn.share_percent,
    )  # fmt: skip


def _sums(sums: pb.RefundSums) -> Sums:
    return Sums(sums.returned, sums.taken, sums.money_minor)


def _refunded(refund: pb.ExplainedRefund) -> Refunded:
    return Refunded(
        refund.whole, refund.in_points_minor, refund.burned, refund.earned, refund.bonus, _ORDERS[refund.tender_order],
        refund.given, _sums(refund.due), refund.refunds_before, _sums(refund.before),
    )  # fmt: skip


def _lots(lots: pb.ExplainedLots) -> Lots:
    return Lots(
        _ACTS[lots.act], lots.own, lots.point_type, lots.points, lots.expires_at_us, lots.matures_at_us
    )
