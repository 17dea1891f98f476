"""coalition.insights.v1.InsightsService over the queries."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from uuid import UUID

from coalition.insights.v1 import insights_pb2 as pb
from coalition.insights.v1.insights_pb2_grpc import InsightsServiceServicer

from services.insights.app import Insights
from services.insights.domain.figures import Became, Party, Scores
from services.insights.domain.periods import CohortUnit, Period, read_day, read_period
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_optional_id
from services.runtime.principal import Principal, acting

_UNITS: Final = {
    pb.COHORT_UNIT_UNSPECIFIED: CohortUnit.MONTH,
    pb.COHORT_UNIT_MONTH: CohortUnit.MONTH,
    pb.COHORT_UNIT_WEEK: CohortUnit.WEEK,
}


class _Wanted(NamedTuple):
    """What every request says, in the order that every query takes it."""

    who: Principal
    period: Period
    partner_id: UUID | None


class InsightsServicer(InsightsServiceServicer):
    """Each method reads its request, counts one figure and writes its answer; the boundary does the rest."""

    def __init__(self, insights: Insights) -> None:
        self._figures = insights.figures

    async def GetRepeat(self, request: pb.GetRepeatRequest, context: object) -> pb.GetRepeatResponse:
        """See the contract."""
        found = await self._figures.repeat(*_wanted(request))
        return pb.GetRepeatResponse(
            rows=[
                pb.RepeatRow(party=_party(each.party), members=each.members, repeaters=each.repeaters)
                for each in found
            ]
        )

    async def GetBasket(self, request: pb.GetBasketRequest, context: object) -> pb.GetBasketResponse:
        """See the contract."""
        found = await self._figures.basket(*_wanted(request))
        return pb.GetBasketResponse(
            currency=acting().in_programme().currency,
            rows=[
                pb.BasketRow(
                    party=_party(each.party),
                    purchases=each.purchases,
                    net_minor=each.net_minor,
                    members=each.members,
                )
                for each in found
            ],
        )

    async def GetCohorts(self, request: pb.GetCohortsRequest, context: object) -> pb.GetCohortsResponse:
        """See the contract."""
        if request.unit not in _UNITS:
            raise InvalidRequest(f"{request.unit} is no unit of cohorts", field="unit")
        found = await self._figures.cohorts(*_wanted(request), _UNITS[request.unit])
        return pb.GetCohortsResponse(
            cohorts=[pb.Cohort(starts_on=each.starts_on.isoformat(), buyers=each.buyers) for each in found]
        )

    async def GetRedemption(
        self, request: pb.GetRedemptionRequest, context: object
    ) -> pb.GetRedemptionResponse:
        """See the contract."""
        found = await self._figures.redemption(*_wanted(request))
        return pb.GetRedemptionResponse(
            rows=[
                pb.RedemptionRow(
                    party=_party(each.party),
                    issued=each.issued,
                    redeemed=each.redeemed,
                    redeemers=each.redeemers,
                )
                for each in found
            ]
        )

    async def GetBreakage(self, request: pb.GetBreakageRequest, context: object) -> pb.GetBreakageResponse:
        """See the contract."""
        found = await self._figures.breakage(*_wanted(request))
        return pb.GetBreakageResponse(
            rows=[
                pb.BreakageRow(
                    month=each.month.isoformat(), age_months=each.age_months, **_became(each.became)
                )
                for each in found
            ]
        )

    async def GetActive(self, request: pb.GetActiveRequest, context: object) -> pb.GetActiveResponse:
        """See the contract."""
        members, found = await self._figures.active(*_wanted(request))
        return pb.GetActiveResponse(
            members=members.members,
            anonymous=members.anonymous,
            rows=[
                pb.ActiveRow(
                    party=_party(each.party),
                    active=each.active,
                    buyers=each.buyers,
                    redeemers=each.redeemers,
                )
                for each in found
            ],
        )

    async def GetRfm(self, request: pb.GetRfmRequest, context: object) -> pb.GetRfmResponse:
        """See the contract."""
        found = await self._figures.rfm(*_wanted(request))
        return pb.GetRfmResponse(
            cells=[
                pb.RfmCell(
                    **_scores(each.scores), members=each.members, days=each.days, net_minor=each.net_minor
                )
                for each in found
            ]
        )

    async def ListRfmMembers(
        self, request: pb.ListRfmMembersRequest, context: object
    ) -> pb.ListRfmMembersResponse:
        """See the contract."""
        after = read_optional_id(request.after_member_id, "after_member_id")
        scores = Scores(request.recency, request.frequency, request.money)
        found, more = await self._figures.rfm_members(*_wanted(request), after, request.limit, scores)
        return pb.ListRfmMembersResponse(
            members=[
                pb.RfmMember(
                    member_id=each.member_id.bytes,
                    **_scores(each.scores),
                    last_day=each.last_day.isoformat(),
                    days=each.days,
                    net_minor=each.net_minor,
                )
                for each in found
            ],
            has_more=more,
        )

    async def GetFlow(self, request: pb.GetFlowRequest, context: object) -> pb.GetFlowResponse:
        """See the contract."""
        found, more = await self._figures.flow(*_wanted(request), request.limit, request.offset)
        return pb.GetFlowResponse(
            cells=[
                pb.FlowCell(issuer=_party(each.issuer), redeemer=_party(each.redeemer), points=each.points)
                for each in found
            ],
            has_more=more,
        )

    async def GetShared(self, request: pb.GetSharedRequest, context: object) -> pb.GetSharedResponse:
        """See the contract."""
        found, more = await self._figures.shared(*_wanted(request), request.limit, request.offset)
        return pb.GetSharedResponse(
            pairs=[
                pb.SharedPair(first=_party(each.first), second=_party(each.second), members=each.members)
                for each in found
            ],
            has_more=more,
        )

    async def GetLiability(self, request: pb.GetLiabilityRequest, context: object) -> pb.GetLiabilityResponse:
        """See the contract."""
        day = read_day(request.day, "day")
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._figures.liability(acting(), Period(day, day), partner_id)
        return pb.GetLiabilityResponse(
            rows=[pb.LiabilityRow(issuer=_party(each.issuer), **_became(each.became)) for each in found]
        )


def _wanted(request: Any) -> _Wanted:
    period = read_period(request.period.first_day, request.period.last_day)
    return _Wanted(acting(), period, read_optional_id(request.partner_id, "partner_id"))


def _party(party: Party) -> pb.Party:
    return pb.Party(partner_id=party.partner_id.bytes if party.partner_id else b"", slug=party.slug)


def _scores(scores: Scores) -> dict[str, int]:
    return {"recency": scores.recency, "frequency": scores.frequency, "money": scores.money}


def _became(became: Became) -> dict[str, int]:
    return {
        "issued": became.issued,
        "reversed": became.reversed,
        "redeemed": became.redeemed,
        "expired": became.expired,
        "taken": became.taken,
        "outstanding": became.outstanding,
    }
