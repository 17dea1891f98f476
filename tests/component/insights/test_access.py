"""Who may see which figures, and what a request has to be."""

from __future__ import annotations

from typing import Any

import pytest

from services.runtime.errors import InvalidRequest, NotFound, PermissionDenied
from tests.support.insights import InsightsHouse
from tests.support.insights_world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAYS: dict[str, Any] = {"period": {"first_day": "2026-01-01", "last_day": "2026-12-31"}}
FIGURES: dict[str, dict[str, Any]] = {
    "GetRepeat": DAYS,
    "GetBasket": DAYS,
    "GetCohorts": DAYS,
    "GetRedemption": DAYS,
    "GetBreakage": DAYS,
    "GetActive": DAYS,
    "GetRfm": DAYS,
    "ListRfmMembers": DAYS,
    "GetFlow": DAYS,
    "GetLiability": {"day": "2026-12-31"},
}


@pytest.fixture(scope="module")
async def world(house: InsightsHouse) -> World:
    return await house.told(house.begin(21).live(days=60, acts=150))


@pytest.mark.parametrize("method", FIGURES)
async def test_a_partner_is_answered_about_itself_and_nobody_else(
    house: InsightsHouse, world: World, method: str
) -> None:
    own, other = world.partners[0], world.partners[1]
    key = house.as_partner(world, own, "statements:read")
    unnamed = await house.ask(world, method, key, **FIGURES[method])
    named = await house.ask(world, method, key, partner_id=own.bytes, **FIGURES[method])
    by_host = await house.ask(world, method, partner_id=own.bytes, **FIGURES[method])
    assert unnamed == named == by_host
    assert by_host != await house.ask(world, method, **FIGURES[method])
    with pytest.raises(NotFound, match="no such partner"):
        await house.ask(world, method, key, partner_id=other.bytes, **FIGURES[method])
    with pytest.raises(PermissionDenied, match="statements:read"):
        await house.ask(world, method, house.as_partner(world, own, "points:earn"), **FIGURES[method])


@pytest.mark.parametrize("role", ["admin", "pricing", "auditor"])
async def test_staff_sees_all_figures_but_single_members_with_a_role_for_it(
    house: InsightsHouse, world: World, role: str
) -> None:
    staff = house.as_staff(world, role)
    for method in (*FIGURES, "GetShared"):
        if method == "ListRfmMembers" and role == "pricing":
            with pytest.raises(PermissionDenied):
                await house.ask(world, method, staff, **DAYS)
        else:
            wanted = FIGURES.get(method, DAYS)
            assert await house.ask(world, method, staff, **wanted) == await house.ask(world, method, **wanted)


async def test_how_many_members_a_partner_shares_is_for_staff(house: InsightsHouse, world: World) -> None:
    with pytest.raises(PermissionDenied):
        await house.ask(
            world, "GetShared", house.as_partner(world, world.partners[0], "statements:read"), **DAYS
        )


@pytest.mark.parametrize(
    ("method", "request_", "words"),
    [
        ("GetRepeat", {}, "period.first_day is to be a day such as 2026-03-31, not ''"),
        ("GetRepeat", {"period": {"first_day": "20260101", "last_day": "2026-01-02"}}, "not '20260101'"),
        ("GetBasket", {"period": {"first_day": "2026-01-01", "last_day": "2026-02-30"}}, "period.last_day"),
        ("GetBasket", {"period": {"first_day": "2026-01-02", "last_day": "2026-01-01"}}, "and not 0"),
        ("GetActive", {"period": {"first_day": "2000-01-01", "last_day": "2026-01-01"}}, "1 to 3,660 days"),
        ("GetActive", {**DAYS, "partner_id": b"short"}, "16 bytes"),
        ("GetCohorts", {**DAYS, "unit": 9}, "no unit"),
        ("GetFlow", {**DAYS, "limit": 1_001}, "limit: 1 to 1,000"),
        ("GetFlow", {**DAYS, "offset": -1}, "offset: 0 to 1,000,000"),
        ("GetShared", {**DAYS, "limit": -1}, "limit"),
        ("ListRfmMembers", {**DAYS, "recency": 6}, "recency: 1 to 5"),
        ("ListRfmMembers", {**DAYS, "after_member_id": b"x"}, "after_member_id"),
        ("GetLiability", {"day": "31.12.2026"}, "day is to be"),
    ],
)
async def test_a_request_that_makes_no_sense_says_what_is_wrong(
    house: InsightsHouse, world: World, method: str, request_: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await house.ask(world, method, **request_)
    assert words in str(refused.value)


async def test_a_programme_of_which_nothing_was_told_has_figures_of_nothing(house: InsightsHouse) -> None:
    world = house.begin(22)
    basket = await house.ask(world, "GetBasket", **DAYS)
    assert [(row.party.slug, row.purchases, row.net_minor) for row in basket.rows] == [("all", 0, 0)]
    assert not (await house.ask(world, "GetRepeat", **DAYS)).rows
    assert not (await house.ask(world, "GetCohorts", **DAYS)).cohorts
    assert (await house.ask(world, "GetActive", **DAYS)).members == 0
