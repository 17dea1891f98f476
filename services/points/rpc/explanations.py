"""ExplanationsService over gRPC."""

from __future__ import annotations

from typing import Final

from coalition.points.v1 import explanations_pb2 as pb
from coalition.points.v1.explanations_pb2_grpc import ExplanationsServiceServicer

from services.points.app import Points
from services.points.domain.explaining import (
    CampaignOutcome,
    ExplainedBurn,
    ExplainedCampaign,
    ExplainedEarn,
    ExplainedLots,
    ExplainedRefund,
    LotAct,
)
from services.points.rpc import mapping
from services.runtime.boundary import CallContext
from services.runtime.fields import read_id
from services.runtime.principal import Kind, acting

_OUTCOMES: Final = {
    each: pb.CampaignOutcome.Value(f"CAMPAIGN_OUTCOME_{each.name}") for each in CampaignOutcome
}
_ACTS: Final = {each: pb.LotAct.Value(f"LOT_ACT_{each.name}") for each in LotAct}


class ExplanationsServicer(ExplanationsServiceServicer):
    """Maps the RPC to its query."""

    def __init__(self, application: Points) -> None:
        self._app = application

    async def Explain(self, request: pb.ExplainRequest, context: CallContext) -> pb.ExplainResponse:
        """Explains a movement."""
        principal = acting()
        if principal.kind is Kind.PARTNER:
            principal.require("points:read")
        found = await self._app.explain(
            principal.in_programme().ledger_id,
            read_id(request.transaction_id, "transaction_id"),
            principal.partner_id,
        )
        return pb.ExplainResponse(
            transaction=mapping.transaction_message(found.transaction),
            earn=_earn(found.earn) if found.earn is not None else None,
            campaigns=map(_campaign, found.campaigns),
            burn=_burn(found.burn) if found.burn is not None else None,
            refund=_refund(found.refund) if found.refund is not None else None,
            lots=map(_lots, found.lots),
        )


def _earn(earn: ExplainedEarn) -> pb.ExplainedEarn:
    return pb.ExplainedEarn(
        amount_minor=earn.amount_minor,
        in_points_minor=earn.in_points_minor,
        money_minor=earn.money_minor,
        rate_points=earn.rate.points,
        rate_per_minor=earn.rate.per_minor,
        points=earn.points,
        dropped=earn.dropped,
    )


def _campaign(explained: ExplainedCampaign) -> pb.ExplainedCampaign:
    terms = explained.version.terms
    return pb.ExplainedCampaign(
        campaign_id=terms.campaign_id.bytes,
        version=explained.version.version,
        name=terms.name,
        **terms.effect._asdict(),
        due=explained.due,
        points=explained.points,
        outcome=_OUTCOMES[explained.outcome],
    )


def _burn(burn: ExplainedBurn) -> pb.ExplainedBurn:
    return pb.ExplainedBurn(
        points=burn.points,
        ratio_points=burn.rule.points,
        ratio_worth_minor=burn.rule.worth_minor,
        worth=mapping.worth_message(burn.worth),
        counted_minor=burn.counted_minor,
        share_percent=burn.rule.share_percent,
    )


def _refund(refund: ExplainedRefund) -> pb.ExplainedRefund:
    sale = refund.sale
    return pb.ExplainedRefund(
        whole=sale.whole,
        in_points_minor=sale.points_minor,
        burned=sale.burned,
        earned=sale.earned,
        bonus=sale.brought - sale.earned,
        tender_order=mapping.tender_order_value(refund.tender_order),
        given=refund.given,
        due=pb.RefundSums(**refund.due._asdict()),
        refunds_before=refund.refunds_before,
        before=pb.RefundSums(**refund.before._asdict()),
    )


def _lots(lots: ExplainedLots) -> pb.ExplainedLots:
    return pb.ExplainedLots(
        act=_ACTS[lots.act],
        own=lots.own,
        point_type=lots.point_type,
        points=lots.points,
        expires_at_us=lots.expires_at_us,
        matures_at_us=lots.matures_at_us,
    )
