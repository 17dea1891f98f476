"""Sales of which nothing was left to pay: refunded in points, so that what came back is no money."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2

from services.runtime.bus import POINTS
from tests.support.insights import InsightsHouse, period
from tests.support.insights_story import Story
from tests.support.insights_world import Lot, earned, lots, redeemed

pytestmark = pytest.mark.asyncio(loop_scope="module")

_BURNED: Final = 1_000


def _given_back(world: Story, sale_id: UUID, burn_seq: int, lot: Lot, points: int) -> None:
    """As the ledger tells it: the points that are back, then the refund of the sale, whose amount is points as well."""
    member, partner = next(iter(world.people)), world.partners[0]
    returned = points_pb2.PointsReturned(
        **world.posting(member, partner), original_seq=burn_seq, points=points, lots=lots([[lot, points]]),
        occurred_at_us=world.now_us,
    )  # fmt: skip
    world.tell(POINTS, "points.returned", returned, returned.seq, member, partner)
    refunded = points_pb2.PointsRefunded(
        **world.posting(member, partner), original_id=sale_id.bytes, amount=points, returned=points,
        occurred_at_us=world.now_us,
    )  # fmt: skip
    world.tell(POINTS, "points.refunded", refunded, refunded.seq, member, partner)


@pytest.mark.parametrize(
    ("given_back", "purchases"), [((), 2), ((300,), 2), ((300, 300), 2), ((300, 700), 1), ((1_000,), 1)]
)
async def test_what_points_paid_for_wholly_is_a_purchase_until_all_of_them_are_back(
    house: InsightsHouse, given_back: tuple[int, ...], purchases: int
) -> None:
    """See docs/partners.md: such a sale has `amount` 0, and is refunded by so many `points`."""
    world = house.begin()
    member, partner = next(iter(world.people)), world.partners[0]
    seq, _ = earned(world, member, partner, 5_000, 2 * _BURNED)
    lot = Lot(seq, partner, world.day(), 2 * _BURNED)
    _, sale_id = earned(world, member, partner, 0, 0)
    burn_seq = redeemed(world, member, partner, [[lot, _BURNED]])
    for points in given_back:
        _given_back(world, sale_id, burn_seq, lot, points)
    await house.told(world)
    day = world.day()
    found = await house.ask(world, "GetBasket", period=period(day, day))
    assert (found.rows[0].purchases, found.rows[0].net_minor) == (purchases, 5_000)
    assert await house.documented("basket", world, day, day) == [(purchases, 5_000, 1)]
