"""Who may pay for what campaigns give."""

from __future__ import annotations

from uuid import UUID

import pytest
from coalition.points.v1.points_pb2 import Funder

from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from tests.support.campaign_wire import load_budget, set_campaign
from tests.support.points import PointsHouse
from tests.support.points_neighbours import STARTS_AT_US

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_US = 86_400_000_000


async def test_only_a_partner_whose_contract_says_so_funds_a_campaign(house: PointsHouse) -> None:
    shop, funder = new_id(), new_id()
    house.neighbours.not_funding.add(shop.bytes)
    half = [Funder(percent=50), Funder(partner_id=shop.bytes, percent=50)]
    with pytest.raises(CoalitionError) as refused:
        await set_campaign(house, funders=half)
    assert refused.value.metadata["field"] == "funders"
    # At whose sales it runs takes no role.
    await set_campaign(
        house, partner_ids=[shop.bytes], funders=[Funder(partner_id=funder.bytes, percent=100)]
    )


async def test_a_campaign_whose_funder_lost_the_role_is_loaded_no_more_and_can_be_ended(
    house: PointsHouse,
) -> None:
    funder = new_id()
    funders = [Funder(partner_id=funder.bytes, percent=100)]
    made = (await set_campaign(house, funders=funders, valid_to_us=STARTS_AT_US + 100 * DAY_US)).campaign
    await load_budget(house, made.campaign_id, 500)
    house.neighbours.not_funding.add(funder.bytes)
    with pytest.raises(CoalitionError) as refused:
        await load_budget(house, made.campaign_id, 500)
    assert refused.value.metadata["field"] == "campaign_id"
    again = await set_campaign(
        house, UUID(bytes=made.campaign_id), funders=funders, valid_to_us=STARTS_AT_US + 2 * DAY_US
    )
    assert again.campaign.valid_to_us == STARTS_AT_US + 2 * DAY_US
    # Nobody else may become one without it.
    other = new_id()
    house.neighbours.not_funding.add(other.bytes)
    with pytest.raises(CoalitionError):
        await set_campaign(
            house, UUID(bytes=made.campaign_id), funders=[Funder(partner_id=other.bytes, percent=100)]
        )
