"""The part of PointsService that is about campaigns."""

from __future__ import annotations

from typing import Final

from coalition.points.v1 import points_pb2 as pb

from services.points.app import Points
from services.points.domain.accounts import PROGRAMME
from services.points.domain.campaigns import CampaignTerms, Effect, Funder, Standing
from services.points.domain.wallet_movements import Load
from services.points.rpc import mapping
from services.points.rpc.deadlines import deadline_us
from services.points.rpc.movements import MovementReader
from services.points.rpc.reading import KEY_CHARACTERS_MAX, POINTS_MAX
from services.points.rpc.wallets import WalletsServicer
from services.runtime import telemetry
from services.runtime.boundary import CallContext
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

# Who sets campaigns and loads their budgets: the operator's staff for prices.
ROLE: Final = "pricing"


class CampaignsServicer(WalletsServicer):
    """Maps each RPC to one command or query."""

    def __init__(self, application: Points, reader: MovementReader) -> None:
        super().__init__(application, reader)
        self._application, self._hasher = application, reader

    async def SetCampaign(
        self, request: pb.SetCampaignRequest, context: CallContext
    ) -> pb.SetCampaignResponse:
        """Sets a campaign."""
        principal = acting()
        principal.require_role(ROLE)
        found = await self._application.set_campaign(
            principal.in_programme(), _terms(request.campaign), principal.actor, create=request.create
        )
        return pb.SetCampaignResponse(campaign=_message(found))

    async def LoadBudget(self, request: pb.LoadBudgetRequest, context: CallContext) -> pb.LoadBudgetResponse:
        """Loads a budget."""
        principal, deadline = acting(), deadline_us(context)
        principal.require_role(ROLE)
        if not 1 <= len(request.key) <= KEY_CHARACTERS_MAX or not request.key.isprintable():
            raise InvalidRequest(f"key: 1 to {KEY_CHARACTERS_MAX} visible characters", field="key")
        if not 1 <= request.points <= POINTS_MAX:
            raise InvalidRequest(f"points: 1 to {POINTS_MAX}", field="points")
        campaign_id = read_id(request.campaign_id, "campaign_id")
        content = pb.LoadBudgetRequest(campaign_id=request.campaign_id, points=request.points)
        asked = Load(
            request.key, campaign_id, self._hasher.content_hash(b"load", content), request.points, principal.actor,
            telemetry.current_traceparent(), deadline,
        )  # fmt: skip
        answer, standing = await self._application.load_budget(principal.in_programme(), asked, deadline)
        return pb.LoadBudgetResponse(result=mapping.result_message(answer), campaign=_message(standing))

    async def ListCampaigns(
        self, request: pb.ListCampaignsRequest, context: CallContext
    ) -> pb.ListCampaignsResponse:
        """Lists campaigns."""
        principal = acting()
        principal.require_internal()
        found, has_more = await self._application.reads.campaigns(
            principal.in_programme().ledger_id, request.after_no, request.limit
        )
        return pb.ListCampaignsResponse(campaigns=[_message(each) for each in found], has_more=has_more)


def _terms(asked: pb.Campaign) -> CampaignTerms:
    """The terms that are asked for. Raises InvalidRequest for an id that is none."""
    funders = [
        Funder(read_optional_id(funder.partner_id, "funders") or PROGRAMME, funder.percent)
        for funder in asked.funders
    ]
    return CampaignTerms(
        read_id(asked.campaign_id, "campaign_id"),
        asked.name,
        Effect(asked.multiplier_percent, asked.fixed_points, asked.min_amount_minor),
        asked.valid_from_us,
        asked.valid_to_us,
        frozenset(read_id(partner_id, "partner_ids") for partner_id in asked.partner_ids),
        tuple(sorted(funders)),
    )


def _message(standing: Standing) -> pb.StandingCampaign:
    newest = standing.newest
    terms, effect = newest.terms, newest.terms.effect
    campaign = pb.Campaign(
        campaign_id=terms.campaign_id.bytes,
        name=terms.name,
        min_amount_minor=effect.min_amount_minor,
        valid_from_us=terms.valid_from_us,
        valid_to_us=terms.valid_to_us,
        partner_ids=[partner_id.bytes for partner_id in sorted(terms.partners)],
        funders=[
            pb.Funder(
                partner_id=b"" if funder.partner_id == PROGRAMME else funder.partner_id.bytes,
                percent=funder.percent,
            )
            for funder in terms.funders
        ],
    )
    if effect.fixed_points:
        campaign.fixed_points = effect.fixed_points
    else:
        campaign.multiplier_percent = effect.multiplier_percent
    return pb.StandingCampaign(
        campaign=campaign,
        version=newest.version,
        no=newest.no,
        set_by=newest.set_by,
        loaded=standing.loaded,
        granted=standing.granted,
        taken_back=standing.taken_back,
        left=standing.left,
    )
