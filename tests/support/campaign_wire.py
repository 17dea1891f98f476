"""Campaigns of a running points service, as a test sets, loads and lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from coalition.points.v1 import points_pb2 as pb

from services.runtime import grpc_client
from services.runtime.ids import new_id
from tests.support.points import PointsHouse


def terms(campaign_id: UUID, **changes: Any) -> pb.Campaign:
    """Terms of a campaign that gives three times the base points of any sale, at the operator's cost."""
    facts: dict[str, Any] = {
        "campaign_id": campaign_id.bytes,
        "name": "Triple points",
        "valid_from_us": 1,
        "funders": [pb.Funder(percent=100)],
        **({} if "fixed_points" in changes else {"multiplier_percent": 300}),
        **changes,
    }
    return pb.Campaign(**facts)


async def set_campaign(
    house: PointsHouse, campaign_id: UUID | None = None, *, token: bytes = b"", **changes: Any
) -> pb.StandingCampaign:
    """Sets a new campaign, or the next version of one."""
    campaign = terms(campaign_id or new_id(), **changes)
    request = pb.SetCampaignRequest(campaign=campaign, create=campaign_id is None)
    answer = await grpc_client.call(house.stub.SetCampaign, request, token or house.staff)
    return answer.campaign


async def load_budget(
    house: PointsHouse, campaign: bytes, points: int, key: str = "", *, token: bytes = b""
) -> pb.LoadBudgetResponse:
    """Loads a budget."""
    request = pb.LoadBudgetRequest(key=key or str(new_id()), campaign_id=campaign, points=points)
    return await grpc_client.call(house.stub.LoadBudget, request, token or house.staff)


async def promote(house: PointsHouse, points: int, **changes: Any) -> bytes:
    """A new campaign with so much to give; answers its id."""
    campaign_id = (await set_campaign(house, **changes)).campaign.campaign_id
    await load_budget(house, campaign_id, points)
    return campaign_id


async def campaigns(house: PointsHouse, **wanted: Any) -> Sequence[pb.StandingCampaign]:
    """The campaigns in the order of their creation."""
    answer = await house.as_staff(house.stub.ListCampaigns, pb.ListCampaignsRequest(**wanted))
    return list(answer.campaigns)


async def budget(house: PointsHouse, campaign: bytes) -> tuple[int, int, int, int]:
    """What a campaign was loaded with, granted, took back, and has left."""
    (found,) = [each for each in await campaigns(house, limit=100) if each.campaign.campaign_id == campaign]
    return found.loaded, found.granted, found.taken_back, found.left
